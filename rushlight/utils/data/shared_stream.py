"""Streams that a DataLoader may mix, and that worker processes share out among themselves.

What torchtext's data pipes do: ``.shuffle().set_shuffle(False).sharding_filter()``.
"""

from __future__ import annotations

import random
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from rushlight.utils.data.dataset import IterableDataset
from rushlight.utils.data.randomness import draw_seed, seeded
from rushlight.utils.data.worker_info import get_worker_info

_HELD = 10_000  # samples that are mixed with each other


class SharedStream(IterableDataset[Any]):
    """Define ``read()``. ``DataLoader(stream, shuffle=True)`` mixes what it gives; each of several
    workers takes every n-th sample, so that all together give each once.
    """

    shuffling = False
    seed: int | None = None  # of the next pass

    @abstractmethod
    def read(self) -> Iterable[Any]:
        """All samples, in their order."""

    def reseed(self, shared: int) -> None:
        """Order the next pass by a number that all workers know."""
        self.seed = draw_seed(seeded(shared))

    def __iter__(self) -> Iterator[Any]:
        samples: Iterator[Any] = iter(self.read())
        if self.shuffling:
            seed, self.seed = draw_seed() if self.seed is None else self.seed, None
            samples = mixed(samples, random.Random(seed))
        worker = get_worker_info()
        if worker is not None:
            samples = islice(samples, worker.id, None, worker.num_workers)
        return samples


def mixed(samples: Iterator[Any], chance: random.Random) -> Iterator[Any]:
    """Each sample, in the place of one of the ``_HELD`` that are held back.

    >>> list(mixed(iter(range(5)), random.Random(0)))
    [3, 4, 0, 2, 1]
    """
    held: list[Any] = []
    for sample in samples:
        if len(held) < _HELD:
            held.append(sample)
            continue
        place = chance.randint(0, len(held) - 1)
        taken, held[place] = held[place], sample
        yield taken
    while held:
        yield held.pop(chance.randint(0, len(held) - 1))
