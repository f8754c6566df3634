"""Whether a write would change what is being read, by PyTorch's rule."""

from __future__ import annotations

from rushlight.ops.layout import Layout

# What is said where a result would be written over what it is computed from.
OVERLAP = (
    "unsupported operation: some elements of the input tensor and the written-to tensor refer to "
    "a single memory location. Please clone() the tensor before performing the operation."
)


def overlaps(written: Layout, read: Layout, wholly: bool) -> bool:
    """Whether two looks at one storage meet other than in the very same elements in the same order,
    or at all if ``wholly``.

    As in PyTorch (``assert_no_partial_overlap``), tensors with gaps or repeated elements are not
    looked at.
    """
    if not (written.dense and read.dense and written.numel and read.numel):
        return False
    end, other_end = written.offset + written.numel, read.offset + read.numel
    meet = written.offset < other_end and read.offset < end
    # Strides of axes of size 1 count too: x[:1, 0] and x.view(-1)[:1] are no "same" place.
    same = (written.offset, end, written.strides) == (read.offset, other_end, read.strides)
    return meet and (wholly or not same)
