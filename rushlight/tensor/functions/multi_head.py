"""F.multi_head_attention_forward: projections, masks and heads around one attention.

Letters: T positions of the query, S of the keys, N samples, E features, H heads, D = E / H.
"""

from __future__ import annotations

import math
from typing import Any

from rushlight.base.warn import warn
from rushlight.tensor.functions.dropout import dropout
from rushlight.tensor.functions.padding import pad
from rushlight.tensor.functions.products import scaled_dot_product_attention
from rushlight.tensor.functions.register import public
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


def _is_bool(mask: Any) -> bool:
    return mask.dtype.name == "bool"


def _none_or_dtype(input: Any) -> Any:
    """The dtype of a tensor, None of None. Raises RuntimeError for what is neither."""
    if input is None:
        return None
    if isinstance(input, Tensor):
        return input.dtype
    raise RuntimeError("input to _none_or_dtype() must be None or torch.Tensor")


def _canonical_mask(
    mask: Any, mask_name: str, other_type: Any, other_name: str, target_type: Any,
    check_other: bool = True,
) -> Any:  # fmt: skip
    """A mask as floats that are added: -inf where a bool mask says True (not looked at)."""
    if mask is None:
        return None
    if not _is_bool(mask) and not mask.dtype.is_floating_point:
        raise AssertionError(f"only bool and floating types of {mask_name} are supported")
    if check_other and other_type is not None and mask.dtype is not other_type:
        warn(
            f"Support for mismatched {mask_name} and {other_name} is deprecated. Use same type for "
            "both instead."
        )
    if not _is_bool(mask):
        return mask
    zeros = function("_constant")(tuple(mask.shape), 0, target_type)
    return zeros.masked_fill(mask, -math.inf)


def _mha_shape_check(
    query: Any, key: Any, value: Any, key_padding_mask: Any, attn_mask: Any, num_heads: int
) -> bool:
    """Whether there is an axis of samples."""
    padding, mask, heads = key_padding_mask, attn_mask, num_heads
    if query.dim() == 3:
        words, rank = "batched (3-D)", 3
    elif query.dim() == 2:
        words, rank = "unbatched (2-D)", 2
    else:
        raise AssertionError(
            "query should be unbatched 2D or batched 3D tensor but received "
            f"{query.dim()}-D query tensor"
        )
    if key.dim() != rank or value.dim() != rank:
        raise AssertionError(
            f"For {words} `query`, expected `key` and `value` to be {rank}-D but found "
            f"{key.dim()}-D and {value.dim()}-D tensors respectively"
        )
    if padding is not None and padding.dim() != rank - 1:
        raise AssertionError(
            f"For {words} `query`, expected `key_padding_mask` to be `None` or {rank - 1}-D but "
            f"found {padding.dim()}-D tensor instead"
        )
    if mask is not None and mask.dim() not in (2, 3):
        raise AssertionError(
            f"For {words} `query`, expected `attn_mask` to be `None`, 2-D or 3-D but found "
            f"{mask.dim()}-D tensor instead"
        )
    if rank == 2 and mask is not None and mask.dim() == 3:
        expected = (heads, query.shape[0], key.shape[0])
        if tuple(mask.shape) != expected:
            raise AssertionError(
                f"Expected `attn_mask` shape to be {expected} but got {tuple(mask.shape)}"
            )
    return rank == 3


def _projected(
    query: Any, key: Any, value: Any, weights: tuple[Any, Any, Any] | None, weight: Any, bias: Any
) -> tuple[Any, Any, Any]:
    """query, key and value through their input projections."""
    biases = (None, None, None) if bias is None else bias.chunk(3)
    if weights is not None:
        return _in_projection(query, key, value, *weights, *biases)
    q, k, v = _in_projection_packed(query, key, value, weight, bias)
    return q, k, v


