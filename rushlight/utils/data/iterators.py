"""One pass over a DataLoader, in this process."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, final

from rushlight.base.spans import spanned
from rushlight.base.warn import warn
from rushlight.utils.data.fetch import make_fetcher
from rushlight.utils.data.randomness import draw_seed
from rushlight.utils.data.shared_stream import SharedStream

if TYPE_CHECKING:
    from rushlight.utils.data.dataloader import DataLoader


def draw_shared_seed(loader: DataLoader[Any]) -> int | None:
    """What all workers order the stream by, drawn before each pass; None for other data sets."""
    if not isinstance(loader.dataset, SharedStream):
        return None
    shared = draw_seed(loader.generator)
    loader.dataset.reseed(shared)
    return shared


class BaseDataLoaderIter:
    """What both ways share: the order of indices, the count, the warning for wrong lengths."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        # A copy: an iterator that a loader keeps must not keep the loader.
        self.loader = copy.copy(loader)
        self.stream = loader.is_stream
        self.shared_seed = draw_shared_seed(loader)
        # Drawn even where nobody uses it: the random numbers that follow must be PyTorch's.
        self.base_seed = draw_seed(loader.generator)
        self.indices: Iterator[Any] = iter(loader.index_sampler)
        self.yielded = 0

    def __iter__(self) -> Iterator[Any]:
        return self

    def __len__(self) -> int:
        return len(self.loader.index_sampler)  # type: ignore[arg-type]

    def __next__(self) -> Any:
        batch = self.next_batch()
        self.yielded += 1
        if self.stream:
            self._check_length()
        return batch

    def next(self) -> Any:
        """The spelling of Python 2, which pages of before 2022 use."""
        warn(
            "iterator.next() is from Python 2: use next(iterator)",
            DeprecationWarning,
        )
        return next(self)

    def next_batch(self) -> Any:
        """The next batch. Raises StopIteration at the end."""
        raise NotImplementedError

    def _check_length(self) -> None:
        told = self.loader.length_told
        if told is None or self.yielded <= told:
            return
        text = (
            f"Length of IterableDataset {self.loader.dataset} was reported to be {told} "
            f"(when accessing len(dataloader)), but {self.yielded} samples have been fetched. "
        )
        if self.loader.num_workers > 0:
            text += (
                "For multiprocessing data-loading, this could be caused by not properly "
                "configuring the IterableDataset replica at each worker: see "
                "torch.utils.data.get_worker_info."
            )
        warn(text)


spanned(BaseDataLoaderIter.__next__, "enumerate(DataLoader)#{0}.__next__")


@final
class SingleProcessIter(BaseDataLoaderIter):
    """Batches are fetched when they are asked for."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        super().__init__(loader)
        self.fetcher = make_fetcher(
            loader.dataset, self.stream, loader.batched, loader.collate_fn, loader.drop_last
        )

    def next_batch(self) -> Any:
        return self.fetcher.fetch(next(self.indices))
