"""Random tensors: PyTorch's CPU streams, drawn on the host when the call is made.

The mt19937 stream is sequential, so the numbers are made at once and enter the trace as data; a
plan never holds any of them. ``manual_seed(s)`` gives the numbers PyTorch gives.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from rushlight.base import dtype as dtypes
from rushlight.base.dtype import dtype as DType
from rushlight.base.dtype import get_default_dtype
from rushlight.ops.view.sizes import sizes
from rushlight.runtime import generator as streams
from rushlight.tensor.device import CPU, require_cpu
from rushlight.tensor.tensor import Tensor, write_out


class Generator(streams.Generator):
    """A stream of random numbers: ``torch.Generator``.

    >>> g = Generator().manual_seed(0)
    >>> g.initial_seed()
    0
    """

    def __init__(self, device: Any = "cpu") -> None:
        require_cpu(device)
        super().__init__(device)

    @property
    def device(self) -> Any:
        return CPU

    def get_state(self) -> Tensor:  # type: ignore[override]
        """All of the state as a uint8 tensor that PyTorch can read."""
        return Tensor._from_array(super().get_state())

    def set_state(self, state: Any) -> Generator:
        """Go on from a state of ``get_state``."""
        if not isinstance(state, Tensor) or state.dtype is not dtypes.uint8:
            raise TypeError("expected a torch.ByteTensor, but got " + type(state).__name__)
        super().set_state(np.array(state._array()))
        return self


default_generator = Generator()
default_generator.seed()  # another stream in every process, until manual_seed


def manual_seed(seed: int) -> Generator:
    """Seed the default generator; returns it."""
    default_generator.manual_seed(int(seed))
    return default_generator


def seed() -> int:
    """Seed the default generator from the operating system; returns the number."""
    return default_generator.seed()


def initial_seed() -> int:
    """The number the default generator was last seeded with."""
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """The default generator's state."""
    return default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Go on from a state of ``get_rng_state``."""
    default_generator.set_state(new_state)


def _source(generator: Generator | None) -> Generator:
    return default_generator if generator is None else generator


def _shape(size: tuple[Any, ...]) -> tuple[int, ...]:
    shape = tuple(int(each) for each in sizes(size))
    if any(each < 0 for each in shape):
        raise RuntimeError(
            f"Trying to create tensor with negative dimension {min(shape)}: {list(shape)}"
        )
    return shape


def _real(dtype: DType | None, who: str) -> DType:
    kind = dtype or get_default_dtype()
    if not kind.is_floating_point:
        raise NotImplementedError(f"\"{who}\" not implemented for '{kind.name.capitalize()}'")
    return kind


def _made(array: np.ndarray[Any, Any], shape: tuple[int, ...], requires_grad: bool) -> Tensor:
    tensor = Tensor._from_array(array.reshape(shape))
    if requires_grad:
        tensor.requires_grad = True
    return tensor


def _sampler(name: str, draw: Callable[[Generator, int, Any], Any], doc: str) -> Any:
    def sample(
        *size: Any, generator: Generator | None = None, out: Tensor | None = None,
        dtype: DType | None = None, layout: Any = None, device: Any = None,
        requires_grad: bool = False, pin_memory: bool = False, names: Any = None,
    ) -> Tensor:  # fmt: skip
        require_cpu(device)
        shape, kind = _shape(size), _real(dtype or (out.dtype if out is not None else None), name)
        array = draw(_source(generator), math.prod(shape), kind.np)
        made = _made(array, shape, requires_grad)
        return made if out is None else write_out(name, out, made)

    sample.__name__ = sample.__qualname__ = name
    sample.__doc__ = doc
    return sample


rand = _sampler("rand", lambda g, n, kind: g.uniform(n, kind), "Uniform numbers in [0, 1).")
randn = _sampler("randn", lambda g, n, kind: g.normal(n, kind), "Normal numbers, mean 0, std 1.")


def randint(
    low: int, high: Any = None, size: Any = None, *, generator: Generator | None = None,
    out: Tensor | None = None, dtype: DType | None = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Whole numbers in [low, high) (int64); ``randint(high, size)`` starts at 0."""
    require_cpu(device)
    if size is None:
        if not isinstance(high, (tuple, list)):
            raise TypeError("randint() received an invalid combination of arguments: needs a size")
        low, high, size = 0, low, high
    low, high = int(low), int(high)
    if low >= high:
        raise RuntimeError(
            f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}"
        )
    kind = dtype or dtypes.int64
    shape = _shape((size,))
    array = _source(generator).random_integers(math.prod(shape), kind.np, low, high)
    made = _made(array, shape, requires_grad)
    return made if out is None else write_out("randint", out, made)


