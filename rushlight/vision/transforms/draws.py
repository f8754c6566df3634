"""Random choices of the transforms, drawn from torch's generator as torchvision draws them.

torchvision draws in torch's default dtype: after ``set_default_dtype(float64)`` a number takes two
words of the generator, and other numbers come out.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from rushlight.base import dtype as dtypes
from rushlight.tensor.generator import default_generator

FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)


def single() -> bool:
    """Whether numbers are drawn in float32, not in float64.

    Raises NotImplementedError for other default dtypes.
    """
    default = dtypes.get_default_dtype()
    if default is dtypes.float32:
        return True
    if default is dtypes.float64:
        return False
    raise NotImplementedError(
        f"random transforms with the default dtype {default}: they draw in float32 or float64"
    )


def number(value: float) -> np.floating[Any]:
    """``value`` rounded as a tensor of the default dtype rounds it."""
    return np.float32(value) if single() else np.float64(value)


def _word() -> int:
    """The generator's next word: what one number is made of."""
    return int(default_generator.engine.words(1)[0])


def uniform(low: float = 0.0, high: float = 1.0) -> float:
    """``torch.empty(1).uniform_(low, high).item()``; with the defaults ``torch.rand(1)``."""
    if not single():
        return _uniform64() * (high - low) + low
    part = (_word() & 0xFF_FFFF) * 2.0**-24
    if low == 0.0 and high == 1.0:
        return part
    start = np.float32(low)
    return float(np.float32(part * float(np.float32(high) - start) + float(start)))


def uniforms(*shape: int) -> npt.NDArray[np.floating[Any]]:
    """``torch.rand(shape)``."""
    kind = FLOAT32 if single() else FLOAT64
    return default_generator.uniform(math.prod(shape), kind).reshape(shape).astype(kind, copy=False)


def integer(high: int) -> int:
    """``torch.randint(0, high, (1,)).item()``, for sizes of images (``high`` below 2**28)."""
    return _word() % high


def permutation(count: int) -> list[int]:
    """``torch.randperm(count).tolist()``, for a few."""
    order = list(range(count))
    for place, word in enumerate(default_generator.engine.words(max(count - 1, 0)).tolist()):
        other = place + word % (count - place)
        order[place], order[other] = order[other], order[place]
    return order


def normals(*shape: int) -> npt.NDArray[np.floating[Any]]:
    """``torch.empty(shape, dtype=torch.float32).normal_()``."""
    drawn = default_generator.normal(math.prod(shape), FLOAT32).reshape(shape)
    return drawn.astype(FLOAT32, copy=False)


def chance(p: float) -> bool:
    """``torch.rand(1) < p``: compared in the default dtype, as a tensor is."""
    return uniform() < float(number(p))


def words(count: int, each: int) -> npt.NDArray[np.uint32]:
    """(count, each) words of the generator: what so many draws one by one are made of."""
    return default_generator.engine.words(count * each).reshape(count, each)


def uniforms_of(drawn: npt.NDArray[np.uint32]) -> npt.NDArray[np.float32]:
    """What ``uniform()`` makes of the words."""
    return (drawn & np.uint32(0xFF_FFFF)).astype(np.float32) * np.float32(2.0**-24)


def _gamma(alpha: float) -> float:
    """One gamma variate, in the order of draws of PyTorch (Marsaglia and Tsang, 2000)."""
    scale = 1.0
    if alpha < 1.0:
        scale = (1.0 - _uniform64()) ** (1.0 / alpha)
        alpha += 1.0
    d = alpha - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    while True:
        v = 0.0
        while v <= 0.0:
            x = float(default_generator.normal(1, FLOAT64)[0])
            v = 1.0 + c * x
        v = v * v * v
        u = 1.0 - _uniform64()
        if u < 1.0 - 0.0331 * x**4 or math.log(u) < 0.5 * x * x + d * (1.0 - v + math.log(v)):
            return scale * d * v


def _uniform64() -> float:
    return float(default_generator.uniform(1, FLOAT64)[0])


def dirichlet(alphas: list[float], count: int) -> npt.NDArray[np.floating[Any]]:
    """(count, len(alphas)): ``torch._sample_dirichlet`` of rows of ``alphas``."""
    rows = [
        [max(_gamma(alpha), np.finfo(np.float64).tiny) for alpha in alphas] for _ in range(count)
    ]
    drawn = np.array(rows, np.float64)
    kind = np.float32 if single() else np.float64
    parts = (drawn / drawn.sum(axis=1, keepdims=True)).astype(kind)
    return np.clip(parts, np.finfo(kind).tiny, np.nextafter(kind(1), kind(0)))
