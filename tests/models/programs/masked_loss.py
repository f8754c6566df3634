"""Losses over the entries that count: boolean indexing, ignore_index, masked writes, nonzero."""

import torch
from torch import nn

torch.manual_seed(18)
model = nn.Sequential(nn.Linear(6, 24), nn.ReLU(), nn.Linear(24, 5))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
truth = torch.randn(6, 4)
criterion = nn.CrossEntropyLoss(ignore_index=-100, weight=torch.tensor([1.0, 2.0, 1.0, 0.5]))
for step in range(20):
    x = torch.randn(8, 7, 6)
    y = (x @ truth).argmax(-1)
    height = x.pow(2).sum(-1).sqrt()
    lengths = torch.randint(2, 8, (8,))
    mask = torch.arange(7)[None, :] < lengths[:, None]
    y[~mask] = -100
    out = model(x)
    logits, size = out[..., :4], out[..., 4]
    classes = criterion(logits.transpose(1, 2), y)
    sizes = (size[mask] - height[mask]).abs().mean()
    hard = size.detach() > 1.0
    extra = size[mask & hard].square().sum() / (mask & hard).sum().clamp(min=1)
    loss = classes + sizes + 0.01 * extra
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 3 == 0:
        print(
            f"{step} {classes.item():.4f} {sizes.item():.4f} {int(mask.sum())} {extra.item():.4f}"
        )

scores = torch.tensor([[0.1, 0.9], [0.8, 0.2], [0.4, 0.6]])
keep = scores > 0.5
print(keep.nonzero(), scores[keep], torch.nonzero(keep, as_tuple=True))
scores[keep] = 0
scores[torch.tensor([0, 2]), torch.tensor([0, 0])] += 1
scores.masked_fill_(scores == 0, -1.0)
print(scores, torch.masked_select(scores, scores > 0), torch.where(keep, scores, 0.0))
print(keep.any(), keep.all(dim=1), (~keep).sum().item(), (keep & (scores < 0)).float().mean())
