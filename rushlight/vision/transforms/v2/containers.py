"""Transforms of v2 that hold others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rushlight.tensor.generator import default_generator
from rushlight.vision.transforms import draws
from rushlight.vision.transforms.v2.transform import Transform

Transforms = Sequence[Callable[..., Any]]


class _Holder(Transform):
    """``transforms``, at least one."""

    def __init__(self, transforms: Transforms) -> None:
        super().__init__()
        if not isinstance(transforms, Sequence):
            raise TypeError("Argument transforms should be a sequence of callables")
        if not transforms:
            raise ValueError("Pass at least one transform")
        self.transforms = transforms

    def run(self, chosen: Transforms, inputs: tuple[Any, ...]) -> Any:
        """One after the other."""
        several = len(inputs) > 1
        for each in chosen:
            given = each(*inputs)
            inputs = given if several else (given,)
        return inputs if several else inputs[0]

    def extra_repr(self) -> str:
        return "\n".join(f"    {each}" for each in self.transforms)


class Compose(_Holder):
    """Transforms one after the other."""

    def forward(self, *inputs: Any) -> Any:
        return self.run(self.transforms, inputs)


class RandomApply(_Holder):
    """All of the transforms, or with probability 1 - p none."""

    def __init__(self, transforms: Transforms, p: float = 0.5) -> None:
        super().__init__(transforms)
        if not 0.0 <= p <= 1.0:
            raise ValueError("`p` should be a floating point value in the interval [0.0, 1.0].")
        self.p = p

    def forward(self, *inputs: Any) -> Any:
        return self.run(self.transforms if draws.chance(self.p) else (), inputs)


class RandomChoice(_Holder):
    """One of the transforms."""

    def __init__(self, transforms: Transforms, p: Sequence[float] | None = None) -> None:
        super().__init__(transforms)
        chances = [1.0] * len(transforms) if p is None else list(p)
        if len(chances) != len(transforms):
            raise ValueError(
                "Length of p doesn't match the number of transforms: "
                f"{len(chances)} != {len(transforms)}"
            )
        self.p = [each / sum(chances) for each in chances]

    def forward(self, *inputs: Any) -> Any:
        weights = np.array([self.p], np.float32)
        place = int(default_generator.multinomial(weights, 1, False)[0, 0])
        return self.run(self.transforms[place : place + 1], inputs)

    def extra_repr(self) -> str:
        return Transform.extra_repr(self)


class RandomOrder(_Holder):
    """All of the transforms, in random order."""

    def forward(self, *inputs: Any) -> Any:
        order = draws.permutation(len(self.transforms))
        return self.run([self.transforms[place] for place in order], inputs)

    def extra_repr(self) -> str:
        return Transform.extra_repr(self)
