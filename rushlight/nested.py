"""``torch.nested``: tensors of rows of unequal length, which are not there.

Every name says so and what to do instead.
"""

from __future__ import annotations

from typing import Any, NoReturn

_INSTEAD = (
    "Rushlight has no nested tensors; pad with torch.nn.utils.rnn.pad_sequence and mask the padding"
)


def nested_tensor(tensor_list: Any, **settings: Any) -> NoReturn:
    """NotImplementedError."""
    raise NotImplementedError(f"torch.nested.nested_tensor: {_INSTEAD}")


def as_nested_tensor(ts: Any, **settings: Any) -> NoReturn:
    """NotImplementedError."""
    raise NotImplementedError(f"torch.nested.as_nested_tensor: {_INSTEAD}")


def nested_tensor_from_jagged(values: Any, *rest: Any, **settings: Any) -> NoReturn:
    """NotImplementedError."""
    raise NotImplementedError(f"torch.nested.nested_tensor_from_jagged: {_INSTEAD}")


def narrow(tensor: Any, *rest: Any, **settings: Any) -> NoReturn:
    """NotImplementedError."""
    raise NotImplementedError(f"torch.nested.narrow: {_INSTEAD}")


def to_padded_tensor(input: Any, padding: float, output_size: Any = None) -> NoReturn:
    """NotImplementedError."""
    raise NotImplementedError(f"torch.nested.to_padded_tensor: {_INSTEAD}")


__all__ = [
    "as_nested_tensor", "narrow", "nested_tensor", "nested_tensor_from_jagged", "to_padded_tensor",
]  # fmt: skip
