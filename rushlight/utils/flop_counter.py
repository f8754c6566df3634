"""``torch.utils.flop_counter``: counting operations by dispatch, which is not part of Rushlight."""

from __future__ import annotations

from typing import Any, NoReturn


class FlopCounterMode:
    """Raises NotImplementedError. ``rushlight profile SCRIPT`` counts what each kernel does."""

    def __new__(cls, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotImplementedError(
            "FlopCounterMode: operations are not dispatched one by one in Rushlight; "
            "'rushlight profile SCRIPT' says how many floating-point operations each kernel does"
        )


__all__ = ["FlopCounterMode"]
