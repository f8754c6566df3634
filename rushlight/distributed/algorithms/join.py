"""``torch.distributed.algorithms.join``: waiting for processes that have more batches than others.

Alone there is nothing to wait for: the ``with`` block runs, and the hooks of its end run once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Any


class JoinHook:
    """What a joined object does for the processes that are still working."""

    def main_hook(self) -> None:
        """Called again and again while others work: never, alone."""

    def post_hook(self, is_last_joiner: bool) -> None:
        """Called when all are done."""


class Joinable(ABC):
    """An object whose work the processes share."""

    @abstractmethod
    def join_hook(self, **kwargs: Any) -> JoinHook:
        """What to do once this process has no more inputs."""

    @property
    @abstractmethod
    def join_device(self) -> Any:
        """Where the processes' messages are made."""

    @property
    @abstractmethod
    def join_process_group(self) -> Any:
        """Which processes."""


class Join:
    """``with Join([model, optimizer]):`` around a loop of as many batches as this process has."""

    def __init__(
        self,
        joinables: list[Joinable],
        enable: bool = True,
        throw_on_early_termination: bool = False,
        **kwargs: Any,
    ) -> None:
        if not joinables:
            raise ValueError("The join context manager requires at least one joinable")
        self._hooks = [each.join_hook(**kwargs) for each in joinables] if enable else []

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            for hook in self._hooks:
                hook.post_hook(True)

    @staticmethod
    def notify_join_context(joinable: Joinable) -> None:
        """Nobody is to be told; None."""


__all__ = ["Join", "JoinHook", "Joinable"]
