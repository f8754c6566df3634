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
from typing import Any

import numpy as np

import rushlight
from rushlight import engine
from rushlight.base import config
from rushlight.engine.flush import flush
from rushlight.engine.trace import Trace, local
from tests.oracle.corners import CORNERS
from tests.oracle.draw import Draw, kind_of
from tests.oracle.execute import Log, Session
from tests.oracle.ordinary import ORDINARY, fresh

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
        kinds = (*ORDINARY, *CORNERS)
        weights = [weight for weight, _ in kinds]
        for _ in range(self.rng.randint(1, 3)):
            self.take(fresh(self))
        while len(self.steps) < length:
            ((_, step),) = self.rng.choices(kinds, weights)
            draw = step(self)
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