def _in_projection(
    q: Any, k: Any, v: Any, w_q: Any, w_k: Any, w_v: Any, b_q: Any = None, b_k: Any = None,
    b_v: Any = None,
) -> tuple[Any, Any, Any]:  # fmt: skip
    """q (*, E), k (*, K), v (*, V) through matrices (E, E), (E, K), (E, V): each (*, E)."""
    linear = function("linear")
    return linear(q, w_q, b_q), linear(k, w_k, b_k), linear(v, w_v, b_v)


def _in_projection_packed(q: Any, k: Any, v: Any, w: Any, b: Any = None) -> list[Any]:
    """q, k, v (*, E) through one matrix w (3 E, E) and its bias b (3 E): each (*, E)."""
    linear = function("linear")
    E = q.shape[-1]
    if k is v and q is k:
        return list(linear(q, w, b).split(E, -1))
    if k is v:
        mixed = linear(q, w[:E], None if b is None else b[:E])
        return [mixed, *linear(k, w[E:], None if b is None else b[E:]).split(E, -1)]
    biases = (None, None, None) if b is None else b.chunk(3)
    return [linear(*each) for each in zip((q, k, v), w.chunk(3), biases, strict=True)]


def _attn_mask_3d(mask: Any, T: int, S: int, rows: int) -> Any:
    if mask.dim() == 2:
        if tuple(mask.shape) != (T, S):
            raise RuntimeError(
                f"The shape of the 2D attn_mask is {mask.shape}, but should be {(T, S)}."
            )
        return mask.unsqueeze(0)
    if tuple(mask.shape) != (rows, T, S):
        raise RuntimeError(
            f"The shape of the 3D attn_mask is {mask.shape}, but should be {(rows, T, S)}."
        )
    return mask


def _heads(x: Any, given: Any, name: str, N: int, H: int, D: int) -> Any:
    """(S, N, E) as (N H, S, D), or what the caller gives in that form."""
    if given is None:
        return x.reshape(x.shape[0], N * H, D).transpose(0, 1)
    if given.size(0) != N * H:
        raise AssertionError(f"expecting {name}.size(0) of {N * H}, but got {given.size(0)}")
    if given.size(2) != D:
        raise AssertionError(f"expecting {name}.size(2) of {D}, but got {given.size(2)}")
    return given


