"""Random order from a state of Python's ``random`` that is its own."""

from __future__ import annotations

import random
from collections.abc import Sequence
from copy import deepcopy
from typing import Any


class RandomShuffler:
    """``shuffler(data)``: the same things in random order.

    It begins with the state that ``random`` has when it is made (or the one given), and leaves
    that of the program as it is.
    """

    def __init__(self, random_state: Any = None) -> None:
        self._random_state = random.getstate() if random_state is None else random_state

    @property
    def random_state(self) -> Any:
        """Where it stands; may be set."""
        return deepcopy(self._random_state)

    @random_state.setter
    def random_state(self, s: Any) -> None:
        self._random_state = s

    def __call__(self, data: Sequence[Any]) -> list[Any]:
        source = random.Random()
        source.setstate(self._random_state)
        shuffled = source.sample(data, len(data))
        self._random_state = source.getstate()
        return shuffled
