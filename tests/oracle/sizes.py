"""Random programs of free sizes: casts of moulds against plans made size by size.

    python -m tests.oracle.sizes 500 [first seed]

A program is a list of steps on one tensor ``x``, written for any sizes ``n``, ``m`` and ``k``. It
runs at many drawn sizes, one after the other, in a trie that makes moulds and in one that does not:
every result must be the same to the bit. Where ``interpreted`` is asked for, the reference
interpreter has to come close, too. A size at which the program raises has to raise the same.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

import rushlight as torch
from rushlight.base import config
from rushlight.engine import twins
from rushlight.engine.trace import Trace, local
from tests.oracle.size_steps import AFTER, FIRST, STEPS

Sizes = tuple[int, int, int]

# Small ones, ends of vectors and tiles, and what is long enough for threads.
_POOL = (0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 23, 31, 32, 33, 48, 63, 64, 65, 127, 128, 129)
_LONG = (255, 256, 257, 500, 1000, 1024, 3000)
_JUMPS = (
    "arg", "==", "int()", "round", "max", "median", "kthvalue", "unique", "histc", "bfloat16",
    "sort", "> ", "topk", "normalize", "norm", "solve", "det", "cosine", "cdist", "prod", "cov",
)  # fmt: skip
_MOST = 1 << 17  # elements of the tensor that a program begins with


@dataclass(frozen=True)
class Program:
    """``first`` makes x, ``steps`` change it, ``last`` is whether gradients are taken."""

    seed: int
    first: str
    steps: tuple[str, ...]
    gradient: bool
    sizes: tuple[Sizes, ...]

    @property
    def jumps(self) -> bool:
        """Whether a rounding may change the result a lot: no two ways to compute it agree."""
        return any(word in text for text in self.steps for word in _JUMPS)

    def __str__(self) -> str:
        lines = [self.first, *self.steps, *(["backward"] if self.gradient else [])]
        return "\n    ".join([f"seed {self.seed}", *lines])


def generate(seed: int) -> Program:
    """The program of this seed."""
    rng = random.Random(seed)
    first, rank = rng.choice(FIRST)
    steps = []
    for _ in range(rng.randint(1, 5)):
        text, after = rng.choice(STEPS[rank])
        steps.append(text)
        rank = after
        if rng.random() < 0.4:
            steps.append(rng.choice(AFTER))
    return Program(seed, first, tuple(steps), rng.random() < 0.5, _sizes(rng))


def _sizes(rng: random.Random) -> tuple[Sizes, ...]:
    alike = rng.random() < 0.5

    def any_() -> int:
        return rng.choice(_LONG) if rng.random() < 0.08 else rng.choice(_POOL)

    near = rng.choice(_POOL) + 3  # half of the programs: sizes that are mostly decided alike

    def one() -> int:
        return near + rng.randint(-3, 8) if alike and rng.random() < 0.9 else any_()

    current = [one() or 6, one() or 5, one() or 4]
    free = rng.randint(1, 3)  # how many of them vary
    drawn = []
    for _ in range(rng.randint(12, 16)):
        for place in range(free):
            if place == 0 or rng.random() < 0.5:
                current[place] = one()
        if rng.random() < 0.15:
            current[1 % free] = current[0]
        n, m, k = current
        if max(n, 1) * max(m, 1) * max(k, 1) <= _MOST:
            drawn.append((n, m, k))
    return tuple(drawn)


class _Numbers:
    """Tensors of drawn numbers, the same ones whenever a program runs at the same sizes."""

    def __init__(self, gradient: bool) -> None:
        self.rng = np.random.default_rng(1)
        self.gradient = gradient
        self.leaves: list[Any] = []

    def floats(self, *shape: int) -> Any:
        made = torch.tensor(self.rng.standard_normal(shape).astype("float32"))
        if self.gradient:
            made.requires_grad_()
            self.leaves.append(made)
        return made

    def whole(self, high: int, *shape: int) -> Any:
        return torch.tensor(self.rng.integers(0, max(high, 1), shape))

    def mask(self, *shape: int) -> Any:
        return torch.tensor(self.rng.random(shape) < 0.5)


def run(program: Program, sizes: Sizes) -> list[Any]:
    """What the program gives at these sizes: arrays, and the error that ended it."""
    numbers = _Numbers(program.gradient)
    n, m, k = sizes
    names = {
        "torch": torch, "F": torch.nn.functional, "nn": torch.nn, "n": n, "m": m, "k": k,
        "v": numbers.floats, "whole": numbers.whole, "mask": numbers.mask,
    }  # fmt: skip
    torch.manual_seed(0)
    found: list[Any] = []
    try:
        with np.errstate(all="ignore"):
            exec("x = " + program.first, names)
            for text in program.steps:
                exec("x = " + text, names)
            x: Any = names["x"]
            if program.gradient and x.requires_grad:
                (x * torch.arange(x.numel()).reshape(x.shape).remainder(7)).sum().backward()
                found += [leaf.grad.numpy() for leaf in numbers.leaves if leaf.grad is not None]
            found.append(x.detach().numpy())
    except (RuntimeError, ValueError, IndexError, NotImplementedError, ArithmeticError) as error:
        found.append(f"{type(error).__name__}: {error}")
    return found


@contextmanager
def engine(*, moulds: bool, interpreted: bool = False) -> Any:
    """This thread's engine with an empty trie; without moulds, all is planned size by size."""
    before = twins.EXAMPLES, config.INTERPRET, local.trace
    twins.EXAMPLES = before[0] if moulds else 1 << 40
    config.INTERPRET = interpreted
    local.trace = Trace()
    try:
        yield
    finally:
        twins.EXAMPLES, config.INTERPRET, local.trace = before


