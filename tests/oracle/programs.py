"""Random programs as a user writes them: views, in-place writes, gradients, flushes, NumPy memory.

``generate(seed)`` runs each step as it is drawn, one by one, interpreted: so it knows what every
name holds, and its log is that of an engine that never waits. A program is a list of texts; a step
that raises is part of it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import rushlight
from rushlight import engine
from rushlight.base import config
from rushlight.engine.flush import flush
from rushlight.engine.trace import Trace, local
from tests.oracle.corners import CORNERS
from tests.oracle.draw import Draw, kind_of, overlaps
from tests.oracle.execute import Log, Session

KINDS = ("float32", "float32", "float32", "float32", "float64", "int64", "int32", "uint8", "int8",
         "int16", "bool")  # fmt: skip
SMALL = ("bfloat16", "float16")
_SIZES = (1, 2, 2, 3, 3, 4, 5)
_LARGE = (7, 8, 16, 17, 33)
_MOST = 700  # elements of a tensor that may be read again
_ORDER = {"float64": 0, "float32": 1, "float16": 2, "bfloat16": 3}


@dataclass(frozen=True)
class Program:
    """``exact``: names whose numbers are sums and products of few bits, equal to the last one."""

    seed: int
    steps: tuple[str, ...]
    exact: frozenset[str]
    coarsest: str

    def __str__(self) -> str:
        return "\n".join(self.steps)


@contextmanager
def mode(interpreted: bool, trace: Trace | None = None) -> Any:
    """This thread's engine with another trace, compiling or not."""
    before = config.INTERPRET, local.trace
    config.INTERPRET = interpreted
    local.trace = trace if trace is not None else Trace()
    try:
        yield
    finally:
        local.trace.grad = True
        config.INTERPRET, local.trace = before


