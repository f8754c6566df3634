"""An exception in a worker, carried to the main process with its traceback as text."""

from __future__ import annotations

import pickle
import traceback
from typing import NoReturn

from rushlight.base.record import Record


class KeyErrorText(str):
    """A text that KeyError prints with its line breaks: it shows ``repr`` of its argument."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class Failure(Record):
    """What went wrong in a worker: picklable whatever the exception was."""

    kind: type[BaseException]
    text: str

    @classmethod
    def of(cls, error: BaseException, worker: int) -> Failure:
        """The failure that ``error`` was in that worker."""
        details = "".join(traceback.format_exception(error))
        text = (
            f"Caught {type(error).__name__} in DataLoader worker process {worker}.\n"
            f"Original {details}"
        )
        try:
            pickle.dumps(type(error))
        except (pickle.PicklingError, AttributeError, TypeError):  # a class inside a function
            return cls(RuntimeError, text)
        return cls(type(error), text)

    def reraise(self) -> NoReturn:
        """Raise the worker's exception here; RuntimeError if it cannot be made from a text."""
        if self.kind is KeyError:
            raise KeyError(KeyErrorText(self.text))
        try:
            error = self.kind(self.text)
        except Exception:  # the user's class may ask for anything
            raise RuntimeError(self.text) from None
        raise error