def close(a: Any, b: Any) -> bool:
    """Whether two results agree up to rounding."""
    if isinstance(a, str) or isinstance(b, str):
        return bool(a == b)
    if a.dtype.kind != "f":
        return bool(np.array_equal(a, b))
    with np.errstate(invalid="ignore"):
        finite = np.abs(b[np.isfinite(b)])
    scale = 1e-3 * max(1.0, float(finite.max(initial=0.0)))
    return a.shape == b.shape and bool(np.allclose(a, b, 1e-3, scale, equal_nan=True))


def same(a: Any, b: Any) -> bool:
    """Whether two results have the same bits (any nan is as good as another)."""
    if isinstance(a, str) or isinstance(b, str):
        return bool(a == b)
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if a.dtype.kind != "f":
        return bool(np.array_equal(a, b))
    return bool(np.array_equal(a, b, equal_nan=True)) and bool(
        np.array_equal(np.signbit(a) & (a == 0), np.signbit(b) & (b == 0))
    )


def check(program: Program, *, interpreted: bool = False) -> str:
    """What differs; empty where nothing does."""
    with engine(moulds=True):
        cast = [run(program, sizes) for sizes in program.sizes]
    with engine(moulds=False):
        alone = [run(program, sizes) for sizes in program.sizes]
    found = _differ(program, cast, alone, same)
    if interpreted and not found:
        with engine(moulds=False, interpreted=True):
            told = [run(program, sizes) for sizes in program.sizes]
        found = _differ(program, cast, told, close)
        found = found and "interpreted: " + found
    return found


def _differ(
    program: Program, a: Sequence[Any], b: Sequence[Any], agree: Callable[[Any, Any], bool]
) -> str:
    for sizes, ours, theirs in zip(program.sizes, a, b, strict=True):
        if len(ours) != len(theirs):
            return f"sizes {sizes}: {ours[-1]!r:.300} against {theirs[-1]!r:.300}"
        for place, (x, y) in enumerate(zip(ours, theirs, strict=True)):
            if not agree(x, y):
                return f"sizes {sizes}, result {place}: {x!r:.300} against {y!r:.300}"
    return ""


def shrink(program: Program, interpreted: bool) -> Program:
    """Fewer steps and sizes that still differ."""
    again = True
    while again:
        again = False
        for fewer in _shorter(program):
            if check(fewer, interpreted=interpreted):
                program, again = fewer, True
                break
    return program


def _shorter(program: Program) -> list[Program]:
    def with_(**changes: Any) -> Program:
        return Program(**{**program.__dict__, **changes})

    steps, sizes = program.steps, program.sizes
    return [
        *(with_(steps=steps[:place]) for place in range(len(steps))),
        *(with_(steps=(*steps[:p], *steps[p + 1 :])) for p in range(len(steps))),
        *(with_(sizes=(*sizes[:p], *sizes[p + 1 :])) for p in range(len(sizes))),
        *([with_(gradient=False)] if program.gradient else []),
    ]


def main(count: int, first: int) -> int:
    """Check programs; how many differ."""
    start, wrong = time.monotonic(), 0
    for seed in range(first, first + count):
        program = generate(seed)
        told = seed % 4 == 0 and not program.jumps
        if found := check(program, interpreted=told):
            wrong += 1
            short = shrink(program, told)
            print(f"{short}\n    {short.sizes}\n    {found}\n", flush=True)
        if (seed - first + 1) % 50 == 0:
            print(
                f"{seed - first + 1} programs, {wrong} differ, {twins.stats.moulds} moulds, "
                f"{twins.stats.casts} casts, {time.monotonic() - start:.0f} s", flush=True,
            )  # fmt: skip
    return wrong


if __name__ == "__main__":
    chosen = [int(each) for each in sys.argv[1:]]
    sys.exit(1 if main(*(chosen + [500, 1][len(chosen) :])) else 0)