class Writer:
    """Draws the steps of one program."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.session = Session(rushlight)
        self.steps: list[str] = []
        self.live: list[str] = []
        self.arrays: list[str] = []
        self.group: dict[str, str] = {}
        self.exact: dict[str, bool] = {}
        self.count = 0
        self.coarsest = "float64"
        self.small = self.rng.random() < 0.2
        self.large = self.rng.random() < 0.2

    # Drawing

    def name(self) -> str:
        self.count += 1
        return f"v{self.count}"

    def tensor(self, name: str) -> Any:
        return self.session.names[name]

    def pick(self, wanted: Callable[[Any], bool] | None = None) -> str | None:
        found = [n for n in self.live if wanted is None or wanted(self.tensor(n))]
        # The later ones more often, so that programs grow deep.
        return self.rng.choice(found[-6:] if self.rng.random() < 0.6 else found) if found else None

    def shape(self) -> tuple[int, ...]:
        rng = self.rng
        ndim = rng.choice((0, 1, 1, 2, 2, 2, 3, 3, 4))
        sizes = [rng.choice(_SIZES) for _ in range(ndim)]
        if ndim and self.large and rng.random() < 0.5:
            sizes[rng.randrange(ndim)] = rng.choice(_LARGE)
        if ndim and rng.random() < 0.04:
            sizes[rng.randrange(ndim)] = 0
        return tuple(sizes) if int(np.prod(sizes)) <= _MOST else tuple(sizes[:2])

    def kind(self) -> str:
        return self.rng.choice(KINDS + SMALL * 3 if self.small else KINDS)

    def is_exact(self, *names: str) -> bool:
        return all(self.exact[self.group[name]] for name in names)

    def number(self, kind: str = "") -> str:
        if kind.startswith(("int", "uint")) and self.rng.random() < 0.7:
            return str(self.rng.choice((-2, -1, 1, 2, 3)))
        return self.rng.choice(("0.5", "-1.5", "2.0", "2", "3", "-1", "1", "True", "0.25"))

    def dim(self, tensor: Any) -> int:
        n = tensor.ndim
        if not n:
            return self.rng.choice((0, -1))
        return self.rng.randrange(-n, n + (self.rng.random() < 0.02))

    def fitting(self, name: str) -> str:
        """A name whose shape broadcasts with that of ``name``, mostly."""
        shape = self.tensor(name).shape

        def fits(other: Any) -> bool:
            pairs = zip(reversed(shape), reversed(other.shape), strict=False)
            return all(a == b or a == 1 or b == 1 for a, b in pairs)

        found = self.pick(fits) if self.rng.random() < 0.97 else self.pick()
        return found or name

    # Steps: what makes tensors

    def fresh(self) -> Draw:
        rng, out, kind = self.rng, self.name(), self.kind()
        shape = self.shape()
        text = f"{out} = make({rng.randrange(10**6)}, {shape}, '{kind}')"
        if "float" in kind and rng.random() < 0.5:
            text += ".requires_grad_()"
        return Draw(text, out, exact=True)

    def constant(self) -> Draw:
        rng, out, shape, kind = self.rng, self.name(), self.shape(), self.kind()
        text = rng.choice(
            (
                f"torch.zeros({shape}, dtype=torch.{kind})",
                f"torch.ones({shape}, dtype=torch.{kind})",
                f"torch.full({shape}, {rng.choice((1, 2, 0, 3))}, dtype=torch.{kind})",
                f"torch.full({shape}, {rng.choice((0.5, 2, True))})",
                f"torch.arange({rng.randrange(1, 9)})",
                f"torch.eye({rng.randrange(1, 4)}, {rng.randrange(1, 5)})",
                f"torch.tensor({rng.choice((0.5, 2, True, [1, 2], [0.5, 1]))})",
            )
        )
        x = self.pick()
        if x and rng.random() < 0.3:
            text = f"torch.{rng.choice(('zeros_like', 'ones_like'))}({x})"
        return Draw(f"{out} = {text}", out, exact=True)

    def unary(self) -> Draw | None:
        rng, out = self.rng, self.name()
        x = self.pick()
        if x is None:
            return None
        same = [f"-{x}", f"{x}.abs()", f"{x}.clone()", f"torch.relu({x})", f"+{x}",
                f"{x}.clamp(-1, 2)", f"{x}.clamp(min=0.5)", f"{x}.clamp_max(1)",
                f"{x}.contiguous()", f"{x}.logical_not()"]  # fmt: skip
        if self.is_exact(x):
            same += [f"{x}.sign()", f"{x} != 0", f"{x} > 0.5", f"{x} <= 1"]
            t = self.tensor(x)
            same += [f"{x}.floor()", f"{x}.ceil()", f"{x}.round()", f"{x}.trunc()"]
            to = rng.choice(("int64", "int32", "bool", "float32", "float64"))
            same += [f"{x}.to(torch.{to})"] * 4
            if not t.dtype.is_floating_point:
                same += [f"~{x}"] * 2
        smooth = [f"{x}.sin()", f"{x}.cos()", f"{x}.tanh()", f"{x}.sigmoid()", f"{x}.square()",
                  f"({x}.abs() + 0.5).sqrt()", f"({x}.abs() + 0.5).log()",
                  f"{x}.clamp(-3, 3).exp()",
                  f"({x}.abs() + 1).rsqrt()", f"torch.reciprocal({x}.abs() + 1)", f"{x} ** 2",
                  f"{x} ** 3",
                  f"F.softplus({x})", f"F.gelu({x})", f"F.silu({x})", f"F.leaky_relu({x}, 0.1)",
                  f"F.elu({x})", f"torch.log1p({x}.abs())", f"torch.erf({x})",
                  f"{x}.to(torch.{rng.choice(('float32', 'float64'))})", f"{x}.float()",
                  f"{x}.double()"]  # fmt: skip
        if kind_of(self.tensor(x)) == "bool":
            smooth = [each for each in smooth if "softplus" not in each and "square" not in each]
        if rng.random() < 0.5:
            return Draw(f"{out} = {rng.choice(same)}", out, exact=self.is_exact(x))
        return Draw(f"{out} = {rng.choice(smooth)}", out)

    def binary(self) -> Draw | None:
        rng, out = self.rng, self.name()
        x = self.pick()
        if x is None:
            return None
        y = self.fitting(x)
        if rng.random() < 0.3:
            n = self.number(kind_of(self.tensor(x)))
            text = rng.choice((f"{x} + {n}", f"{x} * {n}", f"{x} - {n}", f"{n} - {x}", f"{x} / {n}",
                               f"{n} * {x}", f"torch.add({x}, {n}, alpha=2)"))  # fmt: skip
            if self.is_exact(x) and rng.random() < 0.3:
                m = rng.choice((2, 3, -2, 1.5))
                text = rng.choice((f"{x}.detach() // {m}", f"{x} % {m}", f"{x} == {n}",
                                  f"{x} < {n}",
                                   f"torch.fmod({x}, {m})"))  # fmt: skip
            return Draw(f"{out} = {text}", out, exact=self.is_exact(x))
        exact = self.is_exact(x, y)
        options = [f"{x} + {y}", f"{x} * {y}", f"{x} - {y}", f"torch.maximum({x}, {y})",
                   f"torch.minimum({x}, {y})", f"{x}.add({y}, alpha=0.5)",
                   f"{x} / ({y}.abs() + 1)"]  # fmt: skip
        if exact:
            options += [f"{x} > {y}", f"{x} == {y}", f"{x} <= {y}", f"torch.logical_and({x}, {y})",
                        f"torch.logical_xor({x}, {y})", f"{x} & {y}", f"{x} | {y}", f"{x} ^ {y}",
                        f"torch.where({x} > {y}, {x}, {y})"]  # fmt: skip
        mask = self.pick(lambda t: kind_of(t) == "bool")
        if mask and rng.random() < 0.2:
            options = [f"torch.where({mask}, {x}, {y})", f"torch.where({mask}, {x}, 0.5)",
                       f"{x}.masked_fill({mask}, 2)"]  # fmt: skip
        return Draw(f"{out} = {rng.choice(options)}", out, exact=exact)

    def reduction(self) -> Draw | None:
        rng, out = self.rng, self.name()
        x = self.pick()
        if x is None:
            return None
        t = self.tensor(x)
        d = self.dim(t)
        keep = rng.choice(("", ", keepdim=True"))
        dims = tuple(rng.sample(range(t.ndim), rng.randint(1, t.ndim))) if t.ndim else 0
        options = [f"{x}.sum()", f"{x}.sum({d}{keep})", f"{x}.sum({dims}{keep})",
                   f"{x}.mean()", f"{x}.mean({d}{keep})", f"{x}.amax({d}{keep})",
                   f"{x}.amin({dims})",
                   f"{x}.max()", f"{x}.min()", f"{x}.any({d})", f"{x}.all()", f"{x}.cumsum({d})",
                   f"{x}.prod({d})"]  # fmt: skip
        exact = self.is_exact(x)
        if exact:
            options += [f"{x}.max({d}{keep})[0]", f"{x}.min({d})[0]", f"{x}.argmax({d}{keep})",
                        f"{x}.argmin()", f"{x}.sort(dim={d}, stable=True)[0]",
                        f"{x}.sort(dim={d}, stable=True)[1]"]  # fmt: skip
        if rng.random() < 0.4 and t.dtype.is_floating_point:
            exact = False
            options = [f"{x}.var({d})", f"{x}.std()", f"torch.logsumexp({x}, {d})",
                       f"torch.softmax({x}, {d})", f"{x}.log_softmax({d})",
                       f"{x}.softmax({d}, dtype=torch.float32)",
                       f"{x}.sum({d}, dtype=torch.float64)",
                       f"{x}.norm()", f"({x} + 0.5).norm(dim={d})"]  # fmt: skip
        return Draw(f"{out} = {rng.choice(options)}", out, exact=exact)

    def product(self) -> Draw | None:
        rng, out = self.rng, self.name()
        x = self.pick(lambda t: t.ndim >= 1)
        if x is None:
            return None
        t = self.tensor(x)
        kind = t.dtype

        def fits(other: Any) -> bool:
            if other.dtype is not kind or not other.ndim:
                return False
            inner = other.shape[-2] if other.ndim > 1 else other.shape[0]
            return bool(inner == t.shape[-1])

        y = self.pick(fits)
        if y is None:
            y, text = x, f"{x} @ {x}.mT" if t.ndim > 1 else f"{x} @ {x}"
        else:
            text = rng.choice((f"{x} @ {y}", f"torch.matmul({x}, {y})"))
        return Draw(f"{out} = {text}", out, exact=self.is_exact(x, y))

    def joined(self) -> Draw | None:
        rng, out = self.rng, self.name()
        x = self.pick()
        if x is None:
            return None
        shape = self.tensor(x).shape
        y = self.pick(lambda t: t.shape == shape) or x
        d = self.dim(self.tensor(x))
        text = rng.choice((f"torch.cat([{x}, {y}], {d})", f"torch.stack([{x}, {y}], {d})",
                           f"torch.cat(({x}, {y}, {x}))"))  # fmt: skip
        return Draw(f"{out} = {text}", out, exact=self.is_exact(x, y))

    def picked(self) -> Draw | None:
        """Indexing that copies."""
        rng, out = self.rng, self.name()
        x = self.pick(lambda t: t.ndim >= 1 and t.shape[0] > 0)
        if x is None:
            return None
        t = self.tensor(x)
        n = t.shape[0]
        places = [rng.randrange(-n, n) for _ in range(rng.randint(1, 4))]
        up = [p % n for p in places]
        options = [f"{x}[{places}]", f"{x}[torch.tensor({places})]",
                   f"{x}.index_select(0, torch.tensor({up}))", f"{x}.flip(0)", f"{x}.roll(1, 0)",
                   f"{x}.repeat({(2,) * t.ndim})",
                   f"{x}.tril()" if t.ndim > 1 else f"{x}.flip(-1)"]  # fmt: skip
        if t.ndim > 1 and t.shape[1]:
            other = [rng.randrange(t.shape[1]) for _ in places]
            options += [f"{x}[{places}, {other}]", f"{x}[:, {other}]", f"{x}[{places}, 0]",
                        f"{x}.gather(1, torch.zeros({(n, 2, *t.shape[2:])}).long())"]  # fmt: skip
        mask = self.pick(lambda m: kind_of(m) == "bool" and m.shape == t.shape)
        if mask:
            options += [f"{x}[{mask}]", f"{x}.masked_select({mask})"]
        return Draw(f"{out} = {rng.choice(options)}", out, exact=self.is_exact(x))

    # Steps: views

    def view_text(self, x: str) -> str:
        rng, t = self.rng, self.tensor(x)
        n = t.numel()
        options = [f"{x}.unsqueeze({rng.randint(-t.ndim - 1, t.ndim)})", f"{x}.squeeze()",
                   f"{x}.flatten()", f"{x}.view(-1)", f"{x}.reshape(-1)", f"{x}.detach()",
                   f"{x}.data", f"{x}.view({tuple(t.shape)})",
                   f"{x}.expand(2, {'*' + str(tuple(t.shape))})",
                   f"{x}.view_as({x})"]  # fmt: skip
        if n and n % 2 == 0:
            options += [f"{x}.view(2, {n // 2})", f"{x}.reshape({n // 2}, 2)"]
        if t.ndim:
            d = self.dim(t)
            size = t.shape[d] if -t.ndim <= d < t.ndim else 1
            start = rng.randint(0, size)
            at = rng.randrange(-size, size + (rng.random() < 0.05)) if size else 0
            options += [f"{x}.squeeze({d})",
                        f"{x}.narrow({d}, {start}, {rng.randint(0, size - start)})",
                        f"{x}[{rng.randint(-size, size)}:{rng.choice(('', size - 1, -1))}]",
                        f"{x}[::{rng.randint(1, 3)}]", f"{x}[..., 1:]", f"{x}[None]",
                        f"{x}.select({d}, {at})",
                        f"{x}[{rng.choice((0, -1))}]",
                        f"{x}.unfold({d}, {min(2, size)}, 1)"] * 2  # fmt: skip
        if t.ndim > 1:
            order = rng.sample(range(t.ndim), t.ndim)
            options += [f"{x}.permute({order})", f"{x}.transpose({self.dim(t)}, {self.dim(t)})",
                        f"{x}.diagonal({rng.choice((0, 0, 1, -1))})", f"{x}.mT",
                        f"{x}.flatten(0, 1)",
                        f"{x}[:, {rng.choice((0, -1, '1:', '::2'))}]",
                        f"{x}[..., 0]"] * 2  # fmt: skip
        if n >= 4 and kind_of(t) != "bool":
            options += [f"{x}.as_strided((2, 2), ({rng.choice((1, 2))}, 1))",
                        f"{x}.as_strided((2,), (2,), 1)"]  # fmt: skip
        return rng.choice(options)

    def view(self) -> Draw | None:
        x = self.pick()
        if x is None:
            return None
        out = self.name()
        return Draw(f"{out} = {self.view_text(x)}", out, group=x, exact=True)

    # Steps: writes

    def write(self) -> Draw | None:
        rng = self.rng
        x = self.pick(lambda t: not overlaps(t) and not (t.requires_grad and t.is_leaf))
        if x is None or rng.random() < 0.1:
            x = self.pick(lambda t: not overlaps(t))
        if x is None:
            return None
        t = self.tensor(x)
        y = self.fitting(x)
        if self.group[y] == self.group[x]:  # PyTorch may read what it has just written
            y = x
        n = self.number(kind_of(t))
        target = x if rng.random() < 0.7 else self.view_text(x)
        if "unfold" in target or "as_strided" in target:  # may write twice to one place
            target = x
        reads: tuple[str, ...] = (x,)
        options = [f"{target}.mul_({n})", f"{target}.add_({n})", f"{target}.zero_()",
                   f"{target}.fill_({n})", f"{target}.clamp_(-2, 2)", f"{target}.neg_()",
                   f"{target}.sub_({n})"]  # fmt: skip
        if rng.random() < 0.6:
            reads = (x, y)
            options = [f"{target}.add_({y})", f"{target}.mul_({y})", f"{target}.copy_({y})",
                       f"{x} += {y}", f"{x} -= {y}", f"{x} *= {y}", f"{target}.sub_({y}, alpha=2)",
                       f"{x}.copy_({y})"]  # fmt: skip
        if t.ndim and rng.random() < 0.4:
            size = t.shape[0]
            at = rng.choice((0, -1, "1:", "::2", "...", ":2", f"[{0 if size else ''}]", "None"))
            value = rng.choice((n, n, f"{x}[{at}] * 2", y))
            reads = (x, y)
            options = [f"{x}[{at}] = {value}", f"{x}[{at}] += {n}", f"{x}[{at}].mul_({n})"]
            if t.ndim > 1:
                options += [
                    f"{x}[:, 0] = {n}",
                    f"{x}[0, 1:] = {x}[0, 1:] + {n}",
                    f"{x}[..., -1] = {n}",
                ]
            mask = self.pick(lambda m: kind_of(m) == "bool" and m.shape == t.shape)
            if mask and self.group[mask] != self.group[x]:
                options += [f"{x}[{mask}] = {n}", f"{x}.masked_fill_({mask}, {n})",
                            f"{x}[{mask}] *= {n}"] * 2  # fmt: skip
            elif self.is_exact(x):
                options += [f"{x}[{x} > 0] = {n}"]
        text = rng.choice(options)
        if rng.random() < (0.9 if t.requires_grad and t.is_leaf else 0.25):
            text = f"with torch.no_grad(): {text}"
        return Draw(text, writes=x, exact=self.is_exact(*reads))

    def numpy(self) -> Draw | None:
        """Memory that NumPy and a tensor share, and writes from NumPy's side."""
        rng = self.rng
        if self.arrays and rng.random() < 0.6:
            a = rng.choice(self.arrays)
            held = self.session.names.get(a)
            if held is None:  # the step that made it raised
                return None
            writes = next((n for n in self.live if self.group[n] == self.group[a]), "")
            value = rng.choice((1, 2, 0, 3))
            text = rng.choice((f"{a}[...] = {value}", f"{a}[...] *= 2", f"{a}[:1] = {value}"
                               if held.ndim else f"{a}[...] = 1", f"del {a}"))  # fmt: skip
            return Draw(text, writes=writes, exact=True, gone=a if text.startswith("del") else "")
        a = f"n{self.count}"
        if rng.random() < 0.5:
            out, kind = self.name(), rng.choice(("float32", "float64", "int64", "uint8", "bool"))
            look = rng.choice(("", "", ".T", "[::1]"))
            text = f"{a} = array({rng.randrange(10**6)}, {self.shape()}, '{kind}')"
            text += f"; {out} = torch.from_numpy({a}{look})"
            self.arrays.append(a)
            self.group[a] = out
            return Draw(text, out, exact=True)
        x = self.pick(lambda t: kind_of(t) != "bfloat16")
        if x is None:
            return None
        self.arrays.append(a)
        self.group[a] = self.group[x]
        return Draw(f"{a} = {x}.detach().numpy()", writes=x, exact=self.is_exact(x))

    # Steps: gradients

    def backward(self) -> Draw | None:
        rng = self.rng
        x = self.pick(lambda t: t.requires_grad and not t.is_leaf)
        if x is None:
            return None
        keep = rng.choice(("", "", "retain_graph=True", "create_graph=True"))
        loss = rng.choice((f"{x}.sum()", f"({x} * {x}).sum()", f"{x}.mean()", f"{x}.tanh().sum()"))
        if rng.random() < 0.5:
            return Draw(f"{loss}.backward({keep})")
        leaf = self.pick(lambda t: t.requires_grad)
        out = self.name()
        also = f", {keep}" if keep else ""
        return Draw(f"{out}, = torch.autograd.grad({loss}, [{leaf}], allow_unused=True{also})", out)

    def gradient(self) -> Draw | None:
        """Read, use or drop a ``.grad``."""
        x = self.pick(lambda t: t.is_leaf and t.grad is not None)
        if x is None:
            return None
        out = self.name()
        if self.rng.random() < 0.3:
            return Draw(self.rng.choice((f"{x}.grad = None", f"{x}.grad.zero_()")))
        if self.rng.random() < 0.4:
            text = f"with torch.no_grad(): {x} -= 0.5 * {x}.grad"
            return Draw(text, writes=x)
        return Draw(f"{out} = {x}.grad", out)

    # Steps: flushes and forgetting

    def flush(self) -> Draw | None:
        x = self.pick()
        if x is None:
            return None
        t = self.tensor(x)
        if t.numel() == 1:
            return Draw(f"show(np.array(float({x}.item())))")
        plain = f"{x}.detach()" + (".float()" if kind_of(t) == "bfloat16" else "")
        return Draw(self.rng.choice((f"show(np.array({plain}.tolist(), dtype=np.float64))",
                                     f"show(np.array({plain}.numpy(), dtype=np.float64))",
                                     f"repr({x}) and None")))  # fmt: skip

    def forget(self) -> Draw | None:
        if len(self.live) < 4:
            return None
        x = self.rng.choice(self.live)
        return Draw(f"del {x}", gone=x)

    # Taking steps

    def take(self, draw: Draw) -> None:
        """Run a step and note what it made."""
        if not draw.at_once and self._refused_by_numbers(draw):
            return
        error = self.session.step(draw.text)
        self.steps.append(draw.text)
        names = self.session.names
        if error is not None and draw.text.startswith("n") and self.arrays:
            if self.arrays[-1] not in names:
                self.arrays.pop()
            return
        if draw.gone and error is None:
            for held in (self.live, self.arrays):
                if draw.gone in held:
                    held.remove(draw.gone)
        if draw.writes:
            group = self.group[draw.writes]
            self.exact[group] = self.exact[group] and draw.exact and self._few_bits(draw.writes)
            self._tame(draw.writes, inplace=True)
        made = names.get(draw.out)
        if not isinstance(made, rushlight.Tensor):
            return
        if made.numel() > _MOST:
            del names[draw.out]
            self.steps.append(f"del {draw.out}")
            self.session.step("pass")
            return
        if not draw.group:
            same = (n for n in self.live if n != draw.out and self.tensor(n) is made)
            draw.group = next(same, "")  # ``to`` and ``contiguous`` may give back what they got
        self.live.append(draw.out)
        group = self.group[draw.group] if draw.group else draw.out
        self.group[draw.out] = group
        if not draw.group:
            self.exact[group] = draw.exact and self._few_bits(draw.out)
        kind = kind_of(made)
        if _ORDER.get(kind, -1) > _ORDER[self.coarsest]:
            self.coarsest = kind
        if not draw.group:
            self._tame(draw.out, inplace=False)

    def _refused_by_numbers(self, draw: Draw) -> bool:
        """Whether what the tensors hold makes this step fail: an engine that waits tells it later.

        Division by zero and labels out of range have tests of their own.
        """
        flush()
        try:
            exec(f"({draw.text.partition(' = ')[2]})._array()", self.session.names)
        except Exception:
            return True
        return False

    def _few_bits(self, name: str) -> bool:
        t = self.tensor(name)
        if not t.dtype.is_floating_point:
            return True
        values = np.asarray(t._array()).astype(np.float64)
        bits = {"float64": (256.0, 2.0**20), "float32": (256.0, 256.0), "float16": (8.0, 16.0)}
        fraction, most = bits.get(kind_of(t), (4.0, 8.0))
        scaled = values * fraction
        return bool(np.all(np.isfinite(values)) and np.all(scaled == np.rint(scaled))
                    and np.all(np.abs(values) <= most))  # fmt: skip

    def _tame(self, name: str, *, inplace: bool) -> None:
        """Keep numbers from growing without end."""
        t = self.tensor(name)
        if not t.dtype.is_floating_point or not t.numel():
            return
        values = np.asarray(t._array()).astype(np.float64)
        if np.all(np.abs(values) <= 64) or np.isnan(values).any():
            return
        text = f"{name}.clamp_(-8, 8)" if inplace else f"{name} = {name}.clamp(-8, 8)"
        if inplace:
            text = f"with torch.no_grad(): {text}"
        self.session.step(text)
        self.steps.append(text)

    def write_program(self, length: int) -> None:
        kinds: list[tuple[int, Callable[[], Draw | None]]] = [
            (8, self.fresh), (3, self.constant), (14, self.unary), (16, self.binary),
            (9, self.reduction), (4, self.product), (4, self.joined), (6, self.picked),
            (16, self.view), (20, self.write), (5, self.numpy), (13, self.backward),
            (5, self.gradient), (5, self.flush), (3, self.forget),
        ]  # fmt: skip
        kinds += [(weight, partial(step, self)) for weight, step in CORNERS]
        weights = [weight for weight, _ in kinds]
        for _ in range(self.rng.randint(1, 3)):
            self.take(self.fresh())
        while len(self.steps) < length:
            ((_, step),) = self.rng.choices(kinds, weights)
            draw = step()
            if draw is None:
                continue
            try:
                self.take(draw)
            except Exception:
                # A tensor that cannot be read: the runs of the program so far will show it.
                for name in list(self.live):
                    self.exact[self.group.setdefault(name, name)] = False
                return


def generate(seed: int, trace: Trace | None = None) -> tuple[Program, Log]:
    """The program of this seed, and its log, interpreted step by step."""
    with mode(True, trace):
        writer = Writer(seed)
        writer.write_program(writer.rng.randint(6, 16))
        exact = frozenset(n for n in writer.live if writer.exact[writer.group[n]])
        program = Program(seed, tuple(writer.steps), exact, writer.coarsest)
        log = writer.session.finish()
    return program, log


def forget() -> None:
    """Drop the tries: the next programs are new."""
    engine.clear()
