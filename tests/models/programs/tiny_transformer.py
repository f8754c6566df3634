"""A causal transformer from Linear, LayerNorm, softmax and matmul that learns to copy a phrase."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(5)
WORDS, WIDTH, HEADS, LENGTH = 11, 32, 4, 12


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.register_buffer("mask", torch.tril(torch.ones(LENGTH, LENGTH)).bool())

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        q = q.view(b, t, HEADS, d // HEADS).transpose(1, 2)
        k = k.view(b, t, HEADS, d // HEADS).transpose(1, 2)
        v = v.view(b, t, HEADS, d // HEADS).transpose(1, 2)
        scores = torch.matmul(q, k.transpose(-2, -1)) / math.sqrt(d // HEADS)
        scores = scores.masked_fill(~self.mask[:t, :t], float("-inf"))
        mixed = torch.matmul(F.softmax(scores, dim=-1), v)
        return self.out(mixed.transpose(1, 2).contiguous().view(b, t, d))


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.attention = Attention()
        self.mlp = nn.Sequential(
            nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(approximate="tanh"), nn.Linear(4 * WIDTH, WIDTH)
        )

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(WORDS, WIDTH)
        places = torch.arange(LENGTH, dtype=torch.float32)[:, None]
        rates = torch.exp(torch.arange(0, WIDTH, 2) * (-math.log(1000.0) / WIDTH))
        table = torch.zeros(LENGTH, WIDTH)
        table[:, 0::2] = torch.sin(places * rates)
        table[:, 1::2] = torch.cos(places * rates)
        self.register_buffer("places", table.unsqueeze(0))
        self.layers = nn.ModuleList([Layer() for _ in range(2)])
        self.norm = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, WORDS, bias=False)
        self.apply(self._begin)

    @staticmethod
    def _begin(module):
        if isinstance(module, (nn.Linear, nn.Embedding)):
            torch.nn.init.normal_(module.weight, mean=0.0, std=0.08)
            if isinstance(module, nn.Linear) and module.bias is not None:
                torch.nn.init.zeros_(module.bias)

    def forward(self, ids):
        x = self.words(ids) + self.places[:, : ids.size(1)]
        for layer in self.layers:
            x = layer(x)
        return self.head(self.norm(x))


model = Model()
print(sum(p.numel() for p in model.parameters()), [n for n, _ in model.named_buffers()])
decayed = [p for p in model.parameters() if p.dim() >= 2]
plain = [p for p in model.parameters() if p.dim() < 2]
optimizer = torch.optim.AdamW(
    [{"params": decayed, "weight_decay": 0.1}, {"params": plain, "weight_decay": 0.0}],
    lr=3e-3,
    betas=(0.9, 0.95),
)
for step in range(24):
    half = torch.randint(1, WORDS, (16, LENGTH // 2 + 1))
    ids = torch.cat([half, half[:, : LENGTH // 2]], dim=1)
    inputs, targets = ids[:, :-1], ids[:, 1:]
    logits = model(inputs)
    loss = F.cross_entropy(logits.reshape(-1, WORDS), targets.reshape(-1))
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    if step % 3 == 0:
        print(f"step {step} loss {loss.item():.4f}")

model.eval()
with torch.no_grad():
    text = torch.tensor([[3, 1, 4]])
    for _ in range(6):
        logits = model(text[:, -LENGTH:])[:, -1, :] / 0.8
        best, _ = torch.topk(logits, 4)
        logits[logits < best[:, [-1]]] = -float("inf")
        text = torch.cat((text, torch.multinomial(F.softmax(logits, -1), num_samples=1)), dim=1)
    print(text)
