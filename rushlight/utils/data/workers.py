"""One pass over a DataLoader with worker processes that fetch ahead.

Only a loader with workers imports this: multiprocessing takes a while to import.
"""

from __future__ import annotations

import os
import weakref
from typing import TYPE_CHECKING, Any, final

from rushlight.utils.data.crew import Crew, start_context
from rushlight.utils.data.failure import Failure
from rushlight.utils.data.iterators import BaseDataLoaderIter, draw_shared_seed
from rushlight.utils.data.worker import Job, NewEpoch, StreamEnded

if TYPE_CHECKING:
    from rushlight.utils.data.dataloader import DataLoader


@final
class WorkersIter(BaseDataLoaderIter):
    """Batches are fetched ahead by worker processes and handed out in order.

    Batch k is number k; each worker has at most ``prefetch_factor`` numbers it has not answered.
    """

    def __init__(self, loader: DataLoader[Any]) -> None:
        super().__init__(loader)
        self.workers = loader.num_workers
        self.outstanding = loader.prefetch_factor or 2
        parent = os.getpid()

        def job(worker: int) -> Job:
            return Job(
                loader.dataset, self.stream, loader.batched, loader.collate_fn, loader.drop_last,
                self.base_seed, loader.worker_init_fn, worker, self.workers, parent,
            )  # fmt: skip

        context = start_context(loader.multiprocessing_context)
        self.crew = Crew(context, job, self.workers, self.outstanding)
        self.shutdown = weakref.finalize(self, self.crew.close)
        draw_shared_seed(self.loader)  # PyTorch's draws a second time, for nobody
        self._begin()

    def _shutdown_workers(self) -> None:
        """End them now, and not when the iterator goes; training libraries call it."""
        self.shutdown()

    def _begin(self) -> None:
        self.sent = 0  # number of the next batch to ask for
        self.wanted = 0  # number of the next batch to hand out
        self.turn = 0  # which worker is asked next
        self.asked: dict[int, int] = {}  # number -> worker that was asked
        self.arrived: dict[int, Any] = {}  # number -> batch, ahead of its turn
        self.active = [True] * self.workers
        self.load = [0] * self.workers
        for _ in range(self.outstanding * self.workers):
            self._ask()

    def restart(self, loader: DataLoader[Any]) -> None:
        """Another pass with the same workers."""
        self.loader.length_told = loader.length_told
        self.indices = iter(self.loader.index_sampler)
        self.yielded = 0
        shared = draw_shared_seed(self.loader)
        for worker in range(self.workers):
            self.crew.send(worker, -1, NewEpoch(shared))
        for worker in range(self.workers):
            # Batches that nobody took come before the answer.
            while not isinstance(self.crew.receive(worker, 0)[2], NewEpoch):
                continue
        self._begin()

    def _ask(self) -> None:
        """Ask the worker whose turn it is for the next batch, unless it has its hands full."""
        for step in range(self.workers):
            worker = (self.turn + step) % self.workers
            free = self.load[worker] < self.outstanding
            if self.active[worker] and (free or self.loader.in_order):
                break
        else:
            return
        if not free:
            return  # in order, the turn does not pass on: the others' streams have ended
        try:
            index = next(self.indices)
        except StopIteration:
            return
        self.turn = (worker + 1) % self.workers
        self.crew.send(worker, self.sent, index)
        self.asked[self.sent] = worker
        self.load[worker] += 1
        self.sent += 1

    def next_batch(self) -> Any:
        while True:
            # Numbers that nobody will answer, because that worker's stream ended, are passed over.
            while (
                self.wanted < self.sent
                and self.wanted not in self.arrived
                and not self._will_come(self.wanted)
            ):
                self.asked.pop(self.wanted, None)
                self.wanted += 1
            if self.wanted >= self.sent:
                if not self.loader.persistent_workers:
                    self.shutdown()
                raise StopIteration
            if self.wanted in self.arrived:
                return self._hand_out(self.arrived.pop(self.wanted))
            worker, number, batch = self._receive()
            self.load[worker] -= 1
            if isinstance(batch, StreamEnded):
                self.active[worker] = False
                self.asked.pop(number, None)
                self._ask()
            elif number == self.wanted or not self.loader.in_order:
                self.asked.pop(number, None)
                return self._hand_out(batch, step=number == self.wanted)
            else:
                self.arrived[number] = batch

    def _will_come(self, number: int) -> bool:
        worker = self.asked.get(number)
        return worker is not None and self.active[worker]

    def _receive(self) -> tuple[int, int, Any]:
        worker = self.asked[self.wanted] if self.loader.in_order else None
        try:
            return self.crew.receive(worker, self.loader.timeout)
        except RuntimeError:
            self.shutdown()
            raise

    def _hand_out(self, batch: Any, step: bool = True) -> Any:
        if step:
            self.asked.pop(self.wanted, None)
            self.wanted += 1
        self._ask()
        if isinstance(batch, Failure):
            batch.reraise()
        return batch
