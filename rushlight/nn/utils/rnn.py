"""Sequences of different lengths: padded to one array, or packed step by step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from rushlight.tensor import Tensor, as_tensor, cat, named, tensor
from rushlight.tensor.at_once import padded

__all__ = [
    "PackedSequence", "invert_permutation", "pack_padded_sequence", "pack_sequence",
    "pad_packed_sequence", "pad_sequence", "unpack_sequence", "unpad_sequence",
]  # fmt: skip


class _Fields(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(_Fields):
    """Steps one after another: of each step the samples that are that long, the longest first.

    ``data`` (sum of batch_sizes, *); ``batch_sizes`` (T) int64 on the CPU; ``sorted_indices`` and
    ``unsorted_indices``: from the user's order of samples to falling lengths and back, or None.
    """

    def __new__(
        cls,
        data: Tensor,
        batch_sizes: Tensor | None = None,
        sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> PackedSequence:
        if batch_sizes is None and isinstance(data, (list, tuple)):
            data, batch_sizes = data
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)  # type: ignore[arg-type]

    def __repr__(self) -> str:
        pairs = zip(self._fields, self, strict=True)
        return f"PackedSequence({', '.join(f'{name}={value!r}' for name, value in pairs)})"

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """As Tensor.to of ``data``."""
        data = self.data.to(*args, **kwargs)  # type: ignore[attr-defined]
        return self if data is self.data else self._replace(data=data)

    def _cast(self, name: str) -> PackedSequence:
        data = getattr(self.data, name)()
        return self if data is self.data else self._replace(data=data)

    def cpu(self, *args: Any, **kwargs: Any) -> PackedSequence:
        return self

    def pin_memory(self) -> PackedSequence:
        return self

    def double(self) -> PackedSequence:
        return self._cast("double")

    def float(self) -> PackedSequence:
        return self._cast("float")

    def half(self) -> PackedSequence:
        return self._cast("half")

    def long(self) -> PackedSequence:
        return self._cast("long")

    def int(self) -> PackedSequence:
        return self._cast("int")

    def short(self) -> PackedSequence:
        return self._cast("short")

    def char(self) -> PackedSequence:
        return self._cast("char")

    def byte(self) -> PackedSequence:
        return self._cast("byte")

    @property
    def is_cuda(self) -> bool:
        return False

    def is_pinned(self) -> bool:
        return False


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The permutation that undoes one; None stays None."""
    return None if permutation is None else permutation.argsort()  # type: ignore[attr-defined, no-any-return]


def _lengths(lengths: Any) -> list[int]:
    values = lengths.tolist() if isinstance(lengths, Tensor) else list(lengths)  # type: ignore[attr-defined]
    return [int(each) for each in values]


def _rows(x: Tensor, places: np.ndarray[Any, Any]) -> Tensor:
    """Rows of the first two axes, flattened."""
    flat = x.reshape(x.shape[0] * x.shape[1], *x.shape[2:])  # type: ignore[attr-defined]
    return flat.index_select(0, tensor(places))  # type: ignore[no-any-return]


