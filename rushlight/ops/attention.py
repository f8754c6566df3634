"""Scaled dot-product attention: a plain composition, of long sequences in blocks of queries.

Letters: T positions of the query, S of the keys, D depth of a head, E of the values.
"""

from __future__ import annotations

import math

from rushlight.base.dtype import bool_
from rushlight.base.dtype import dtype as DType
from rushlight.base.shape import broadcast_shapes
from rushlight.ir import build
from rushlight.ir.build import binary, const, reduce, reshape
from rushlight.ir.graph import Node
from rushlight.ir.loop import loop
from rushlight.ops.activation.softmax import softmax
from rushlight.ops.matmul import matmul, transposed
from rushlight.ops.promote import compute_dtype, require_same_dtype
from rushlight.ops.table import composite

# Longer sequences than this never have all their scores in memory at once.
LONG = 512
BLOCK = 128
# Queries of a causal one whose scores are in memory: what lies above the diagonal is in few bands.
SMALL_BLOCK = 64
# Of a longer causal one: with four parts, 3/8 of the scores are never computed.
PARTS = 4


@composite(torch=False, name="_attention", grad_name="ScaledDotProductAttention")
def attention(
    query: Node, key: Node, value: Node, attn_mask: Node | None, drop_mask: Node | None,
    keep: float, is_causal: bool, scale: float | None, enable_gqa: bool,
) -> Node:  # fmt: skip
    """softmax(query key^T * scale + mask) value.

    query (.., T, D), key (.., S, D), value (.., S, E) -> (.., T, E). ``attn_mask`` (.., T, S):
    bool, True where looked at, or floats that are added. A row that may look nowhere gives 0.
    """
    require_same_dtype("scaled_dot_product_attention", query=query, key=key, value=value)
    for name, x in (("query", query), ("key", key), ("value", value)):
        if x.ndim < 2:
            raise RuntimeError(
                f"scaled_dot_product_attention: Expected {name} to be at least 2D, got {x.ndim}D"
            )
    narrow, wide = query.dtype, compute_dtype(query.dtype)
    if wide is not narrow:
        # Half-precision scores of some size would be weights of a few per cent more or less.
        query, key, value = (build.cast(x, wide) for x in (query, key, value))
        if attn_mask is not None and attn_mask.dtype is not bool_:
            _require_mask_dtype(attn_mask, narrow)
            attn_mask = build.cast(attn_mask, wide)
    out = _attended(query, key, value, attn_mask, drop_mask, keep, is_causal, scale, enable_gqa)
    return build.cast(out, narrow)


def _attended(
    query: Node, key: Node, value: Node, attn_mask: Node | None, drop_mask: Node | None,
    keep: float, is_causal: bool, scale: float | None, enable_gqa: bool,
) -> Node:  # fmt: skip
    if enable_gqa:
        key, value = _per_query_head(query, key), _per_query_head(query, value)
    factor = 1 / math.sqrt(max(query.shape[-1], 1)) if scale is None else scale
    if min(query.shape[-2], key.shape[-2]) > LONG:
        if is_causal and attn_mask is None and drop_mask is None:
            return _causal(query, key, value, factor)
        return _in_blocks(query, key, value, attn_mask, drop_mask, keep, is_causal, factor)
    scaled = binary("mul", query, const(factor, query.shape, query.dtype))
    if is_causal and attn_mask is None and query.shape[-2] >= 2 * SMALL_BLOCK:
        return _below_diagonal(scaled, key, value, drop_mask, keep)
    scores: Node = matmul(scaled, transposed(key))
    weights = _dropped(
        _weights(scores, _mask(scores, attn_mask, is_causal), is_causal=is_causal), drop_mask, keep
    )
    out: Node = matmul(weights, value)
    return out


