"""A perceptron on two half moons, fed by a shuffling DataLoader."""

import math

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(1)


def moons(count):
    angle = torch.rand(count) * math.pi
    label = torch.randint(0, 2, (count,))
    sign = 1 - 2 * label.float()
    x = torch.stack([torch.cos(angle) * sign + label, torch.sin(angle) * sign + 0.5 * label], dim=1)
    return x + 0.1 * torch.randn(count, 2), label


points, labels = moons(330)
train, test = random_split(TensorDataset(points, labels), [250, 80])
loader = DataLoader(train, batch_size=32, shuffle=True)
model = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 2))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
print(model)
print(sum(p.numel() for p in model.parameters() if p.requires_grad), "parameters")

for epoch in range(6):
    total, seen, correct = 0.0, 0, 0
    for x, y in loader:
        optimizer.zero_grad()
        logits = model(x)
        loss = criterion(logits, y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
        seen += x.size(0)
        correct += (logits.argmax(1) == y).sum().item()
    print(f"epoch {epoch}: loss {total / seen:.4f} accuracy {correct / seen:.3f}")

model.eval()
with torch.no_grad():
    for x, y in DataLoader(test, batch_size=80):
        probability = torch.softmax(model(x), dim=-1)
        print("test", criterion(model(x), y).item(), probability.max(dim=1).values.mean().item())
