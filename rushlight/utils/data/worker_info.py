"""Which worker of a DataLoader this process is."""

from __future__ import annotations

from typing import Any

from rushlight.base.record import Record


class WorkerInfo(Record):
    """Which worker this process is: see ``get_worker_info``."""

    id: int
    num_workers: int
    seed: int
    dataset: Any


_info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """In a worker process: its ``id``, ``num_workers``, ``seed`` and ``dataset``; None elsewhere.

    A stream uses it to give every worker its own share.
    """
    return _info


def enter(info: WorkerInfo) -> None:
    """This process is that worker from now on."""
    global _info
    _info = info
