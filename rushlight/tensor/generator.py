"""Streams of random numbers: ``torch.Generator``, the default one, and its state."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.base import dtype as dtypes
from rushlight.engine.trace import local
from rushlight.runtime import generator as streams
from rushlight.tensor.device import CPU, require_cpu
from rushlight.tensor.random_samples import require_drawable
from rushlight.tensor.tensor import Tensor


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

    def __setstate__(self, state: Any) -> None:
        """As pickled by ourselves, or (seed, offset, state) as files of PyTorch have it."""
        if len(state) == 3:
            self.set_state(state[2])
        else:
            super().__setstate__(state)


default_generator = Generator()
default_generator.seed()  # another stream in every process, until manual_seed


Generator.__module__ = "torch._C"  # what PyTorch prints


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


def source_of(generator: Generator | None) -> Generator:
    """The generator to draw from. Raises where ``vmap`` wants nothing drawn, or not this way."""
    if local.trace.abstract:
        require_drawable()
    if generator is None:
        return default_generator
    if not isinstance(generator, Generator):
        raise TypeError(
            f"argument 'generator' must be torch.Generator, not {type(generator).__name__}"
        )
    return generator
