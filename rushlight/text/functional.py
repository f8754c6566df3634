"""torchtext.functional: lists of tokens and numbers, one sample or a batch of them."""

from __future__ import annotations

from typing import Any

from rushlight.base.dtype import dtype as Dtype
from rushlight.base.dtype import int64
from rushlight.nn.utils.rnn import pad_sequence
from rushlight.tensor import Tensor, tensor

__all__ = ["add_token", "str_to_int", "to_tensor", "truncate"]


def is_batch(values: Any) -> bool:
    """Whether ``values`` is a list of lists. Raises TypeError if it is no list."""
    if not isinstance(values, list):
        raise TypeError(f"Input type not supported: a list was expected, got {type(values)}")
    return bool(values) and all(isinstance(each, list) for each in values)


def to_tensor(input: Any, padding_value: int | None = None, dtype: Dtype = int64) -> Tensor:
    """(L,) from one list of numbers, (N, longest) from several, filled up at the end.

    >>> to_tensor([[1, 2, 3], [4]], padding_value=0).tolist()
    [[1, 2, 3], [4, 0, 0]]
    """
    if padding_value is None or not is_batch(input):
        return tensor(input, dtype=dtype)
    rows = [tensor(row, dtype=dtype) for row in input]
    return pad_sequence(rows, batch_first=True, padding_value=float(padding_value))


def truncate(input: Any, max_seq_len: int) -> Any:
    """The first ``max_seq_len`` of a list, or of each in a batch."""
    return [row[:max_seq_len] for row in input] if is_batch(input) else input[:max_seq_len]


def add_token(input: Any, token_id: Any, begin: bool = True) -> Any:
    """``token_id`` before a list (or each in a batch), or behind with ``begin=False``.

    >>> add_token([[5], [6, 7]], 0)
    [[0, 5], [0, 6, 7]]
    """
    if is_batch(input):
        return [add_token(row, token_id, begin) for row in input]
    return [token_id, *input] if begin else [*input, token_id]


def str_to_int(input: Any) -> Any:
    """Numbers out of their digits: a list, or a batch of them."""
    if is_batch(input):
        return [[int(each) for each in row] for row in input]
    return [int(each) for each in input]
