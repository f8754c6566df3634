"""What the transforms have in common, and the ones that hold others."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from rushlight.nn import Module
from rushlight.utils.data.arrays import wrap
from rushlight.vision.transforms import draws
from rushlight.vision.transforms.convert import tensor_array, to_tensor
from rushlight.vision.transforms.normalize import normalize, normalize_in_place
from rushlight.vision.transforms.operations import get_dimensions


class Transform(Module):
    """A transform that may stand in an nn.Sequential; called without a module's ceremony."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.forward(*args, **kwargs)

    def forward(self, img: Any) -> Any:
        """Transform one image."""
        raise NotImplementedError(f"{type(self).__name__} has no forward")


class Chosen(Transform):
    """A transform that makes its choices before it sees a pixel."""

    def choose(self, height: int, width: int) -> Any:
        """What is drawn for an image of that size; None leaves it as it is."""
        raise NotImplementedError(f"{type(self).__name__} has no choose")

    def change(self, img: Any, choice: Any) -> Any:
        """The image after what was drawn."""
        raise NotImplementedError(f"{type(self).__name__} has no change")

    def forward(self, img: Any) -> Any:
        _, height, width = get_dimensions(img)
        choice = self.choose(height, width)
        return img if choice is None else self.change(img, choice)


class ToTensor:
    """A PIL image or (H, W, C) array of bytes -> (C, H, W) floats in [0, 1]."""

    def __call__(self, pic: Any) -> Any:
        return to_tensor(pic)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class Normalize(Transform):
    """(image - mean) / std, a value of each per channel; tensors only."""

    def __init__(self, mean: Sequence[float], std: Sequence[float], inplace: bool = False) -> None:
        super().__init__()
        self.mean = mean
        self.std = std
        self.inplace = inplace

    def forward(self, tensor: Any) -> Any:
        return normalize(tensor, self.mean, self.std, self.inplace)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(mean={self.mean}, std={self.std})"


def _normalized(img: Any, steps: Iterator[Callable[[Any], Any]]) -> Any:
    """The image as a tensor after the next of ``steps``: the usual pair, on one array."""
    values, following = tensor_array(img), next(steps, None)
    if type(following) is Normalize and values.dtype.kind == "f":
        return wrap(normalize_in_place(values, following.mean, following.std))
    return wrap(values) if following is None else following(wrap(values))


class Compose:
    """Transforms one after the other.

    >>> Compose([ToTensor(), Normalize((0.5,), (0.5,))])
    Compose(
        ToTensor()
        Normalize(mean=(0.5,), std=(0.5,))
    )
    """

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        self.transforms = transforms

    def __call__(self, img: Any) -> Any:
        steps = iter(self.transforms)
        for step in steps:
            img = _normalized(img, steps) if type(step) is ToTensor else step(img)
        return img

    def __repr__(self) -> str:
        lines = "".join(f"\n    {each}" for each in self.transforms)
        return f"{type(self).__name__}({lines}\n)"


class Lambda:
    """A function as a transform."""

    def __init__(self, lambd: Callable[[Any], Any]) -> None:
        if not callable(lambd):
            raise TypeError(f"Argument lambd should be callable, got {type(lambd).__name__!r}")
        self.lambd = lambd

    def __call__(self, img: Any) -> Any:
        return self.lambd(img)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class RandomApply(Transform):
    """All of the transforms, or with probability 1 - p none of them."""

    def __init__(self, transforms: Sequence[Callable[[Any], Any]], p: float = 0.5) -> None:
        super().__init__()
        self.transforms = transforms
        self.p = p

    def forward(self, img: Any) -> Any:
        if draws.number(self.p) < draws.uniform():
            return img
        for step in self.transforms:
            img = step(img)
        return img

    def __repr__(self) -> str:
        lines = "".join(f"\n    {each}" for each in self.transforms)
        return f"{type(self).__name__}(\n    p={self.p}{lines}\n)"


class RandomChoice:
    """One of the transforms, chosen by Python's ``random`` as in torchvision."""

    def __init__(
        self, transforms: Sequence[Callable[[Any], Any]], p: Sequence[float] | None = None
    ) -> None:
        if p is not None and not isinstance(p, Sequence):
            raise TypeError("Argument p should be a sequence")
        self.transforms = transforms
        self.p = p

    def __call__(self, img: Any) -> Any:
        return random.choices(self.transforms, weights=self.p)[0](img)

    def __repr__(self) -> str:
        lines = "".join(f"\n    {each}" for each in self.transforms)
        return f"{type(self).__name__}({lines}\n)(p={self.p})"


class RandomOrder:
    """All of the transforms in random order (Python's ``random``, as in torchvision)."""

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        self.transforms = transforms

    def __call__(self, img: Any) -> Any:
        order = list(range(len(self.transforms)))
        random.shuffle(order)
        for place in order:
            img = self.transforms[place](img)
        return img

    def __repr__(self) -> str:
        lines = "".join(f"\n    {each}" for each in self.transforms)
        return f"{type(self).__name__}({lines}\n)"
