"""Train a little, then measure: eval mode, inference_mode, top-k, a confusion matrix."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(13)
CLASSES = 8
centres = torch.randn(CLASSES, 10)
model = nn.Sequential(
    nn.Linear(10, 32), nn.BatchNorm1d(32), nn.SiLU(), nn.Dropout(0.3), nn.Linear(32, CLASSES)
)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)


def batch(size):
    target = torch.randint(0, CLASSES, (size,))
    return centres[target] + torch.randn(size, 10), target


for step in range(15):
    x, y = batch(48)
    loss = F.nll_loss(F.log_softmax(model(x), dim=1), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 3 == 0:
        print(f"step {step}: {loss.item():.4f}")


def accuracy(output, target, topk=(1,)):
    with torch.no_grad():
        _, pred = output.topk(max(topk), 1, True, True)
        correct = pred.t().eq(target.view(1, -1).expand_as(pred.t()))
        return [correct[:k].reshape(-1).float().sum(0).mul_(100.0 / len(target)) for k in topk]


model.eval()
x, y = batch(200)
with torch.no_grad():
    a = model(x)
with torch.inference_mode():
    b = model(x)
print(torch.equal(a, b), a.requires_grad, torch.is_grad_enabled())
top1, top3 = accuracy(a, y, topk=(1, 3))
print(f"Acc@1 {top1.item():.1f} Acc@3 {top3.item():.1f}")
_, predicted = torch.max(a.data, 1)
confusion = torch.zeros(CLASSES, CLASSES, dtype=torch.int64)
for t, p in zip(y.view(-1), predicted.view(-1)):  # noqa: B905
    confusion[t.long(), p.long()] += 1
print(confusion.sum(1), confusion.diag().sum().item())
print((confusion.diag().float() / confusion.sum(1)).mean().item())
counts = torch.bincount(predicted, minlength=CLASSES)
print(counts.tolist(), "unique", torch.unique(y).tolist())
values, order = torch.sort(F.softmax(a, dim=1).max(dim=1)[0], descending=True)
print(f"surest {values[0]:.4f} least {values[-1]:.4f} median {values.median():.4f}")
model.train()
print(model.training, torch.equal(model(x), model(x)))
