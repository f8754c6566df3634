"""Names with an underscore that torch itself has: what compiled and sharded programs call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rushlight.base.dtype import bool_, uint8
from rushlight.base.dtype import dtype as DType
from rushlight.base.shape import normalize_dim
from rushlight.tensor.functions.dynamic import index_put
from rushlight.tensor.functions.native_norm import native_batch_norm
from rushlight.tensor.functions.padding import pad
from rushlight.tensor.functions.register import public
from rushlight.tensor.kinds import convert
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


@public(name="_softmax_backward_data", out=True)
def softmax_backward_data(grad_output: Any, output: Any, dim: int, input_dtype: DType) -> Any:
    """The gradient through softmax along ``dim``, of which ``output`` came."""
    if input_dtype.itemsize < 4:  # computed in float32
        grad_output, output = grad_output.float(), output.float()
    product = grad_output * output
    return convert(product - output * product.sum(dim, keepdim=True), input_dtype)


@public(name="_log_softmax_backward_data", out=True)
def log_softmax_backward_data(grad_output: Any, output: Any, dim: int, input_dtype: DType) -> Any:
    """The gradient through log_softmax along ``dim``, of which ``output`` came."""
    return convert(grad_output - output.exp() * grad_output.sum(dim, keepdim=True), input_dtype)


@public(name="_safe_softmax")
def safe_softmax(input: Any, dim: int, dtype: DType | None = None) -> Any:
    """softmax, with 0 and not nan where all along ``dim`` are -inf."""
    made: Any = input
    if input.dtype.is_floating_point:
        nothing = made.detach().eq(float("-inf")).all(dim, keepdim=True)
        return function("softmax")(made.masked_fill(nothing, 0), dim, dtype).masked_fill(nothing, 0)
    return function("softmax")(made, dim, dtype)


@public(name="_chunk_cat", out=True)
def chunk_cat(tensors: Sequence[Any], dim: int, num_chunks: int) -> Any:
    """Each tensor in ``num_chunks`` parts along ``dim``, padded with zeros where it does not come
    out even; the parts of all side by side, flat: (*leading, num_chunks, *).

    >>> import rushlight as torch
    >>> torch._chunk_cat([torch.tensor([1, 2, 3]), torch.tensor([7, 8])], 0, 2)
    tensor([[1, 2, 7],
            [3, 0, 8]])
    """
    axis = _chunk_axis(tensors, dim, num_chunks)
    parts = []
    for each in tensors:
        size = each.shape[axis]
        missing = -size % num_chunks
        wide: Any = pad(each, (0, 0) * (each.ndim - axis - 1) + (0, missing))
        parts.append(wide.reshape(*each.shape[:axis], num_chunks, -1))
    made: Tensor = function("cat")(parts, axis + 1)
    return made


def _chunk_axis(tensors: Sequence[Any], dim: int, num_chunks: int) -> int:
    if num_chunks < 1:
        raise RuntimeError(f"_chunk_cat expects positive num_chunks, got {num_chunks}")
    if not tensors:
        raise RuntimeError("_chunk_cat expects a non-empty input tensor list")
    ndims = {each.ndim for each in tensors}
    if dim < 0 and len(ndims) > 1:
        raise RuntimeError(
            "_chunk_cat expects non-negative dim when input tensors have different ndims: "
            f"{sorted(ndims)}"
        )
    axis = normalize_dim(dim, tensors[0].ndim) if dim < 0 else dim
    for each in tensors:
        if not each.numel():
            raise RuntimeError(f"_chunk_cat expects non-empty tensor, got {list(each.shape)}")
        if axis >= each.ndim:
            raise RuntimeError(
                f"_chunk_cat expects dim < ndim for all input tensors, got dim {dim} and "
                f"{list(each.shape)}"
            )
        if each.shape[:axis] != tensors[0].shape[:axis]:
            raise RuntimeError(
                "_chunk_cat expects same sizes of 0,...,dim-1 dimensions for all tensors, got "
                f"{list(tensors[0].shape)} and {list(each.shape)}"
            )
    return axis


def _clamped(indices: Sequence[Any], input: Any) -> list[Any]:
    """Places outside moved to the border; masks, and None for a whole axis, as they are."""
    return [
        each if each is None or each.dtype in (bool_, uint8) else each.clamp(-size, size - 1)
        for each, size in zip(indices, input.shape, strict=False)
    ]


@public(name="_unsafe_masked_index")
def unsafe_masked_index(input: Any, mask: Any, indices: Sequence[Any], fill: Any) -> Any:
    """``input[indices]`` where ``mask`` holds, else ``fill``; there, indices may lie outside."""
    if not input.numel():
        given = [each for each in indices if each is not None]
        return input.new_full(function("broadcast_tensors")(*given)[0].shape, fill)
    places = tuple(slice(None) if p is None else p for p in _clamped(indices, input))
    return input[places].masked_fill(~mask, fill)


@public(name="_unsafe_masked_index_put_accumulate")
def unsafe_masked_index_put_accumulate(
    input: Any, mask: Any, indices: Sequence[Any], values: Any
) -> Any:
    """``values`` where ``mask`` holds, added to ``input`` at ``indices``."""
    if not input.numel():
        return input.clone()
    added = values.masked_fill(~mask, 0)
    made: Tensor = index_put(input, _clamped(indices, input), added, accumulate=True)
    return made


@public(name="_native_batch_norm_legit", out=True)
def native_batch_norm_legit(
    input: Any, weight: Tensor | None, bias: Tensor | None, *rest: Any
) -> tuple[Tensor, Tensor, Tensor]:
    """``native_batch_norm``; without running statistics where ``training`` comes next."""
    statistics = rest if len(rest) == 5 else (None, None, *rest)
    return native_batch_norm(input, weight, bias, *statistics)
