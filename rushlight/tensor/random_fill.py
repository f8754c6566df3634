"""Random numbers in place: ``uniform_``, ``normal_`` and their like, with PyTorch's streams.

Numbers are drawn in the order of memory, not of the axes: a transposed tensor gets the numbers
that what it is a view of would have got.
"""

from __future__ import annotations

from typing import Any

from rushlight.base import dtype as dtypes
from rushlight.base.dtype import dtype as DType
from rushlight.engine.trace import local
from rushlight.ops.legacy_names import c_name
from rushlight.runtime.buffer import Buffer
from rushlight.tensor import drawing
from rushlight.tensor.drawing import fractional_kind, made_as, real_kind, require_real
from rushlight.tensor.generator import Generator, source_of
from rushlight.tensor.kinds import type_name
from rushlight.tensor.random_choice import bernoulli, chances_of, multinomial, require_chance
from rushlight.tensor.random_samples import filling
from rushlight.tensor.random_whole import reach, whole_numbers
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function
from rushlight.tensor.write_now import place_to_fill


def _count(tensor: Tensor) -> int:
    return tensor._value.meta.numel


def _fill(self: Tensor, memory: Buffer, who: str, node: str = "") -> Tensor:
    """What was drawn written; where ``self`` has a gradient it keeps one, of zeros, from
    ``node``."""
    self._writable(who)
    made = made_as(self, memory, self.dtype)
    if self._edge is not None and local.trace.grad:
        camel = "".join(part.capitalize() for part in who.split("_"))
        made = function("_in_place_of")(self, made, node or camel)
    self._assign(made)
    return self


def _place(self: Tensor, who: str) -> int:
    """Where float32 numbers can be drawn to at once, or 0: into memory of their own first."""
    self._writable(who)
    return place_to_fill(self) if self.dtype is dtypes.float32 else 0


def _start(who: str, given: Any, named: dict[str, Any]) -> Any:
    """The argument ``from``, which is no name of Python's. TypeError for any other of ``named``."""
    for name in named:
        if name != "from":
            raise TypeError(f"{who}() got an unexpected keyword argument '{name}'")
    return named.get("from", given)


def _require_uniform(kind: DType, low: float, to: float) -> None:
    """RuntimeError for bounds that are none, or too far apart for ``kind``."""
    largest = reach(kind)[1]
    for name, bound in (("from", low), ("to", to)):
        if not -largest <= bound <= largest:
            raise RuntimeError(f"{name} is out of bounds for {c_name(kind)}")
    if low > to:
        raise RuntimeError(
            f"uniform_ expects to return a [from, to) range, but found from={low:g} > to={to:g}"
        )
    if not to - low <= largest:
        raise RuntimeError(
            f"uniform_ expects to-from <= std::numeric_limits<{type_name(kind)}>::max(), but found "
            f"to={to:g} and from={low:g} which result in to-from to exceed the limit"
        )


@filling
def uniform_(
    self: Tensor, from_: float = 0.0, to: float = 1.0, *, generator: Generator | None = None,
    **old: float,
) -> Tensor:  # fmt: skip
    """Uniform numbers in [from, to)."""
    low = _start("uniform_", from_, old)
    kind = fractional_kind(self.dtype, "check_uniform_bounds").to_real()
    _require_uniform(kind, low, to)
    source, count, bounds = source_of(generator), _count(self), (float(low), float(to))
    if place := _place(self, "uniform_"):
        source.uniform_into(place, count, *bounds)
        return self
    return _fill(self, drawing.uniform(source, count, self.dtype, *bounds), "uniform_")


@filling
def normal_(
    self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None
) -> Tensor:
    """Normal numbers."""
    if std < 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std:g}")
    kind = fractional_kind(self.dtype, "normal_kernel_cpu")
    source, count, in_order = source_of(generator), _count(self), self._current_layout().contiguous
    if place := _place(self, "normal_"):
        source.normal_into(place, count, float(mean), float(std))
        return self
    memory = drawing.normal(source, count, kind, float(mean), float(std), in_order)
    return _fill(self, memory, "normal_")


_UNGIVEN: Any = object()


