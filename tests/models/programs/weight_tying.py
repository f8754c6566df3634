"""One matrix as input and output embedding, and a moving average of all weights beside it."""

import copy

import torch
from torch import nn

torch.manual_seed(14)


class Tied(nn.Module):
    def __init__(self, words=20, width=12):
        super().__init__()
        self.embed = nn.Embedding(words, width)
        self.mix = nn.Linear(width, width)
        self.decode = nn.Linear(width, words, bias=False)
        self.decode.weight = self.embed.weight

    def forward(self, ids):
        return self.decode(torch.tanh(self.mix(self.embed(ids))))


class EMA:
    def __init__(self, model, decay):
        self.decay = decay
        self.model = copy.deepcopy(model)
        for p in self.model.parameters():
            p.requires_grad_(False)

    @torch.no_grad()
    def update(self, model):
        live = model.state_dict()
        for name, value in self.model.state_dict().items():
            value.copy_(self.decay * value + (1.0 - self.decay) * live[name])


model = Tied()
ema = EMA(model, decay=0.9)
print(
    len(list(model.parameters())),
    sorted(model.state_dict()),
    model.decode.weight is model.embed.weight,
)
print(ema.model.decode.weight is ema.model.embed.weight)
optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
for step in range(24):
    ids = torch.randint(0, 20, (40,))
    following = (ids * 3 + 1) % 20
    loss = nn.functional.cross_entropy(model(ids), following)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    ema.update(model)
    if step % 4 == 0:
        print(f"{step} {loss.item():.4f}")
every = torch.arange(20)
with torch.no_grad():
    for net in (model, ema.model):
        print(f"{nn.functional.cross_entropy(net(every), (every * 3 + 1) % 20):.4f}")
print(any(p.requires_grad for p in ema.model.parameters()))
