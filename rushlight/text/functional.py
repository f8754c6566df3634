"""torchtext.functional: lists of tokens and numbers, one sample or a batch of them."""

from __future__ import annotations

from typing import Any

from rushlight.base.dtype import dtype as Dtype
from rushlight.base.dtype import int64
from rushlight.nn.utils.rnn import pad_sequence
from rushlight.tensor import Tensor, tensor

__all__ = ["add_token", "str_to_int", "to_tensor", "truncate"]


def is_batch(values: Any, *kinds: type) -> bool:
    """Whether ``values`` is a list of lists. Raises TypeError if it is no list.

    With ``kinds`` all elements have to be of one of them: TypeError if not.
    """
    if not isinstance(values, list):
        raise TypeError(f"Input type not supported: a list was expected, got {type(values)}")
    batch = bool(values) and isinstance(values[0], list)
    elements = [each for row in values if isinstance(row, list) for each in row]
    if batch != all(isinstance(row, list) for row in values) and values:
        raise TypeError("Input type not supported: lists and single elements are mixed")
    if kinds and not any(
        all(isinstance(each, kind) for each in (elements if batch else values)) for kind in kinds
    ):
        names = " or ".join(kind.__name__ for kind in kinds)
        raise TypeError(f"Input type not supported: a list of {names}, or a list of such lists")
    return batch


def to_tensor(input: Any, padding_value: int | None = None, dtype: Dtype = int64) -> Tensor:
    """(L,) from one list of numbers, int64; (N, longest) from several, filled up at the end.

    >>> to_tensor([[1, 2, 3], [4]], padding_value=0).tolist()
    [[1, 2, 3], [4, 0, 0]]
    """
    if not is_batch(input, int):
        return tensor(input, dtype=int64)
    if padding_value is None:
        return tensor(input, dtype=dtype)
    rows = [tensor(row, dtype=dtype) for row in input]
    return pad_sequence(rows, batch_first=True, padding_value=float(padding_value))


def truncate(input: Any, max_seq_len: int) -> Any:
    """The first ``max_seq_len`` of a list, or of each in a batch."""
    if is_batch(input, int, str):
        return [row[:max_seq_len] for row in input]
    return input[:max_seq_len]


def add_token(input: Any, token_id: Any, begin: bool = True) -> Any:
    """``token_id`` before a list (or each in a batch), or behind with ``begin=False``.

    Its type is that of the elements, int or str.

    >>> add_token([[5], [6, 7]], 0)
    [[0, 5], [0, 6, 7]]
    """
    if is_batch(input, str if isinstance(token_id, str) else int):
        return [_with_token(row, token_id, begin) for row in input]
    return _with_token(input, token_id, begin)


def _with_token(row: list[Any], token: Any, begin: bool) -> list[Any]:
    return [token, *row] if begin else [*row, token]


def str_to_int(input: Any) -> Any:
    """Numbers out of their digits: a list, or a batch of them."""
    if is_batch(input, str):
        return [[int(each) for each in row] for row in input]
    return [int(each) for each in input]