@filling
def random_(
    self: Tensor, from_: int = _UNGIVEN, to: int | None = _UNGIVEN, *,
    generator: Generator | None = None, **old: int,
) -> Tensor:  # fmt: skip
    """Whole numbers: all the dtype can count to, [0, to), or [from, to) (``to`` None: no end)."""
    low = _start("random_", from_, old)
    source = source_of(generator)
    node = "Random1" if to is _UNGIVEN else "Random"
    if low is _UNGIVEN and to is _UNGIVEN:
        if self.dtype in dtypes.BARE:
            kind = type_name(self.dtype)
            raise NotImplementedError(f"\"random_kernel_cpu\" not implemented for '{kind}'")
        require_real(self.dtype, "random_kernel_cpu")
        full = source.random_full(_count(self), self.dtype.np)
        return _fill(self, Buffer.copying(full), "random_", "Random2")
    if to is _UNGIVEN:
        low, to = 0, low
    low, high = 0 if low is _UNGIVEN else int(low), None if to is None else int(to)
    memory = whole_numbers(source, _count(self), self.dtype, low, high)
    return _fill(self, memory, "random_", node)


@filling
def bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Generator | None = None) -> Tensor:
    """1 with probability ``p`` (a number or a tensor of them), else 0."""
    source = source_of(generator)
    require_real(self.dtype, f"bernoulli_{'tensor' if isinstance(p, Tensor) else 'scalar'}_cpu_")
    if isinstance(p, Tensor):
        events = source.bernoulli_each(chances_of(p, tuple(self.shape)))
    else:
        require_chance(p)
        events = source.bernoulli(_count(self), float(p))
    node = "Bernoulli1" if isinstance(p, Tensor) else "Bernoulli2"
    return _fill(self, Buffer.copying(events.astype(self.dtype.np)), "bernoulli_", node)


@filling
def exponential_(self: Tensor, lambd: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Waiting times between events that come ``lambd`` times a unit."""
    if not self.dtype.is_floating_point:
        raise RuntimeError(
            "Exponential distribution is a continuous probability distribution. dtype must be a "
            f"floating point but you specified {type_name(self.dtype)}"
        )
    if not lambd > 0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={lambd:g}")
    memory = drawing.exponential(source_of(generator), _count(self), self.dtype, float(lambd))
    return _fill(self, memory, "exponential_")


@filling
def geometric_(self: Tensor, p: float, *, generator: Generator | None = None) -> Tensor:
    """Tries until the first success, where each succeeds with probability ``p``."""
    if not 0 < p < 1:
        raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p:g}")
    if self.dtype is dtypes.bool_:
        raise NotImplementedError("\"geometric_cpu\" not implemented for 'Bool'")
    require_real(self.dtype, "geometric_cpu")
    numbers = source_of(generator).geometric(_count(self), self.dtype.np, float(p))
    return _fill(self, Buffer.copying(numbers), "geometric_")


@filling
def cauchy_(
    self: Tensor, median: float = 0.0, sigma: float = 1.0, *, generator: Generator | None = None
) -> Tensor:
    """Cauchy's distribution: ratios of two normal numbers, moved and scaled."""
    if not self.dtype.is_floating_point:
        raise RuntimeError(
            "Cauchy distribution is a continuous probability distribution. dtype must be a "
            f"floating point but you specified {c_name(self.dtype)}"
        )
    if not sigma > 0:
        raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma:g}")
    numbers = source_of(generator).cauchy(_count(self), self.dtype.np, float(median), float(sigma))
    return _fill(self, Buffer.copying(numbers), "cauchy_")


@filling
def log_normal_(
    self: Tensor, mean: float = 1.0, std: float = 2.0, *, generator: Generator | None = None
) -> Tensor:
    """e to the power of normal numbers."""
    if not std > 0:
        raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std:g}")
    kind = real_kind(self.dtype, "log_normal_cpu")
    numbers = source_of(generator).log_normal(_count(self), kind.np, float(mean), float(std))
    return _fill(self, Buffer.copying(numbers), "log_normal_")


METHODS: dict[str, Any] = {
    "uniform_": uniform_, "normal_": normal_, "random_": random_, "bernoulli_": bernoulli_,
    "bernoulli": bernoulli, "multinomial": multinomial,
    "exponential_": exponential_, "geometric_": geometric_, "cauchy_": cauchy_,
    "log_normal_": log_normal_,
}  # fmt: skip
