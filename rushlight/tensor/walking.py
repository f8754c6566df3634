"""Which backward passes a thread is in."""

from __future__ import annotations

import threading


class _Running(threading.local):
    """For each pass, innermost last: whether it is one for chosen tensors."""

    def __init__(self) -> None:
        self.chosen: list[bool] = []


running = _Running()


def takes_inputs() -> bool:
    """Whether the running backward pass is one for chosen tensors: autograd.grad or ``inputs=``."""
    return bool(running.chosen) and running.chosen[-1]
