"""Language models: an LSTM and a small GPT in training, the GPT writing with a key/value cache."""

from __future__ import annotations

import math
from typing import Any

from benchmarks.workload import COMPILED, Step, formed, workload


@workload(
    "2-layer LSTM language model, width 650, 35 steps, batch {}, step",
    sizes=(20,), threads=(2,), wanted=(1.2,), forms=COMPILED, memory=True,
)  # fmt: skip
def lstm(torch: Any, batch: int) -> Step:
    nn = torch.nn
    words, width, steps = 10_000, 650, 35

    class Model(nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.encoder = nn.Embedding(words, width)
            self.rnn = nn.LSTM(width, width, 2, dropout=0.5)
            self.decoder = nn.Linear(width, words)

        def forward(self, x: Any, state: Any) -> Any:
            out, state = self.rnn(self.encoder(x), state)
            return self.decoder(out), state

    model = Model()
    (model,) = formed(torch, model)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    x, y = (torch.randint(0, words, (steps, batch)) for _ in range(2))
    state = [torch.zeros(2, batch, width) for _ in range(2)]

    def step() -> float:
        optimizer.zero_grad()
        out, new = model(x, (state[0].detach(), state[1].detach()))
        loss = criterion(out.view(-1, words), y.view(-1))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.25)
        optimizer.step()
        state[:] = new
        return loss.item()  # type: ignore[no-any-return]

    return step


def _gpt(torch: Any, words: int, context: int, width: int, heads: int, layers: int) -> Any:
    """A decoder-only transformer as nanoGPT has it; ``cache`` holds keys and values so far."""
    nn, F = torch.nn, torch.nn.functional

    class Block(nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.c_attn = nn.Linear(width, 3 * width)
            self.c_proj = nn.Linear(width, width)
            self.c_fc = nn.Linear(width, 4 * width)
            self.c_out = nn.Linear(4 * width, width)

        def forward(self, x: Any, cache: Any = None) -> Any:
            N, T, E = x.size()
            q, k, v = self.c_attn(self.ln_1(x)).split(width, dim=2)
            q, k, v = (a.view(N, T, heads, E // heads).transpose(1, 2) for a in (q, k, v))
            if cache is not None:
                k, v = (torch.cat([old, new], dim=2) for old, new in zip(cache, (k, v)))  # noqa: B905
                cache[:] = k, v
            y = F.scaled_dot_product_attention(q, k, v, is_causal=T > 1)
            x = x + self.c_proj(y.transpose(1, 2).contiguous().view(N, T, E))
            return x + self.c_out(F.gelu(self.c_fc(self.ln_2(x))))

    class GPT(nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.wte, self.wpe = nn.Embedding(words, width), nn.Embedding(context, width)
            self.blocks = nn.ModuleList([Block() for _ in range(layers)])
            self.ln_f = nn.LayerNorm(width)
            self.head = nn.Linear(width, words, bias=False)
            for name, parameter in self.named_parameters():
                if parameter.dim() == 2:
                    deep = name.endswith(("c_proj.weight", "c_out.weight"))
                    scale = 0.02 / math.sqrt(2 * layers) if deep else 0.02
                    nn.init.normal_(parameter, std=scale)

        def forward(self, x: Any, start: int = 0, caches: Any = None) -> Any:
            places = torch.arange(start, start + x.size(1))
            x = self.wte(x) + self.wpe(places)
            for number, block in enumerate(self.blocks):
                x = block(x, None if caches is None else caches[number])
            return self.head(self.ln_f(x))

    return GPT()


@workload(
    "GPT, 6 layers, width 384, context 256, batch {}, step", sizes=(4,), threads=(2,),
    wanted=(1.25,), forms=COMPILED, memory=True,
)  # fmt: skip
def gpt(torch: Any, batch: int) -> Step:
    words, context = 65, 256
    (model,) = formed(torch, _gpt(torch, words, context, 384, 6, 6))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    x, y = (torch.randint(0, words, (batch, context)) for _ in range(2))

    def step() -> float:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x).view(-1, words), y.view(-1))
        loss.backward()
        optimizer.step()
        return loss.item()  # type: ignore[no-any-return]

    return step


@workload("the same GPT writes {} tokens with a key/value cache", sizes=(200,), threads=(2,),
          wanted=(2.0,))  # fmt: skip
def gpt_writes(torch: Any, count: int) -> Step:
    model = _gpt(torch, 65, 256, 384, 6, 6).eval()

    def step() -> int:
        with torch.no_grad():
            caches = [[torch.zeros(1, 6, 0, 64) for _ in range(2)] for _ in range(6)]
            token = torch.zeros(1, 1, dtype=torch.long)
            written = []
            for place in range(count):
                logits = model(token, place, caches)
                token = logits[:, -1].argmax(-1, keepdim=True)
                written.append(token.item())
        return written[-1]

    return step
