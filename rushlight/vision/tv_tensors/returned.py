"""set_return_type: what operations on a kind give."""

from __future__ import annotations

from collections.abc import Iterator

from rushlight.tensor.overrides import listen
from rushlight.vision.tv_tensors.kinds import TVTensor

_KNOWN = {"tensor": False, "tvtensor": True}
_kept = [False]


class set_return_type:
    """With "TVTensor" operations on a kind give that kind, with "Tensor" (the default) tensors.

    Holds from now on, or as a context until its end. Raises ValueError for another word.

    >>> from rushlight.vision.tv_tensors import Mask
    >>> mask = Mask([[1, 0]])
    >>> with set_return_type("TVTensor"):
    ...     type(mask + 1).__name__
    'Mask'
    >>> type(mask + 1).__name__
    'Tensor'
    """

    def __init__(self, return_type: str) -> None:
        if return_type.lower() not in _KNOWN:
            raise ValueError(f"return_type must be 'TVTensor' or 'Tensor', got {return_type}")
        self._before = _kept[0]
        _switch(_KNOWN[return_type.lower()])

    def __enter__(self) -> set_return_type:
        return self

    def __exit__(self, *details: object) -> None:
        _switch(self._before)


def are_kept() -> bool:
    """Whether ``set_return_type("TVTensor")`` holds."""
    return _kept[0]


def _switch(kept: bool) -> None:
    _kept[0] = kept
    if kept:
        listen()
    for kind in _kinds(TVTensor):
        # A kind of the user's that overrides operations goes on doing so.
        if kind.__module__.partition(".")[0] == "rushlight":
            kind._plain = not kept  # type: ignore[attr-defined]


def _kinds(base: type[TVTensor]) -> Iterator[type[TVTensor]]:
    yield base
    for kind in base.__subclasses__():
        yield from _kinds(kind)