@public(torch=False, functional=True)
def multi_head_attention_forward(
    query: Any, key: Any, value: Any, embed_dim_to_check: int, num_heads: int,
    in_proj_weight: Any, in_proj_bias: Any, bias_k: Any, bias_v: Any, add_zero_attn: bool,
    dropout_p: float, out_proj_weight: Any, out_proj_bias: Any, training: bool = True,
    key_padding_mask: Any = None, need_weights: bool = True, attn_mask: Any = None,
    use_separate_proj_weight: bool = False, q_proj_weight: Any = None, k_proj_weight: Any = None,
    v_proj_weight: Any = None, static_k: Any = None, static_v: Any = None,
    average_attn_weights: bool = True, is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:  # fmt: skip
    """query (T, N, E), key and value (S, N, ..), or without N -> (T, N, E), weights (N, T, S).

    Weights are (N, H, T, S) unless they are averaged, None unless they are needed.
    """
    batched = _mha_shape_check(query, key, value, key_padding_mask, attn_mask, num_heads)
    if not batched:
        same, pair = query is key, key is value
        query = query.unsqueeze(1)
        key = query if same else key.unsqueeze(1)
        value = key if pair else value.unsqueeze(1)
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
    T, N, E = query.shape
    S = key.shape[0]
    padding = _canonical_mask(
        key_padding_mask, "key_padding_mask", _none_or_dtype(attn_mask), "attn_mask", query.dtype
    )
    if is_causal and attn_mask is None:
        raise RuntimeError(
            "Need attn_mask if specifying the is_causal hint. You may use the Transformer module "
            "method `generate_square_subsequent_mask` to create this mask."
        )
    if is_causal and padding is None and not need_weights:
        mask = None  # the hint is as good
    else:
        mask = _canonical_mask(attn_mask, "attn_mask", None, "", query.dtype, False)
        is_causal = is_causal and padding is None
    if embed_dim_to_check != E:
        raise AssertionError(
            f"was expecting embedding dimension of {embed_dim_to_check}, but got {E}"
        )
    D = E // num_heads
    if D * num_heads != E:
        raise AssertionError(f"embed_dim {E} not divisible by num_heads {num_heads}")
    weights = None
    if use_separate_proj_weight:
        weights = (q_proj_weight, k_proj_weight, v_proj_weight)
        if key.shape[:2] != value.shape[:2]:
            raise AssertionError(
                f"key's sequence and batch dims {key.shape[:2]} do not match value's "
                f"{value.shape[:2]}"
            )
    elif key.shape != value.shape:
        raise AssertionError(f"key shape {key.shape} does not match value shape {value.shape}")
    q, k, v = _projected(query, key, value, weights, in_proj_weight, in_proj_bias)
    if mask is not None:
        mask = _attn_mask_3d(mask, T, S, N * num_heads)
    cat = function("cat")
    if bias_k is not None and bias_v is not None:
        if static_k is not None or static_v is not None:
            raise AssertionError("bias cannot be added to static key or value.")
        k = cat([k, bias_k.repeat(1, N, 1)])
        v = cat([v, bias_v.repeat(1, N, 1)])
        mask = None if mask is None else pad(mask, (0, 1))
        padding = None if padding is None else pad(padding, (0, 1))
    rows = N * num_heads
    q = q.reshape(T, rows, D).transpose(0, 1)
    k = _heads(k, static_k, "static_k", N, num_heads, D)
    v = _heads(v, static_v, "static_v", N, num_heads, D)
    if add_zero_attn:
        k = cat([k, k.new_zeros((rows, 1, D))], 1)
        v = cat([v, v.new_zeros((rows, 1, D))], 1)
        mask = None if mask is None else pad(mask, (0, 1))
        padding = None if padding is None else pad(padding, (0, 1))
    S = k.shape[1]
    if padding is not None:
        if padding.shape[0] != N:
            raise AssertionError(
                f"Expected key_padded_mask.shape[0] to be {N}, but got {padding.shape[0]}"
            )
        if padding.shape[1] != S:
            raise AssertionError(
                f"Expected key_padded_mask.shape[1] to be {S}, but got {padding.shape[1]}"
            )
        wide = padding.reshape(N, 1, 1, S).expand(-1, num_heads, -1, -1).reshape(rows, 1, S)
        mask = wide if mask is None else mask + wide
    p = dropout_p if training else 0.0
    if need_weights:
        scores = function("bmm")(q * math.sqrt(1.0 / D), k.transpose(1, 2))
        scores = scores if mask is None else scores + mask
        looked = scores.softmax(-1)
        looked = dropout(looked, p) if p > 0.0 else looked
        out = function("bmm")(looked, v).transpose(0, 1).reshape(T * N, E)
    else:
        if mask is not None:
            whole = mask.size(0) == 1 and mask.dim() == 3
            mask = mask.unsqueeze(0) if whole else mask.reshape(N, num_heads, mask.shape[1], S)
        rows_of = (N, num_heads, S, D)
        attended: Any = scaled_dot_product_attention(
            q.reshape(N, num_heads, T, D), k.reshape(rows_of), v.reshape(rows_of), mask, p,
            is_causal,
        )  # fmt: skip
        out = attended.permute(2, 0, 1, 3).reshape(T * N, E)
    out = function("linear")(out, out_proj_weight, out_proj_bias)
    out = out.reshape(T, N, out.shape[1])
    if not need_weights:
        return (out if batched else out.squeeze(1)), None
    looked = looked.reshape(N, num_heads, T, S)
    if average_attn_weights:
        looked = looked.mean(1)
    return (out, looked) if batched else (out.squeeze(1), looked.squeeze(0))
