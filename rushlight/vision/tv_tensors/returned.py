"""set_return_type: what operations on a kind give."""

from __future__ import annotations

from types import TracebackType


class set_return_type:
    """``set_return_type("Tensor")``: operations give plain tensors, as they always do here.

    Raises NotImplementedError for "TVTensor"; ``wrap`` gives a result its kind back.

    >>> with set_return_type("tensor"):
    ...     pass
    """

    def __init__(self, return_type: str) -> None:
        known = {"tensor": False, "tvtensor": True}
        if return_type.lower() not in known:
            raise ValueError(f"return_type must be 'TVTensor' or 'Tensor', got {return_type}")
        if known[return_type.lower()]:
            raise NotImplementedError(
                "set_return_type('TVTensor'): operations give plain tensors; "
                "tv_tensors.wrap(result, like=image) gives the kind back"
            )

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None
