"""Batches of a data set, those of like length together."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Iterator as Stream
from typing import Any

from rushlight.base.warn import warn
from rushlight.text.legacy.data.batch import Batch
from rushlight.text.legacy.data.dataset import Dataset
from rushlight.text.legacy.data.shuffler import RandomShuffler

SizeOf = Callable[[Any, int, int], int]
POOL = 100  # how many batches are sorted together


def _count(new: Any, count: int, sofar: int) -> int:
    return count


def batch(
    data: Iterable[Any], batch_size: int, batch_size_fn: SizeOf | None = None
) -> Stream[list[Any]]:
    """Lists of examples whose size does not exceed ``batch_size``.

    ``batch_size_fn(new example, how many there are, size so far)`` is the size, by default how
    many there are.
    """
    size_of = batch_size_fn or _count
    some: list[Any] = []
    size = 0
    for example in data:
        some.append(example)
        size = size_of(example, len(some), size)
        if size == batch_size:
            yield some
            some, size = [], 0
        elif size > batch_size:
            yield some[:-1]
            some, size = some[-1:], size_of(example, 1, 0)
    if some:
        yield some


def pool(
    data: Iterable[Any],
    batch_size: int,
    key: Callable[[Any], Any] | None,
    batch_size_fn: SizeOf | None = _count,
    random_shuffler: Callable[[list[Any]], Any] | None = None,
    shuffle: bool = False,
    sort_within_batch: bool = False,
) -> Stream[list[Any]]:
    """Batches of pieces of a hundred batches each, which are sorted if ``sort_within_batch``, their
    batches in random order if ``shuffle``."""
    shuffler = random_shuffler or (lambda items: random.sample(items, len(items)))
    for piece in batch(data, batch_size * POOL, batch_size_fn):
        examples = sorted(piece, key=key) if sort_within_batch else piece
        batches = list(batch(examples, batch_size, batch_size_fn))
        yield from shuffler(batches) if shuffle else batches


class Iterator:
    """Batches of ``batch_size``: shuffled to train with, sorted by ``sort_key`` to evaluate.

    ``repeat`` goes on for ever. The order comes from Python's ``random`` as it stands now.
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int,
        sort_key: Callable[[Any], Any] | None = None,
        device: Any = None,
        batch_size_fn: SizeOf | None = None,
        train: bool = True,
        repeat: bool = False,
        shuffle: bool | None = None,
        sort: bool | None = None,
        sort_within_batch: bool | None = None,
    ) -> None:
        self.batch_size, self.train, self.dataset = batch_size, train, dataset
        self.batch_size_fn = batch_size_fn
        self.iterations = 0
        self.repeat = repeat
        self.shuffle = train if shuffle is None else shuffle
        self.sort = not train if sort is None else sort
        self.sort_within_batch = self.sort if sort_within_batch is None else sort_within_batch
        self.sort_key = dataset.sort_key if sort_key is None else sort_key
        if isinstance(device, int):
            warn("device should be a torch.device or its name; a number means the CPU here")
            device = None
        self.device = device
        self.random_shuffler = RandomShuffler()
        self.batches: Iterable[list[Any]] = ()
        self._iterations_this_epoch = 0
        self._random_state_this_epoch: Any = None
        self._restored_from_state = False

    @classmethod
    def splits(
        cls, datasets: Sequence[Any], batch_sizes: Sequence[int] | None = None, **kwargs: Any
    ) -> tuple[Any, ...]:
        """One for each data set, the first to train with."""
        sizes = [kwargs.pop("batch_size")] * len(datasets) if batch_sizes is None else batch_sizes
        return tuple(
            cls(dataset, batch_size=sizes[place], train=place == 0, **kwargs)
            for place, dataset in enumerate(datasets)
        )

    def data(self) -> Any:
        """The examples in this epoch's order."""
        if self.sort:
            return sorted(self.dataset, key=self.sort_key)
        if self.shuffle:
            return [self.dataset[place] for place in self.random_shuffler(range(len(self.dataset)))]
        return self.dataset

    def init_epoch(self) -> None:
        """Make the batches of a new epoch, or of one that ``load_state_dict`` goes on with."""
        if self._restored_from_state:
            self.random_shuffler.random_state = self._random_state_this_epoch
        else:
            self._random_state_this_epoch = self.random_shuffler.random_state
        self.create_batches()
        if not self._restored_from_state:
            self._iterations_this_epoch = 0
        self._restored_from_state = False
        if not self.repeat:
            self.iterations = 0

    def create_batches(self) -> None:
        """Set ``batches``."""
        self.batches = batch(self.data(), self.batch_size, self.batch_size_fn)

    @property
    def epoch(self) -> int:
        """How many epochs are behind."""
        return math.floor(self.iterations / len(self))

    def __len__(self) -> int:
        if self.batch_size_fn is not None:
            raise NotImplementedError("Iterator: the number of batches of a size that varies")
        return math.ceil(len(self.dataset) / self.batch_size)

    def __iter__(self) -> Stream[Batch]:
        while True:
            self.init_epoch()
            for place, some in enumerate(self.batches):
                if self._iterations_this_epoch > place:  # behind us when the state was saved
                    continue
                self.iterations += 1
                self._iterations_this_epoch += 1
                if self.sort_within_batch:  # the longest first, as packing wants it
                    if self.sort:
                        some.reverse()
                    else:
                        some.sort(key=self.sort_key, reverse=True)  # type: ignore[arg-type]
                yield Batch(some, self.dataset, self.device)
            if not self.repeat:
                return

    def state_dict(self) -> dict[str, Any]:
        """Where it stands, for ``load_state_dict``."""
        return {
            "iterations": self.iterations,
            "iterations_this_epoch": self._iterations_this_epoch,
            "random_state_this_epoch": self._random_state_this_epoch,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on in the middle of an epoch."""
        self.iterations = state_dict["iterations"]
        self._iterations_this_epoch = state_dict["iterations_this_epoch"]
        self._random_state_this_epoch = state_dict["random_state_this_epoch"]
        self._restored_from_state = True


class BucketIterator(Iterator):
    """Batches of examples of like length, in random order."""

    def create_batches(self) -> None:
        """Set ``batches``."""
        if self.sort:
            super().create_batches()
            return
        self.batches = pool(
            self.data(), self.batch_size, self.sort_key, self.batch_size_fn, self.random_shuffler,
            self.shuffle, self.sort_within_batch,
        )  # fmt: skip


class BPTTIterator(Iterator):
    """One long text in ``batch_size`` columns: ``batch.text`` of ``bptt_len`` rows, and
    ``batch.target``, one word further."""

    def __init__(self, dataset: Any, batch_size: int, bptt_len: int, **kwargs: Any) -> None:
        self.bptt_len = bptt_len
        super().__init__(dataset, batch_size, **kwargs)

    def __len__(self) -> int:
        return math.ceil((len(self.dataset[0].text) / self.batch_size - 1) / self.bptt_len)

    def __iter__(self) -> Stream[Batch]:
        words = self.dataset[0].text
        field = self.dataset.fields["text"]
        field.eos_token = None
        missing = -len(words) % self.batch_size
        numbers = field.numericalize([words + [field.pad_token] * missing], device=self.device)
        columns = numbers.view(self.batch_size, -1).t().contiguous()
        both = Dataset(self.dataset.examples, [("text", field), ("target", field)])
        while True:
            for start in range(0, len(self) * self.bptt_len, self.bptt_len):
                self.iterations += 1
                end = start + min(self.bptt_len, len(columns) - start - 1)
                text, target = columns[start:end], columns[start + 1 : end + 1]
                if field.batch_first:
                    text, target = text.t().contiguous(), target.t().contiguous()
                yield Batch.fromvars(both, self.batch_size, text=text, target=target)
            if not self.repeat:
                return
