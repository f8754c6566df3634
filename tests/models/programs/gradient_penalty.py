"""A critic whose slope is held near one: gradients of gradients by create_graph."""

import torch
from torch import autograd, nn

torch.manual_seed(10)
critic = nn.Sequential(
    nn.Linear(2, 24), nn.Softplus(), nn.Linear(24, 24), nn.Tanh(), nn.Linear(24, 1)
)
optimizer = torch.optim.RMSprop(critic.parameters(), lr=2e-3)


def penalty(real, fake):
    alpha = torch.rand(real.size(0), 1).expand_as(real)
    between = (alpha * real + (1 - alpha) * fake).requires_grad_(True)
    score = critic(between)
    slope = autograd.grad(
        outputs=score,
        inputs=between,
        grad_outputs=torch.ones_like(score),
        create_graph=True,
        retain_graph=True,
        only_inputs=True,
    )[0]
    return ((slope.view(slope.size(0), -1).norm(2, dim=1) - 1) ** 2).mean()


for step in range(20):
    real = torch.randn(24, 2) * 0.3 + torch.tensor([1.0, -1.0])
    fake = torch.randn(24, 2)
    gp = penalty(real, fake)
    loss = critic(fake).mean() - critic(real).mean() + 10 * gp
    critic.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 3 == 0:
        print(f"{step} loss {loss.item():.4f} penalty {gp.item():.4f}")

x = torch.linspace(-1, 1, 5, dtype=torch.float64, requires_grad=True)
y = (x**3).sum()
(first,) = torch.autograd.grad(y, x, create_graph=True)
(second,) = torch.autograd.grad(first.sum(), x, create_graph=True)
print(first.tolist(), second.tolist(), torch.autograd.grad(second.sum(), x)[0].tolist())
