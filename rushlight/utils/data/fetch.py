"""Indices in, batch out: the one piece of work that the main process and the workers share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol, final

from rushlight.utils.data.collate import default_collate, is_default


class Fetcher(Protocol):
    """Gets a batch (or one sample, without batches). Raises StopIteration at a stream's end."""

    def fetch(self, index: Any) -> Any: ...


@final
class MapFetcher:
    """Samples of a data set with ``[index]``."""

    def __init__(self, dataset: Any, batched: bool, collate: Callable[[Any], Any]) -> None:
        self.dataset = dataset
        self.batched = batched
        self.collate = collate
        self.whole = getattr(dataset, "fetch_batch", None)
        self.many = getattr(dataset, "__getitems__", None)

    def fetch(self, index: Any) -> Any:
        if not self.batched:
            return self.collate(self.dataset[index])
        if self.whole is not None and self.collate is default_collate and is_default():
            # The data set collates by itself, with the same result.
            batch = self.whole(index)
            if batch is not None:
                return batch
        if self.many:
            return self.collate(self.many(index))
        dataset = self.dataset
        return self.collate([dataset[each] for each in index])


@final
class StreamFetcher:
    """Samples of a data set that is iterated over."""

    def __init__(
        self, dataset: Any, batched: bool, collate: Callable[[Any], Any], drop_last: bool
    ) -> None:
        self.iterator: Iterator[Any] = iter(dataset)
        self.batched = batched
        self.collate = collate
        self.drop_last = drop_last
        self.ended = False

    def fetch(self, index: Any) -> Any:
        if self.ended:
            raise StopIteration
        if not self.batched:
            return self.collate(next(self.iterator))
        samples = []
        for _ in index:
            try:
                samples.append(next(self.iterator))
            except StopIteration:
                self.ended = True
                break
        if not samples or (self.drop_last and len(samples) < len(index)):
            raise StopIteration
        return self.collate(samples)


def make_fetcher(
    dataset: Any, stream: bool, batched: bool, collate: Callable[[Any], Any], drop_last: bool
) -> Fetcher:
    """The fetcher for this kind of data set."""
    if stream:
        return StreamFetcher(dataset, batched, collate, drop_last)
    return MapFetcher(dataset, batched, collate)
