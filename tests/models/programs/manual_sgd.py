"""No nn, no optim: parameters as plain tensors, updates through .data, grad.zero_ and no_grad."""

import torch
import torch.nn.functional as F
from torch.autograd import Variable

torch.manual_seed(15)
N, D_in, H, D_out = 24, 12, 20, 3
x = torch.randn(N, D_in)
y = torch.randn(N, D_out)

# gradients by hand
w1, w2 = torch.randn(D_in, H), torch.randn(H, D_out)
for t in range(6):
    h = x.mm(w1)
    h_relu = h.clamp(min=0)
    y_pred = h_relu.mm(w2)
    loss = (y_pred - y).pow(2).sum().item()
    print(t, f"{loss:.1f}")
    grad_y_pred = 2.0 * (y_pred - y)
    grad_w2 = h_relu.t().mm(grad_y_pred)
    grad_h = grad_y_pred.mm(w2.t())
    grad_h[h < 0] = 0
    w1 -= 1e-5 * x.t().mm(grad_h)
    w2 -= 1e-5 * grad_w2

# the same through .data, an old habit
w1 = Variable(torch.randn(D_in, H), requires_grad=True)
w2 = Variable(torch.randn(H, D_out), requires_grad=True)
for t in range(6):
    loss = (x.mm(w1).clamp(min=0).mm(w2) - y).pow(2).sum()
    print(t, f"{loss.data:.1f}")
    loss.backward()
    w1.data -= 1e-5 * w1.grad.data
    w2.data.sub_(1e-5 * w2.grad.data)
    w1.grad.data.zero_()
    w2.grad.zero_()

# and under no_grad
weight = torch.zeros(D_in, 3, requires_grad=True)
bias = torch.zeros(3, requires_grad=True)
target = torch.randint(0, 3, (N,))
for t in range(6):
    loss = F.cross_entropy(x @ weight + bias, target)
    loss.backward()
    with torch.no_grad():
        for p in (weight, bias):
            p -= 0.5 * p.grad
            p.grad = None
    print(t, f"{loss.item():.4f}")
print(weight.is_leaf, weight.grad, f"{weight.norm().item():.4f}")
