"""Random numbers under ``vmap``: none, the same for every sample, or others for each."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from rushlight.engine.samples import SampleTrace
from rushlight.engine.trace import local
from rushlight.engine.value import meta_of
from rushlight.tensor.argument_kinds import checked
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function

_RANDOM_ERROR = (
    "vmap: called random operation while in randomness error mode. Please either use the 'same' or "
    "'different' randomness flags on vmap or perform the randomness operation out of vmap"
)


def require_drawable() -> None:
    """Raise where ``vmap`` wants nothing drawn, or others for each sample: not done here."""
    trace = local.trace
    if not isinstance(trace, SampleTrace):
        return
    if trace.randomness == "error":
        raise RuntimeError(_RANDOM_ERROR)
    if trace.randomness == "different":
        raise NotImplementedError(
            "vmap(randomness='different') of a function that draws into a tensor: add or "
            "multiply numbers of torch.rand_like, randn_like or dropout instead"
        )


def per_sample(draw: Callable[[tuple[int, ...]], Tensor]) -> Tensor:
    """``draw(sizes)``: random numbers (*sizes, *shape). Under ``vmap`` they are for one sample, the
    same or others for each as it was asked to."""
    trace = local.trace
    if not isinstance(trace, SampleTrace):
        return draw(())
    if trace.randomness == "error":
        raise RuntimeError(_RANDOM_ERROR)
    same = trace.randomness == "same"
    size = trace.size
    with trace.suspended():
        drawn = per_sample(draw if same else lambda sizes: draw((*sizes, size)))
    if same:
        return drawn
    value = drawn._read_value()
    return Tensor._of(trace.take(value, meta_of(value.meta.shape[1:], value.meta.dtype)))


def drawn_from(draw: Callable[[Tensor], Tensor], tensor: Tensor) -> Tensor:
    """``draw(tensor)`` under ``vmap``, where ``draw`` needs numbers that differ between samples.

    It is called with those of all samples, (size, *shape), and gives (size, ...).
    """
    trace = local.trace
    assert isinstance(trace, SampleTrace)
    if trace.randomness == "error":
        raise RuntimeError(_RANDOM_ERROR)
    if trace.randomness == "same":
        raise RuntimeError(
            "Vmap does not currently support same randomness with a batched tensor input. Please "
            "file an issue with functorch"
        )
    whole = Tensor._of(trace.spread(tensor._read_value()))
    with trace.suspended():
        value = draw(whole)._read_value()
    return Tensor._of(trace.take(value, meta_of(value.meta.shape[1:], value.meta.dtype)))


def filling(fill: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """``fill(tensor, ...)``, which draws into a tensor, under ``vmap`` too."""

    @functools.wraps(fill)
    def filled(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if self._value.meta.shell:
            self._writable(fill.__name__)
            return self
        if not isinstance(local.trace, SampleTrace) or any(
            isinstance(each, Tensor) for each in args
        ):
            return fill(self, *args, **kwargs)
        shape, kind = tuple(self.shape), self.dtype

        def draw(sizes: tuple[int, ...]) -> Tensor:
            return fill(function("_constant")((*sizes, *shape), 0, kind), *args, **kwargs)

        self._writable(fill.__name__)
        self._assign(per_sample(draw))
        return self

    return checked(filled, fill.__name__)


def for_each(sizes: tuple[int, ...], draw: Callable[[], Tensor]) -> Tensor:
    """``draw()`` once for each place of ``sizes``."""
    if not sizes:
        return draw()
    arrays = [draw()._array() for _ in range(math.prod(sizes))]
    return Tensor._from_array(np.stack(arrays).reshape((*sizes, *arrays[0].shape)))
