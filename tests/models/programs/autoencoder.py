"""A denoising autoencoder: encoder, narrow code, decoder, mean squared error."""

import torch
from torch import nn, optim

torch.manual_seed(3)


class Autoencoder(nn.Module):
    def __init__(self, width=36, code=4):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(width, 24), nn.LeakyReLU(0.1), nn.Linear(24, code), nn.Sigmoid()
        )
        self.decoder = nn.Sequential(
            nn.Linear(code, 24), nn.GELU(), nn.Linear(24, width), nn.Sigmoid()
        )

    def forward(self, x):
        code = self.encoder(x)
        return self.decoder(code), code


basis = torch.rand(4, 36)
data = (torch.rand(200, 4) @ basis / 2).clamp(0, 1)
model = Autoencoder()
criterion = nn.MSELoss()
optimizer = optim.AdamW(model.parameters(), lr=5e-3, weight_decay=1e-2)
for epoch in range(8):
    order = torch.randperm(len(data))
    losses = []
    for batch in data[order].split(64):
        noisy = batch + torch.empty_like(batch).normal_(0, 0.05)
        restored, code = model(noisy.view(noisy.size(0), -1))
        loss = criterion(restored, batch) + 1e-3 * code.abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    print(f"epoch [{epoch + 1}/{8}], loss:{torch.stack(losses).mean():.5f}")

restored, code = model(data[:5])
worst = (restored - data[:5]).abs().max().item()
print(f"worst {worst:.4f}", code.shape, restored.requires_grad, code.grad_fn is not None)
