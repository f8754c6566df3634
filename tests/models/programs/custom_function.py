"""Own autograd functions: rounding with a straight-through slope, and a checked cube."""

import torch
from torch import nn
from torch.autograd import Function, gradcheck

torch.manual_seed(11)


class RoundThrough(Function):
    @staticmethod
    def forward(ctx, x, levels):
        ctx.levels = levels
        return torch.round(x * levels) / levels

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output, None


class ScaledCube(Function):
    @staticmethod
    def forward(ctx, x, scale):
        ctx.save_for_backward(x, scale)
        return scale * x**3

    @staticmethod
    def backward(ctx, grad):
        x, scale = ctx.saved_tensors
        grad_x = grad_scale = None
        if ctx.needs_input_grad[0]:
            grad_x = grad * 3 * scale * x**2
        if ctx.needs_input_grad[1]:
            grad_scale = (grad * x**3).sum()
        return grad_x, grad_scale


class Quantised(nn.Linear):
    def forward(self, x):
        return nn.functional.linear(x, RoundThrough.apply(self.weight, 8), self.bias)


inputs = torch.randn(4, dtype=torch.double, requires_grad=True)
scale = torch.tensor(1.5, dtype=torch.double, requires_grad=True)
print(gradcheck(ScaledCube.apply, (inputs, scale), eps=1e-6, atol=1e-4))

model = nn.Sequential(Quantised(5, 16), nn.ReLU(), Quantised(16, 1))
scale = nn.Parameter(torch.ones(()))
optimizer = torch.optim.SGD([*model.parameters(), scale], lr=0.03, momentum=0.5)
truth = torch.randn(5, 1)
for step in range(20):
    x = torch.randn(32, 5)
    y = torch.tanh(x @ truth)
    loss = nn.functional.mse_loss(ScaledCube.apply(torch.tanh(model(x)), scale), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 3 == 0:
        print(f"{step} {loss.item():.4f} scale {scale.item():.4f}")
out = ScaledCube.apply(model(x), scale)
print(out.grad_fn.name(), out.requires_grad)