def randperm(
    n: int, *, generator: Generator | None = None, out: Tensor | None = None,
    dtype: DType | None = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """0 to n - 1 in random order (int64)."""
    require_cpu(device)
    if n < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {n}: [{n}]")
    array = _source(generator).permutation(n).astype((dtype or dtypes.int64).np)
    made = _made(array, (n,), requires_grad)
    return made if out is None else write_out("randperm", out, made)


def _like(make: Any, name: str) -> Any:
    def like(
        input: Tensor, *, dtype: DType | None = None, layout: Any = None, device: Any = None,
        requires_grad: bool = False, memory_format: Any = None, generator: Generator | None = None,
    ) -> Tensor:  # fmt: skip
        made: Tensor = make(
            tuple(input.shape), dtype=dtype or input.dtype, device=device,
            requires_grad=requires_grad, generator=generator,
        )  # fmt: skip
        return made

    like.__name__ = like.__qualname__ = name
    like.__doc__ = f"{make.__name__} with the shape and dtype of ``input``."
    return like


rand_like, randn_like = _like(rand, "rand_like"), _like(randn, "randn_like")


def randint_like(
    input: Tensor, low: int, high: int | None = None, *, dtype: DType | None = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """randint with the shape and dtype of ``input``."""
    if high is None:
        low, high = 0, low
    return randint(
        low, high, tuple(input.shape), dtype=dtype or input.dtype, device=device,
        requires_grad=requires_grad,
    )  # fmt: skip


def normal(
    mean: Any = 0.0, std: Any = 1.0, size: Any = None, *, generator: Generator | None = None,
    out: Tensor | None = None, dtype: DType | None = None, device: Any = None,
    requires_grad: bool = False, layout: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Normal numbers; ``mean`` and ``std`` may be tensors that broadcast."""
    if not isinstance(std, Tensor) and std < 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std:g}")
    if isinstance(mean, Tensor) or isinstance(std, Tensor):
        shape = np.broadcast_shapes(
            tuple(mean.shape) if isinstance(mean, Tensor) else (),
            tuple(std.shape) if isinstance(std, Tensor) else (),
        )
        kind = mean.dtype if isinstance(mean, Tensor) else std.dtype
        made = randn(shape, generator=generator, dtype=kind) * std + mean
        return made if out is None else write_out("normal", out, made)
    shape = _shape((size,) if not isinstance(size, int) else ((size,),))
    kind = _real(dtype, "normal")
    array = _source(generator).normal(math.prod(shape), kind.np, float(mean), float(std))
    made = _made(array, shape, requires_grad)
    return made if out is None else write_out("normal", out, made)


def bernoulli(
    input: Tensor, p: float | None = None, *, generator: Generator | None = None,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """1 with the probability each element says (or ``p``), else 0."""
    source, kind = _source(generator), input.dtype
    if p is not None:
        drawn = source.bernoulli(input.numel(), float(p))
    else:
        chances = np.ascontiguousarray(input._array()).reshape(-1)
        if chances.size and not ((chances >= 0) & (chances <= 1)).all():
            raise RuntimeError("Expected p_in >= 0 && p_in <= 1 to be true, but got false.")
        drawn = source.bernoulli_each(chances)
    made = _made(drawn.astype(kind.np), tuple(input.shape), False)
    return made if out is None else write_out("bernoulli", out, made)


def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *,
    generator: Generator | None = None, out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """``num_samples`` indices a row, drawn in proportion to the row's weights."""
    weights = np.array(input._array())
    if weights.ndim not in (1, 2):
        raise RuntimeError("prob_dist must be 1 or 2 dim")
    if not input.dtype.is_floating_point:
        raise RuntimeError(
            "multinomial only supports floating-point dtypes for input, got: "
            f"{input.dtype.name.capitalize()}"
        )
    if num_samples <= 0:
        raise RuntimeError("cannot sample n_sample <= 0 samples")
    if not replacement and num_samples > weights.shape[-1]:
        raise RuntimeError(
            "cannot sample n_sample > prob_dist.size(-1) samples without replacement"
        )
    if not np.isfinite(weights.astype(np.float64)).all() or (weights < 0).any():
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    rows = weights.reshape(-1, weights.shape[-1])
    if (rows.sum(axis=1) <= 0).any():
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
    drawn = _source(generator).multinomial(rows, num_samples, replacement)
    made = _made(drawn, (*weights.shape[:-1], num_samples), False)
    return made if out is None else write_out("multinomial", out, made)


def poisson(input: Tensor, generator: Generator | None = None) -> Tensor:
    """Raises: PyTorch's sampler is not rebuilt here yet."""
    raise NotImplementedError("torch.poisson")


# In-place forms


def _fill(self: Tensor, array: np.ndarray[Any, Any], who: str) -> Tensor:
    self._writable(who)
    self._assign(Tensor._from_array(array.reshape(self.shape)))
    return self


def _in_order(self: Tensor) -> bool:
    return self._storage is None or self._layout.contiguous


def uniform_(
    self: Tensor, from_: float = 0.0, to: float = 1.0, *, generator: Generator | None = None,
    **old: float,
) -> Tensor:  # fmt: skip
    """Uniform numbers in [from, to)."""
    low = float(old.pop("from", from_))
    if low > to:
        raise RuntimeError(
            f"uniform_ expects to return a [from, to) range, but found from={low} > to={to}"
        )
    kind = _real(self.dtype, "uniform_")
    return _fill(
        self, _source(generator).uniform(self.numel(), kind.np, low, float(to)), "uniform_"
    )


def normal_(
    self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None
) -> Tensor:
    """Normal numbers."""
    if std < 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std:g}")
    kind = _real(self.dtype, "normal_kernel_cpu")
    array = _source(generator).normal(
        self.numel(), kind.np, float(mean), float(std), _in_order(self)
    )
    return _fill(self, array, "normal_")


def random_(
    self: Tensor, from_: int | None = None, to: int | None = None, *,
    generator: Generator | None = None, **old: int,
) -> Tensor:  # fmt: skip
    """Whole numbers: all the dtype can count to, [0, to) or [from, to)."""
    low = old.pop("from", from_)
    source, kind = _source(generator), self.dtype.np
    if low is None and to is None:
        return _fill(self, source.random_full(self.numel(), kind), "random_")
    if to is None and "from" not in old:
        low, to = 0, low
    array = source.random_integers(self.numel(), kind, int(low or 0), to)
    return _fill(self, array, "random_")


def bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Generator | None = None) -> Tensor:
    """1 with probability ``p`` (a number or a tensor of them), else 0."""
    source = _source(generator)
    if isinstance(p, Tensor):
        drawn = source.bernoulli_each(np.broadcast_to(p._array(), self.shape).reshape(-1))
    else:
        if not 0 <= p <= 1:
            raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p}")
        drawn = source.bernoulli(self.numel(), float(p))
    return _fill(self, drawn.astype(self.dtype.np), "bernoulli_")


def _one_parameter(name: str) -> Any:
    def method(
        self: Tensor, parameter: float = 1.0, *, generator: Generator | None = None
    ) -> Tensor:
        draw = getattr(_source(generator), name)
        return _fill(self, draw(self.numel(), self.dtype.np, float(parameter)), f"{name}_")

    method.__name__ = method.__qualname__ = f"{name}_"
    return method


def _two_parameters(name: str, first: float, second: float) -> Any:
    def method(
        self: Tensor, a: float = first, b: float = second, *, generator: Generator | None = None
    ) -> Tensor:
        draw = getattr(_source(generator), name)
        return _fill(self, draw(self.numel(), self.dtype.np, float(a), float(b)), f"{name}_")

    method.__name__ = method.__qualname__ = f"{name}_"
    return method


METHODS: dict[str, Any] = {
    "uniform_": uniform_, "normal_": normal_, "random_": random_, "bernoulli_": bernoulli_,
    "bernoulli": bernoulli, "multinomial": multinomial,
    "exponential_": _one_parameter("exponential"), "geometric_": _one_parameter("geometric"),
    "cauchy_": _two_parameters("cauchy", 0.0, 1.0),
    "log_normal_": _two_parameters("log_normal", 1.0, 2.0),
}  # fmt: skip
