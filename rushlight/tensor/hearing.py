"""Who hears of calls in a thread, of ``__torch_function__``: see tensor/overrides.py."""

from __future__ import annotations

import threading
from typing import Any


class _Hearing(threading.local):
    def __init__(self) -> None:
        self.enabled = True  # whether sub-classes of Tensor are asked
        self.modes: list[Any] = []  # the innermost one last


hearing = _Hearing()