def _below_diagonal(
    scaled: Node, key: Node, value: Node, drop_mask: Node | None, keep: float
) -> Node:
    """Causal attention in bands of ``SMALL_BLOCK`` queries, each without the keys none of it sees.

    Of n bands (n - 1) / 2n of the scores are never computed, nor are their gradients.
    """
    T, S = scaled.shape[-2], key.shape[-2]
    parts = []
    for first in range(0, T, SMALL_BLOCK):
        last = min(first + SMALL_BLOCK, T)
        seen = min(last, S)
        scores: Node = matmul(_between(scaled, first, last), transposed(_between(key, 0, seen)))
        drop = None if drop_mask is None else _between(drop_mask, first, last, seen)
        weights = _dropped(
            _weights(scores, _causal_mask(scores, first), is_causal=True), drop, keep
        )
        parts.append(matmul(weights, _between(value, 0, seen)))
    return build.cat(parts, parts[0].ndim - 2)


def _dropped(weights: Node, drop_mask: Node | None, keep: float) -> Node:
    if drop_mask is None:
        return weights
    kept = build.cast(drop_mask, weights.dtype)
    kept = binary("div", kept, const(keep, kept.shape, kept.dtype))
    return binary("mul", weights, kept)


def _causal(query: Node, key: Node, value: Node, factor: float) -> Node:
    """In a few parts, of which each leaves out the keys that none of its queries sees."""
    T, S = query.shape[-2], key.shape[-2]
    size = -(-T // (PARTS * BLOCK)) * BLOCK
    parts = []
    for first in range(0, T, size):
        last = min(first + size, T)
        seen = min(last, S)
        keys, values = _between(key, 0, seen), _between(value, 0, seen)
        queries = _between(query, first, last)
        parts.append(_in_blocks(queries, keys, values, None, None, 1.0, True, factor, first))
    return parts[0] if len(parts) == 1 else build.cat(parts, parts[0].ndim - 2)


def _between(x: Node, first: int, last: int, columns: int | None = None) -> Node:
    """Rows ``first`` to ``last`` of (.., T, F), the first ``columns`` of each (or all)."""
    none = (0,) * (x.ndim - 2)
    shape = (*x.shape[:-2], last - first, x.shape[-1] if columns is None else columns)
    return build.slice(x, (*none, first, 0), shape, (1,) * x.ndim)


def _in_blocks(
    query: Node, key: Node, value: Node, attn_mask: Node | None, drop_mask: Node | None,
    keep: float, is_causal: bool, factor: float, first: int = 0,
) -> Node:  # fmt: skip
    """The same, ``BLOCK`` queries after another: scores of one block are all that is ever there.

    ``first``: the position of the first query. The gradient of the loop (ops/loop_rule.py)
    computes the scores again, block by block.
    """
    T, S = query.shape[-2], key.shape[-2]
    if is_causal and attn_mask is not None:
        _mask(const(0, (T, S), query.dtype), attn_mask, is_causal)  # raises
    steps = -(-T // BLOCK)
    sequences = {"query": _rows(query, steps)}
    constants = {"key": key, "value": value}
    if is_causal:
        places = build.iota((steps * BLOCK,), 0)
        places = binary("add", places, const(first, places.shape, places.dtype))
        sequences["places"] = reshape(places, (steps, BLOCK, 1))
    elif attn_mask is not None:
        whole = (*query.shape[:-2], T, S)
        _mask(const(0, whole, query.dtype), attn_mask, False)  # raises where it does not fit
        if attn_mask.ndim < 2 or attn_mask.shape[-2] == 1:
            constants["mask"] = attn_mask
        else:
            sequences["mask"] = _rows(attn_mask, steps)
    if drop_mask is not None:
        sequences["drop"] = _rows(drop_mask, steps)
    shapes = {name: (x.shape[1:], x.dtype) for name, x in sequences.items()}
    shapes |= {name: (x.shape, x.dtype) for name, x in constants.items()}
    of = {name: build.input(k, *shapes[name]) for k, name in enumerate(shapes)}
    scaled = binary("mul", of["query"], const(factor, of["query"].shape, query.dtype))
    scores: Node = matmul(scaled, transposed(of["key"]))
    mask = of.get("mask")
    if "places" in of:
        columns = build.iota((BLOCK, S), 1)
        mask = binary("le", columns, build.expand(of["places"], (BLOCK, S)))
    if mask is not None:
        mask = build.broadcast(mask, scores.shape)
    weights = _dropped(_weights(scores, mask, is_causal=is_causal), of.get("drop"), keep)
    result: Node = matmul(weights, of["value"])
    made, form = loop(
        [result], list(sequences.values()), [], list(constants.values()), steps=steps, kept=[],
        reverse=False, dtype=query.dtype,
    )  # fmt: skip
    out = form.after(made, 0)
    rank = out.ndim
    out = build.permute(out, (*range(1, rank - 2), 0, rank - 2, rank - 1))
    out = reshape(out, (*out.shape[:-3], steps * BLOCK, out.shape[-1]))
    shape = (*out.shape[:-2], T, out.shape[-1])
    return build.slice(out, (0,) * out.ndim, shape, (1,) * out.ndim)


def _rows(x: Node, steps: int) -> Node:
    """(.., T, F) as (steps, .., BLOCK, F), filled up with zeros."""
    missing = steps * BLOCK - x.shape[-2]
    none = (0,) * x.ndim
    x = build.pad(x, none, (*none[:-2], missing, 0), 0) if missing else x
    lead = x.shape[:-2]
    cut = reshape(x, (*lead, steps, BLOCK, x.shape[-1]))
    rank = cut.ndim
    return build.permute(cut, (rank - 3, *range(rank - 3), rank - 2, rank - 1))


def _per_query_head(query: Node, x: Node) -> Node:
    """Heads of keys and values repeated for the group of query heads that shares them."""
    heads, groups = query.shape[-3], x.shape[-3]
    if groups == 0 or heads % groups:
        raise RuntimeError(
            "scaled_dot_product_attention: with enable_gqa the number of heads of key and value "
            f"must divide the query's, got {groups} and {heads}"
        )
    wide = (*x.shape[:-2], heads // groups, *x.shape[-2:])
    spread = build.expand(reshape(x, (*x.shape[:-2], 1, *x.shape[-2:])), wide)
    return reshape(spread, (*x.shape[:-3], heads, *x.shape[-2:]))


def _mask(scores: Node, attn_mask: Node | None, is_causal: bool) -> Node | None:
    """What masks: bool (True is seen) or floats, of the scores' shape."""
    if is_causal:
        if attn_mask is not None:
            raise RuntimeError(
                "scaled_dot_product_attention: Explicit attn_mask should not be set when "
                "is_causal=True"
            )
        return _causal_mask(scores, 0)
    if attn_mask is None:
        return None
    if attn_mask.dtype is not bool_:
        _require_mask_dtype(attn_mask, scores.dtype)
    broadcast_shapes(scores.shape, attn_mask.shape)
    return build.broadcast(attn_mask, scores.shape)


def _causal_mask(scores: Node, first: int) -> Node:
    """Which keys each query sees; the first query is at position ``first``."""
    rank = scores.ndim
    rows, columns = build.iota(scores.shape, rank - 2), build.iota(scores.shape, rank - 1)
    if first:
        rows = binary("add", rows, const(first, rows.shape, rows.dtype))
    return binary("le", columns, rows)


def _require_mask_dtype(attn_mask: Node, wanted: DType) -> None:
    if attn_mask.dtype is not wanted:
        raise RuntimeError(
            "Expected attn_mask dtype to be bool or float or to match query dtype, but got "
            f"attn_mask.dtype: {attn_mask.dtype.name} and query.dtype: {wanted.name} instead."
        )


def _weights(scores: Node, mask: Node | None, *, is_causal: bool) -> Node:
    axis = scores.ndim - 1
    if mask is None:
        plain: Node = softmax(scores, axis)
        return plain
    nowhere = const(float("-inf"), scores.shape, scores.dtype)
    if mask.dtype is bool_:
        masked = build.where(mask, scores, nowhere)
    else:
        masked = binary("add", scores, mask)
    if is_causal:  # every row sees the first key
        sure: Node = softmax(masked, axis)
        return sure
    seen = binary("ne", masked, nowhere)
    kept = (*scores.shape[:-1], 1)
    somewhere = reshape(reduce(seen, "any", (axis,)), kept)
    wide = build.expand(somewhere, scores.shape)
    zero = const(0, scores.shape, scores.dtype)
    # Rows that see nothing are made plain before the softmax, so that no nan enters the gradient.
    weights: Node = softmax(build.where(wide, masked, zero), axis)
    return build.where(wide, weights, zero)
