"""Random draws for data loading, in PyTorch's order and with its numbers."""

from __future__ import annotations

import random

import numpy as np
import numpy.typing as npt

from rushlight.tensor.generator import Generator, default_generator

INT64 = np.dtype(np.int64)


def draw_seed(generator: Generator | None = None) -> int:
    """A seed for somebody else: ``torch.empty((), dtype=int64).random_()`` of PyTorch."""
    stream = default_generator if generator is None else generator
    return int(stream.random_full(1, INT64)[0])


def seeded(seed: int) -> Generator:
    """A generator of one's own."""
    return Generator().manual_seed(seed)


def permutation(count: int, generator: Generator | None = None) -> list[int]:
    """``torch.randperm(count).tolist()``."""
    stream = default_generator if generator is None else generator
    order: list[int] = stream.permutation(count).tolist()
    return order


def integers(high: int, count: int, generator: Generator) -> list[int]:
    """``torch.randint(high, (count,)).tolist()``."""
    drawn: list[int] = generator.random_integers(count, INT64, 0, high).tolist()
    return drawn


def weighted(
    weights: npt.NDArray[np.float64], count: int, replacement: bool, generator: Generator | None
) -> list[int]:
    """``torch.multinomial(weights, count, replacement).tolist()`` of one row."""
    stream = default_generator if generator is None else generator
    if not np.all(np.isfinite(weights)) or np.any(weights < 0) or not weights.sum() > 0:
        raise RuntimeError(
            "invalid multinomial distribution: weights must be finite, >= 0 and not all zero"
        )
    if not replacement and count > weights.size:
        raise RuntimeError(
            "cannot sample n_sample > prob_dist.size(-1) samples without replacement "
            f"({count} of {weights.size})"
        )
    drawn: list[int] = stream.multinomial(weights.reshape(1, -1), count, replacement)[0].tolist()
    return drawn


def seed_worker(base_seed: int, worker: int) -> int:
    """Seed Python's, NumPy's and our generator in a worker process. Returns the worker's seed."""
    seed = base_seed + worker
    random.seed(seed)
    default_generator.manual_seed(seed)
    # NumPy gets other words, so that its stream is not a copy of Python's.
    entropy = [worker, base_seed & 0xFFFFFFFF, base_seed >> 32, 0]
    np.random.seed(np.random.SeedSequence(entropy).generate_state(4))
    return seed