def pack_padded_sequence(
    input: Tensor, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """input (T, N, *), or (N, T, *) with ``batch_first``, and the length of each sample.

    >>> import rushlight as torch
    >>> torch.nn.utils.rnn.pack_padded_sequence(torch.tensor([[1, 2], [3, 0]]), [2, 1]).data
    tensor([1, 2, 3])
    """
    sizes = _lengths(lengths)
    order = None
    if not enforce_sorted:
        order = as_tensor(lengths).to(named("int64")).sort(descending=True)[1]  # type: ignore[attr-defined]
        input = input.index_select(0 if batch_first else 1, order)  # type: ignore[attr-defined]
        sizes = [sizes[place] for place in order.tolist()]
    if batch_first:
        input = input.transpose(0, 1)  # type: ignore[attr-defined]
    if input.numel() == 0:  # type: ignore[attr-defined]
        raise RuntimeError("Cannot pack empty tensors.")
    if len(sizes) != input.shape[1]:
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {len(sizes)} "
            f"(batch_size={input.shape[1]})"
        )
    if any(a < b for a, b in pairwise(sizes)):
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You "
            "can pass `enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to "
            "sidestep this requirement if you do not need ONNX exportability."
        )
    if sizes[-1] <= 0:
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' "
            "that is <= 0"
        )
    if sizes[0] > input.shape[0]:
        raise RuntimeError(
            f"pack_padded_sequence: a sample is {sizes[0]} steps long, the input has only "
            f"{input.shape[0]}"
        )
    mask = np.arange(sizes[0])[:, None] < np.asarray(sizes)[None, :]
    data = _rows(input, np.flatnonzero(mask))
    return PackedSequence(data, tensor(mask.sum(1)), order, None)


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """(padded (T, N, *), lengths (N)): the way back from ``pack_padded_sequence``."""
    sizes = np.asarray(sequence.batch_sizes.tolist())  # type: ignore[attr-defined]
    steps = len(sizes)
    if total_length is not None:
        if total_length < steps:
            raise ValueError(
                "Expected total_length to be at least the length of the longest sequence in input, "
                f"but got total_length={total_length} and max sequence length being {steps}"
            )
        sizes = np.pad(sizes, (0, total_length - steps))
    mask = np.arange(sizes[0])[None, :] < sizes[:, None]
    places = np.zeros(mask.size, np.int64)
    places[np.flatnonzero(mask)] = np.arange(len(sequence.data))
    data = sequence.data
    rows = data.index_select(0, tensor(places))  # type: ignore[attr-defined]
    rows = rows.reshape(*mask.shape, *data.shape[1:])
    seen = tensor(mask).reshape(*mask.shape, *([1] * (data.ndim - 1)))  # type: ignore[attr-defined]
    # Filled by choice, not by multiplication: what is beyond the end may be nan.
    out = rows if mask.all() else rows.masked_fill(~seen, padding_value)
    lengths = tensor(mask.sum(0))
    if batch_first:
        out = out.transpose(0, 1)
    order = sequence.unsorted_indices
    if order is not None:
        return out.index_select(0 if batch_first else 1, order), lengths[order]
    return out, lengths


def pad_sequence(
    sequences: Any, batch_first: bool = False, padding_value: float = 0.0,
    padding_side: str = "right",
) -> Tensor:  # fmt: skip
    """A list of (T_k, *) as one (T, N, *), or (N, T, *), filled up with ``padding_value``."""
    if not isinstance(sequences, Iterable):
        raise RuntimeError(
            "pad_sequence: Expected iterable for input sequences, but got arg of type: "
            f"{type(sequences)}"
        )
    parts: Sequence[Any] = (
        sequences.unbind(0) if isinstance(sequences, Tensor) else tuple(sequences)  # type: ignore[attr-defined]
    )
    if not parts:
        raise RuntimeError("received an empty list of sequences")
    if padding_side not in ("left", "right"):
        raise RuntimeError(
            f"Expected padding_side to be one of left or right, but got {padding_side}."
        )
    longest = max(part.shape[0] for part in parts)
    rest = parts[0].shape[1:]
    for part in parts:
        for axis, (a, b) in enumerate(zip(rest, part.shape[1:], strict=True), 1):
            if a != b:
                raise RuntimeError(
                    f"The size of tensor a ({a}) must match the size of tensor b ({b}) at "
                    f"non-singleton dimension {axis}"
                )
    left = padding_side == "left"
    made = padded(parts, longest, padding_value, left=left, batch_first=batch_first)
    if made is not None:
        return made
    filled = []
    for part in parts:
        missing = longest - part.shape[0]
        if missing:
            fill = part.new_full((missing, *rest), padding_value)
            part = cat([fill, part] if left else [part, fill])
        filled.append(part.to(parts[0].dtype))
    stacked: Tensor = named("stack")(filled, 0 if batch_first else 1)
    return stacked


def unpad_sequence(
    padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False
) -> list[Tensor]:
    """The list that ``pad_sequence`` padded."""
    rows = padded_sequences if batch_first else padded_sequences.transpose(0, 1)  # type: ignore[attr-defined]
    sizes = _lengths(lengths)
    return [row[:size] for row, size in zip(rows, sizes, strict=True)]


def pack_sequence(sequences: Any, enforce_sorted: bool = True) -> PackedSequence:
    """A list of (T_k, *), packed."""
    lengths = [part.shape[0] for part in sequences]
    return pack_padded_sequence(
        pad_sequence(sequences), tensor(lengths), enforce_sorted=enforce_sorted
    )


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The list that ``pack_sequence`` packed."""
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
