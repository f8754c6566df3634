"""One random graph of primitives: its inputs, its values, what may be drawn for it."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rushlight.base import dtype as dtypes
from rushlight.base.dtype import bool_, float32, float64, int64
from rushlight.base.dtype import dtype as DType
from rushlight.ir import build
from rushlight.ir.graph import Node
from tests.compiler.tracked import Array, Tracked, exactly, track

REAL = [each for each in dtypes.ALL if not each.is_complex]
COMMON = [float32, float32, float32, float32, int64, bool_]
SIZES = [1, 1, 2, 3, 3, 4, 5, 7, 8, 9, 16, 17, 31, 33]
MOST_ELEMENTS = 4000
MOST_LARGE = 150_000


class Unfit(Exception):
    """This step cannot be made here; another is tried."""


Rule = Callable[["RandomGraph"], None]


class RandomGraph:
    """One program: sinks with their values, and the arguments they were computed from."""

    def __init__(self, seed: int, rules: Sequence[Rule], steps: int = 12) -> None:
        self.rules = rules
        self.random = random.Random(seed)
        self.numpy = np.random.default_rng(seed)
        self.inputs: list[Node] = []
        self.arrays: list[Array] = []
        self.scalars: list[Node] = []
        self.numbers: list[float | int | bool] = []
        self.pool: list[Tracked] = []
        large = self.random.random() < 0.08
        self.limit = MOST_LARGE if large else MOST_ELEMENTS
        self.input(self.shape(large), self.dtype())
        made = 0
        for _ in range(steps * 4):
            made += self.step()
            if made >= steps:
                break
        used = {source for each in self.pool for source in each.node.src}
        leaves = [
            t for t in self.pool if t.node not in used and t.node.op not in ("input", "scalar")
        ]
        some = [t for t in self.pool if t.node.op not in ("input", "scalar")]
        leaves += self.random.sample(some, min(2, len(some)))
        self.sinks = leaves[-8:] or self.pool[-1:]

    # Choices

    def dtype(self) -> DType:
        return self.random.choice(COMMON if self.random.random() < 0.6 else REAL)

    def shape(self, large: bool = False) -> tuple[int, ...]:
        if large:
            return self.random.choice([(60000,), (300, 200), (40, 30, 50), (9000, 7), (3, 20000)])
        rank = self.random.choice([0, 1, 1, 2, 2, 2, 3, 3, 4])
        while True:
            sizes = [self.random.choice(SIZES) for _ in range(rank)]
            if sizes and self.random.random() < 0.03:
                sizes[self.random.randrange(rank)] = 0
            if math.prod(sizes) <= MOST_ELEMENTS:
                return tuple(sizes)

    def numbers_of(self, shape: tuple[int, ...], dtype: DType) -> Array:
        """Small multiples of 1/4, on which arithmetic is exact, and at times special numbers."""
        if dtype is bool_:
            return np.asarray(self.numpy.random(shape) < 0.5)
        low = -16 if dtype.is_signed else 0
        raw = np.asarray(self.numpy.integers(low, 17, shape))
        if not dtype.is_floating_point:
            if self.random.random() < 0.15:
                info = np.iinfo(dtype.np)
                raw = np.asarray(
                    self.numpy.integers(info.min, info.max, shape, endpoint=True, dtype=dtype.np)
                )
            return raw.astype(dtype.np)
        values = raw.astype(np.float32) / 4
        if self.random.random() < 0.25 and values.size:
            special = np.array([np.nan, np.inf, -np.inf, -0.0, 0.0, 1000.5], np.float32)
            odd = np.asarray(self.numpy.random(shape) < 0.1)
            values = np.where(odd, self.numpy.choice(special, shape), values)
        elif self.random.random() < 0.3:
            values = np.asarray(self.numpy.normal(size=shape)).astype(np.float32)
        return values.astype(dtype.np)

    def pick(self, *, floating: bool | None = None, ranks: range = range(9)) -> Tracked:
        """A value made so far (the late ones more often) of a kind, or a new input."""
        fitting = [
            t for t in self.pool
            if t.node.ndim in ranks and (floating is None or t.dtype.is_floating_point == floating)
        ]  # fmt: skip
        if not fitting or self.random.random() < 0.05:
            dtype = self.dtype()
            if floating is not None and dtype.is_floating_point != floating:
                dtype = float32 if floating else int64
            shape = self.shape()
            while len(shape) not in ranks:
                shape = self.shape()
            return self.input(shape, dtype)
        late = fitting[-3:] if self.random.random() < 0.6 else fitting
        return self.random.choice(late)

    def partner(self, shape: tuple[int, ...], dtype: DType) -> Tracked:
        """Something of this shape and dtype: found, broadcast, cast, or new."""
        same = [t for t in self.pool if t.node.shape == shape and t.dtype is dtype]
        choice = self.random.random()
        if same and choice < 0.5:
            return self.random.choice(same)
        if choice < 0.65:
            if shape and math.prod(shape):
                kept = tuple(n if self.random.random() < 0.5 else 1 for n in shape)
                return self.add(build.expand(self.input(kept, dtype).node, shape))
        elif choice < 0.75:
            return self.scalar(shape, dtype)
        elif choice < 0.8:
            return self.add(build.const(self.random.choice([0, 1, 2]), shape, dtype))
        return self.input(shape, dtype)

    # Making

    def input(self, shape: tuple[int, ...], dtype: DType) -> Tracked:
        node = build.input(len(self.inputs), shape, dtype)
        array = self.numbers_of(shape, dtype)
        self.inputs.append(node)
        self.arrays.append(array)
        return self.keep(exactly(node, array))

    def scalar(self, shape: tuple[int, ...], dtype: DType) -> Tracked:
        kind = self.random.choice([float64, int64, bool_])
        number: Any = {"float64": self.random.choice([0.5, -2.0, 3.25]), "int64": 3, "bool": True}[
            kind.name
        ]
        node = build.scalar(len(self.scalars), kind)
        self.scalars.append(node)
        self.numbers.append(number)
        self.keep(exactly(node, np.asarray(number, kind.np)))
        number_node = self.add(build.cast(node, dtype)).node if kind is not dtype else node
        ones = (1,) * len(shape)
        lifted = self.add(build.reshape(number_node, ones)).node if shape else number_node
        return self.add(build.expand(lifted, shape)) if shape != ones else self.found(lifted)

    def found(self, node: Node) -> Tracked:
        for each in self.pool:
            if each.node is node:
                return each
        return self.add(node)

    def keep(self, tracked: Tracked) -> Tracked:
        self.pool.append(tracked)
        return tracked

    def add(self, node: Node) -> Tracked:
        """Evaluate and keep a new node; sources that are not in the pool yet go first."""
        for each in self.pool:
            if each.node is node:
                return each
        if node.size > self.limit:
            raise Unfit
        sources = [self.found(source) for source in node.src]
        tracked = track(node, sources)
        if tracked is None:
            raise Unfit
        return self.keep(tracked)

    def step(self) -> int:
        rule = self.random.choice(self.rules)
        before = len(self.pool), len(self.inputs), len(self.scalars)
        try:
            rule(self)
        except (Unfit, ZeroDivisionError):
            # What was made on the way goes again: nothing may be left that nobody reads.
            del self.pool[before[0] :]
            del self.inputs[before[1] :], self.arrays[before[1] :]
            del self.scalars[before[2] :], self.numbers[before[2] :]
            return 0
        return 1
