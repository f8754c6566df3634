"""Two networks against each other: two optimisers, detach, BCE with logits, one-sided labels."""

import torch
import torch.nn as nn

torch.manual_seed(9)
generator = nn.Sequential(
    nn.Linear(4, 16, bias=False), nn.BatchNorm1d(16), nn.ReLU(True), nn.Linear(16, 2)
)
discriminator = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))


def weights_init(m):
    classname = m.__class__.__name__
    if classname.find("Linear") != -1:
        nn.init.normal_(m.weight.data, 0.0, 0.2)
    elif classname.find("BatchNorm") != -1:
        nn.init.normal_(m.weight.data, 1.0, 0.02)
        nn.init.constant_(m.bias.data, 0)


generator.apply(weights_init)
discriminator.apply(weights_init)
criterion = nn.BCEWithLogitsLoss()
optimizer_d = torch.optim.Adam(discriminator.parameters(), lr=0.01, betas=(0.5, 0.999))
optimizer_g = torch.optim.Adam(generator.parameters(), lr=0.01, betas=(0.5, 0.999))
fixed_noise = torch.randn(5, 4)
real_label, fake_label = 0.9, 0.0
for step in range(25):
    discriminator.zero_grad()
    angle = torch.rand(32) * 6.2831853
    real = torch.stack((angle.cos(), angle.sin()), 1)
    label = torch.full((32,), real_label)
    error_real = criterion(discriminator(real).view(-1), label)
    error_real.backward()
    fake = generator(torch.randn(32, 4))
    label.fill_(fake_label)
    output = discriminator(fake.detach()).view(-1)
    error_fake = criterion(output, label)
    error_fake.backward()
    d_fake = output.sigmoid().mean().item()
    optimizer_d.step()

    generator.zero_grad()
    label.fill_(real_label)
    error_g = criterion(discriminator(fake).view(-1), label)
    error_g.backward()
    optimizer_g.step()
    if step % 4 == 0:
        error_d = error_real + error_fake
        print(
            "[%d/25] Loss_D: %.4f Loss_G: %.4f D(G(z)): %.4f"  # noqa: UP031
            % (step, error_d.item(), error_g.item(), d_fake)
        )
print(generator(fixed_noise).detach().pow(2).sum(1).sqrt())
