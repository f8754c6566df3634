"""torch.utils.data.DataLoader: a data set in batches, shuffled, fetched ahead by workers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any, Generic, TypeVar

from rushlight.base.warn import warn, warn_once
from rushlight.tensor.generator import Generator
from rushlight.utils.data.collate import default_collate, default_convert
from rushlight.utils.data.dataset import Dataset, IterableDataset
from rushlight.utils.data.iterators import BaseDataLoaderIter, SingleProcessIter
from rushlight.utils.data.sampler import (
    BatchSampler,
    EndlessSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
)
from rushlight.utils.data.shared_stream import SharedStream
from rushlight.utils.data.worker_info import get_worker_info as get_worker_info

T_co = TypeVar("T_co", covariant=True)
# What libraries annotate their own loaders with.
_worker_init_fn_t = Callable[[int], None]
_collate_fn_t = Callable[[list[Any]], Any]

# Their meaning is fixed when the loader is made.
FIXED = ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers")


class DataLoader(Generic[T_co]):
    """Iterates over a data set in batches.

    With ``num_workers`` > 0 that many processes fetch ahead, ``prefetch_factor`` batches each
    (2 by default). The order of samples, the random numbers drawn and the workers' seeds are
    PyTorch's for the same seed. An exception in a worker is raised here with the worker's
    traceback in its text; a worker that dies gives a RuntimeError that names it.

    >>> from rushlight.utils.data import DataLoader
    >>> [len(batch) for batch in DataLoader(range(10), batch_size=4)]
    [4, 4, 2]
    """

    def __init__(
        self,
        dataset: Dataset[T_co],
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Sampler[Any] | Iterable[Any] | None = None,
        batch_sampler: Sampler[list[Any]] | Iterable[list[Any]] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], Any] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        _check_numbers(num_workers, timeout, prefetch_factor, persistent_workers)
        if multiprocessing_context is not None:
            if num_workers == 0:
                raise ValueError(
                    "multiprocessing_context can only be used with multi-process loading "
                    f"(num_workers > 0), but got num_workers={num_workers}"
                )
            # Wrong names are errors now, not later.
            _workers_module().start_context(multiprocessing_context)
        self.is_stream = isinstance(dataset, IterableDataset)
        if self.is_stream:
            if isinstance(dataset, SharedStream):
                if shuffle is not None:
                    dataset.shuffling = bool(shuffle)
                shuffle = None  # its own affair
            _check_stream_options(shuffle, sampler, batch_sampler)
        if sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError(
                    "batch_sampler option is mutually exclusive with batch_size, shuffle, "
                    "sampler, and drop_last"
                )
            batch_size = None
        elif batch_size is None and drop_last:
            raise ValueError(
                "batch_size=None option disables auto-batching and is mutually exclusive with "
                "drop_last"
            )
        if sampler is None:
            if self.is_stream:
                sampler = EndlessSampler()
            elif shuffle:
                sampler = RandomSampler(dataset, generator=generator)  # type: ignore[arg-type]
            else:
                sampler = SequentialSampler(dataset)  # type: ignore[arg-type]
        if batch_size is not None and batch_sampler is None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.dataset = dataset
        self.num_workers = num_workers
        self.prefetch_factor = 2 if num_workers > 0 and prefetch_factor is None else prefetch_factor
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.in_order = in_order
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.generator = generator
        self.batched = batch_sampler is not None
        default = default_collate if self.batched else default_convert
        self.collate_fn = default if collate_fn is None else collate_fn
        self.persistent_workers = persistent_workers
        self.length_told: int | None = None  # what len() said of a stream
        self._iterator: Any = None
        _warn_of_many_workers(num_workers)
        self._ready = True

    def __setattr__(self, name: str, value: Any) -> None:
        if name in FIXED and getattr(self, "_ready", False):
            raise ValueError(
                f"{name} attribute should not be set after {type(self).__name__} is initialized"
            )
        super().__setattr__(name, value)

    @property
    def index_sampler(self) -> Iterable[Any]:
        """What gives the indices of each fetch: lists of them with batches, single ones without."""
        source = self.batch_sampler if self.batched else self.sampler
        assert source is not None
        return source

    def __iter__(self) -> BaseDataLoaderIter:
        if self.pin_memory:
            warn_once(
                "'pin_memory' argument is set as true but no accelerator is found, "
                "then device pinned memory won't be used.",
            )
        if self.num_workers == 0:
            return SingleProcessIter(self)
        if not self.persistent_workers:
            return self._with_workers()
        if self._iterator is None or not self._iterator.shutdown.alive:
            self._iterator = self._with_workers()
        else:
            self._iterator.restart(self)
        return self._iterator

    def _with_workers(self) -> BaseDataLoaderIter:
        made: BaseDataLoaderIter = _workers_module().WorkersIter(self)
        return made

    def __len__(self) -> int:
        if not self.is_stream:
            return len(self.index_sampler)  # type: ignore[arg-type]
        length = self.length_told = len(self.dataset)  # type: ignore[arg-type]
        if self.batch_size is None:
            return length
        return length // self.batch_size if self.drop_last else -(-length // self.batch_size)


def __getattr__(name: str) -> Any:
    """PyTorch's name of the iterator with workers, for whoever asks whether one is of it."""
    if name == "_MultiProcessingDataLoaderIter":
        return _workers_module().WorkersIter
    raise AttributeError(f"module 'torch.utils.data.dataloader' has no attribute '{name}'")


_BaseDataLoaderIter, _SingleProcessDataLoaderIter = BaseDataLoaderIter, SingleProcessIter


def _workers_module() -> Any:
    """What needs multiprocessing: a tenth of our start-up time, and most loaders do without."""
    return import_module("rushlight.utils.data.workers")


def _check_numbers(
    num_workers: int, timeout: float, prefetch_factor: int | None, persistent_workers: bool
) -> None:
    if num_workers < 0:
        raise ValueError(
            "num_workers option should be non-negative; "
            "use num_workers=0 to disable multiprocessing."
        )
    if timeout < 0:
        raise ValueError("timeout option should be non-negative")
    if num_workers == 0 and prefetch_factor is not None:
        raise ValueError(
            "prefetch_factor option could only be specified in multiprocessing. "
            "let num_workers > 0 to enable multiprocessing, otherwise set prefetch_factor to None."
        )
    if prefetch_factor is not None and prefetch_factor < 1:
        raise ValueError(f"prefetch_factor option should be positive, got {prefetch_factor}")
    if persistent_workers and num_workers == 0:
        raise ValueError("persistent_workers option needs num_workers > 0")


def _check_stream_options(shuffle: object, sampler: object, batch_sampler: object) -> None:
    options = {"sampler": sampler, "batch_sampler": batch_sampler}
    if shuffle:
        options = {"shuffle": shuffle} | options
    for name, value in options.items():
        if value is not None:
            raise ValueError(
                f"DataLoader with IterableDataset: expected unspecified {name} option, "
                f"but got {name}={value}"
            )


def _warn_of_many_workers(workers: int) -> None:
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    if workers > cores:
        warn(
            f"This DataLoader will create {workers} worker processes in total. Our suggested max "
            f"number of worker in current system is {cores}, which is smaller than what this "
            "DataLoader is going to create. Please be aware that excessive worker creation might "
            "get DataLoader running slow or even freeze, lower the worker number to avoid "
            "potential slowness/freeze if necessary.",
        )
