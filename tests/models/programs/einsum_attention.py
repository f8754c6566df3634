"""Attention by einsum over sets: learn the value that goes with the key that was asked for."""

import torch
import torch.nn as nn
from torch import einsum

torch.manual_seed(16)


class CrossAttention(nn.Module):
    def __init__(self, dim, heads=2, dim_head=8):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        inner = heads * dim_head
        self.to_q = nn.Linear(dim, inner, bias=False)
        self.to_kv = nn.Linear(dim, inner * 2, bias=False)
        self.to_out = nn.Linear(inner, dim)
        self.gain = nn.Parameter(torch.ones(dim))

    def forward(self, x, context, mask=None):
        b, _, _ = x.shape
        q, (k, v) = self.to_q(x), self.to_kv(context).chunk(2, dim=-1)
        q, k, v = (
            t.reshape(b, -1, self.heads, t.shape[-1] // self.heads).permute(0, 2, 1, 3)
            for t in (q, k, v)
        )
        sim = einsum("b h i d, b h j d -> b h i j", q, k) * self.scale
        if mask is not None:
            sim.masked_fill_(~mask[:, None, None, :], -torch.finfo(sim.dtype).max)
        attn = sim.softmax(dim=-1)
        out = einsum("bhij,bhjd->bhid", attn, v)
        out = out.permute(0, 2, 1, 3).flatten(2)
        return self.to_out(out) * self.gain, attn


keys = nn.functional.normalize(torch.randn(6, 10), dim=-1)
model = CrossAttention(20)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(20):
    order = torch.stack([torch.randperm(6) for _ in range(12)])
    values = torch.randn(12, 6, 10)
    context = torch.cat([keys[order], values], dim=-1)
    mask = torch.rand(12, 6) > 0.2
    mask[:, 0] = True
    asked = torch.zeros(12, 1, dtype=torch.long)
    query = torch.cat([keys[order.gather(1, asked)], torch.zeros(12, 1, 10)], -1)
    wanted = values.gather(1, asked[..., None].expand(-1, -1, 10))
    out, attn = model(query, context, mask)
    loss = ((out[..., 10:] - wanted) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 3 == 0:
        print(f"{step} loss {loss.item():.4f} on target {attn[..., 0].mean():.4f}")
print(einsum("i,j->ij", torch.arange(3.0), torch.arange(2.0)).tolist())
print(f"{einsum('bij,bjk->', attn[:, 0], values):.3f}", attn.sum(-1).allclose(torch.ones(12, 2, 1)))
