"""Groups of samples, dealt to processes in turn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rushlight import distributed
from rushlight.tensor.generator import Generator
from rushlight.utils.data.sampler import Sampler


class DistributedSampler(Sampler[int]):
    """Every ``num_replicas``-th group of ``group_size`` samples in a row, from the ``rank``-th on.

    The first samples come again where the groups do not go round. ``dataset`` may be a sampler:
    then its order is dealt out. Raises ValueError for a data set that is no whole groups.

    >>> list(DistributedSampler(range(6), num_replicas=2, rank=1, group_size=2))
    [2, 3, 0, 1]
    """

    def __init__(
        self,
        dataset: Any,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = False,
        group_size: int = 1,
    ) -> None:
        if num_replicas is None:
            num_replicas = distributed.get_world_size()
        if rank is None:
            rank = distributed.get_rank()
        if len(dataset) % group_size != 0:
            raise ValueError(
                "dataset length must be a multiplier of group size dataset length: "
                f"{len(dataset)}, group size: {group_size}"
            )
        self.dataset = dataset
        self.group_size = group_size
        self.num_replicas = num_replicas
        self.rank = rank
        self.epoch = 0
        groups = len(dataset) // group_size
        self.num_group_samples = -(-groups // num_replicas)
        self.num_samples = self.num_group_samples * group_size
        self.total_size = self.num_samples * num_replicas
        self.shuffle = shuffle

    def __iter__(self) -> Iterator[int]:
        count = len(self.dataset)
        order = list(range(count))
        if self.shuffle:
            order = Generator().manual_seed(self.epoch).permutation(count).tolist()
        order += order[: self.total_size - count]
        size = self.group_size
        groups = [order[start : start + size] for start in range(0, self.total_size, size)]
        chosen = [place for group in groups[self.rank :: self.num_replicas] for place in group]
        if isinstance(self.dataset, Sampler):
            inner = list(self.dataset)
            chosen = [inner[place] for place in chosen]
        return iter(chosen)

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Another order, if shuffled."""
        self.epoch = epoch
