"""How the results of each op lie in memory beside its arguments: the rules, and which op has which.

An op that is not named here follows ``elementwise`` if it consists of element-wise primitives only;
else its results are row-major.
"""

from __future__ import annotations

from collections.abc import Sequence

from rushlight.ops.arrangement import (
    CHANNELS_LAST,
    Arranging,
    Given,
    lies_channels_last,
    packed,
    suggests_channels_last,
    visiting_order,
)
from rushlight.ops.einsum_order import contracting
from rushlight.ops.layout import Layout, Shape


def elementwise(operands: Sequence[Layout], shape: Shape, given: Given) -> Shape | None:
    """What a loop over elements gives: the order in which it visits them."""
    if 0 in shape:
        return None
    if all(each.shape == shape for each in operands):
        if all(each.contiguous for each in operands):
            return None
        if all(map(lies_channels_last, operands)):
            return packed(shape, CHANNELS_LAST[len(shape)])
        strides = operands[-1].strides
        if all(each.dense and each.strides == strides for each in operands):
            return strides
    return packed(shape, visiting_order(operands, shape))


def preserving(operands: Sequence[Layout], shape: Shape, given: Given) -> Shape | None:
    """What a copy gives: the first operand's strides, or its order where it has gaps."""
    first = operands[0]
    if first.shape == shape and first.dense:
        return first.strides
    return packed(shape, visiting_order(operands[:1], shape))


def reversed_elementwise(operands: Sequence[Layout], shape: Shape, given: Given) -> Shape | None:
    """``elementwise`` where the second operand is read first: rsub."""
    return elementwise(list(reversed(operands)), shape, given)


def by_tensor(operands: Sequence[Layout], shape: Shape, given: Given) -> Shape | None:
    """``elementwise``, but row-major where a number comes first: pow."""
    return elementwise(operands, shape, given) if operands[0].shape or not shape else None


def halved(operands: Sequence[Layout], shape: Shape, given: Given) -> Shape | None:
    """``elementwise`` over two parts of the first operand: glu, diff."""
    if len(operands) > 1:
        return None
    return elementwise([operands[0]._replace(shape=shape)] * 2, shape, given)


def _last(shape: Shape, layouts: Sequence[Layout]) -> Shape | None:
    """Channels-last for pictures and volumes where any of ``layouts`` is."""
    if len(shape) in CHANNELS_LAST and any(map(suggests_channels_last, layouts)):
        return packed(shape, CHANNELS_LAST[len(shape)])
    return None


def rows(operands: Sequence[Layout], shape: Shape, given: Given) -> Shape | None:
    """As a picture of one row is, (N, C, 1, L), where that is what PyTorch makes of (N, C, L). Of
    most it makes a row-major copy first."""
    first = operands[0]
    if not len(shape) == len(first.shape) == 3:
        return None
    n, c, length = first.shape
    step = length * first.strides[2]
    picture = Layout((n, c, 1, length), (*first.strides[:2], step, first.strides[2]), 0)
    found = _last((*shape[:2], 1, shape[2]), [picture])
    return None if found is None else (*found[:2], found[3])


def channels(operands: Sequence[Layout], shape: Shape, given: Given) -> Shape | None:
    """Channels-last where the first operand is: pooling, normalisation, interpolation."""
    return _last(shape, operands[:1])


def averaging(operands: Sequence[Layout], shape: Shape, given: Given) -> Shape | None:
    """``channels``; one pixel for each channel keeps C as the step of the axes it lost."""
    found = channels(operands, shape, given)
    if found is None or len(shape) < 4 or any(n != 1 for n in shape[2:]):
        return found
    return (shape[1], 1) + (shape[1],) * (len(shape) - 2)


def averaging_volumes(operands: Sequence[Layout], shape: Shape, given: Given) -> Shape | None:
    """``averaging`` for one pixel of volumes only."""
    pixel = len(shape) == 5 and all(n == 1 for n in shape[2:])
    return averaging(operands, shape, given) if pixel else None


def bordering(operands: Sequence[Layout], shape: Shape, given: Given) -> Shape | None:
    """``channels``, but a copy of what is left where nothing is added: padding by a number."""
    if all(each <= 0 for each in given["pad"]):
        return preserving([operands[0]._replace(shape=shape)], shape, given)
    return channels(operands, shape, given)


def edging(operands: Sequence[Layout], shape: Shape, given: Given) -> Shape | None:
    """``channels``, but row-major where the edges are the opposite ones: padding."""
    return None if given["mode"] == "circular" else channels(operands, shape, given)


def rotating(operands: Sequence[Layout], shape: Shape, given: Given) -> Shape | None:
    """Flipped as it lies, then transposed: rot90. Not turned at all, a row-major copy."""
    turns, (source,) = given["k"] % 4, operands
    if turns == 0:
        return None
    strides = list(preserving(operands, source.shape, given) or ())
    if turns != 2:
        a, b = given["dims"]
        strides[a], strides[b] = strides[b], strides[a]
    return tuple(strides)


def convolving(operands: Sequence[Layout], shape: Shape, given: Given) -> Shape | None:
    """Channels-last where the image or the kernel is, rows where the kernel is; volumes in float32
    only."""
    image, kernel = operands[:2]
    if len(shape) == len(kernel.shape) - 1:  # one image
        if len(shape) == 4:
            return None
        image = Layout((1, *image.shape), (image.shape[0] * image.strides[0], *image.strides), 0)
        found = convolving((image, kernel), (1, *shape), given)
        return None if found is None else found[1:]
    if 0 in shape or (len(shape) == 5 and given["input"].dtype.name != "float32"):
        return None
    for each in (kernel, image):  # of an image that is not row-major a copy is made
        if (each is kernel or each.contiguous) and (found := rows([each], shape, given)):
            return found
    return _last(shape, (image, kernel))


def joining(operands: Sequence[Layout], shape: Shape, given: Given) -> Shape | None:
    """Channels-last where all parts are: cat."""
    if len(shape) in CHANNELS_LAST and all(map(suggests_channels_last, operands)):
        return packed(shape, CHANNELS_LAST[len(shape)])
    return None


def stacking(operands: Sequence[Layout], shape: Shape, given: Given) -> Shape | None:
    """As the parts joined along ``dim`` and cut again: stack."""
    dim = given["dim"] % len(shape)
    if dim == len(shape) - 1:
        return None
    found = joining(operands, (*shape[:dim], shape[dim] * shape[dim + 1], *shape[dim + 2 :]), given)
    if found is None:
        return None
    return (*found[:dim], found[dim] * shape[dim + 1], *found[dim:])


def picking(operands: Sequence[Layout], shape: Shape, given: Given) -> Shape | None:
    """The axes that stay as they lie, those of the index tensors as these lie: x[index]."""
    source, indices, axes = operands[0], operands[1:], given["axes"]
    stay = [axis for axis in range(len(source.shape)) if axis not in axes]
    fresh = len(shape) - len(stay)  # axes that the index tensors make
    before = 0 if given["front"] else axes[0]
    sizes, steps = [source.shape[a] for a in stay], [source.strides[a] for a in stay]
    middle = shape[before : before + fresh]
    looked = Layout(
        (*sizes[:before], *middle, *sizes[before:]),
        (*steps[:before], *(0,) * fresh, *steps[before:]),
        0,
    )
    ends = (1,) * before, (1,) * (len(stay) - before)
    spread = [
        Layout(
            (*ends[0], *(1,) * (fresh - len(each.shape)), *each.shape, *ends[1]),
            (*(0,) * (before + fresh - len(each.shape)), *each.strides, *(0,) * len(ends[1])),
            0,
        )
        for each in indices
    ]
    return packed(shape, visiting_order([looked, *spread], shape))


def attending(operands: Sequence[Layout], shape: Shape, given: Given) -> Shape | None:
    """As the queries where PyTorch's one kernel for heads does it all: nothing dropped, a mask of
    matrices or of (N, H, T, S), heads and their depth alike."""
    heads, mask = operands[:3], given["attn_mask"]
    if (
        0 in shape
        or given["drop_mask"] is not None
        or (mask is not None and mask.ndim not in (2, 4))
    ):
        return None
    if any(len(each.shape) != 4 or each.strides[3] != 1 for each in heads):
        return None
    alike = (0, 3) if given["enable_gqa"] else (0, 1, 3)
    if any(each.shape[axis] != shape[axis] for each in heads for axis in alike):
        return None
    return preserving(heads[:1], shape, given)


def by_columns(operands: Sequence[Layout], shape: Shape, given: Given) -> Shape | None:
    """Matrices column by column, as LAPACK leaves them; vectors that come with them as ever."""
    rank = len(shape)
    if rank < 2 or rank < len(operands[0].shape):
        return None
    return packed(shape, (*range(rank - 2), rank - 1, rank - 2))


def row_major(operands: Sequence[Layout], shape: Shape, given: Given) -> Shape | None:
    """Row-major whatever it is computed from."""
    return None


_NAMES: dict[Arranging, str] = {
    # Computed by several primitives, or on the host, but one number from those at its place.
    elementwise: (
        "complex polar gcd lcm frexp i0 igamma igammac _dropout _binary_cross_entropy _normalize "
        "local_response_norm _polygamma polygamma abs isfinite isinf isnan isreal nan_to_num "
        "logaddexp isclose lerp"
    ),
    reversed_elementwise: "rsub _kl_div _binary_cross_entropy_with_logits",
    by_tensor: "pow",
    halved: "glu diff",
    preserving: "clone _to_dtype flip fliplr flipud index_fill sort argsort",
    rows: (
        "avg_pool1d adaptive_avg_pool1d _adaptive_max_pool1d adaptive_max_pool1d_with_indices "
        "max_pool1d_with_indices"
    ),
    channels: (
        "avg_pool2d _max_pool1d _max_pool2d _max_pool3d "
        "max_pool2d_with_indices max_pool3d_with_indices "
        "_adaptive_max_pool2d adaptive_max_pool2d_with_indices "
        "_max_unpool pixel_shuffle pixel_unshuffle _batch_norm _batch_norm_eval _group_norm "
        "_interpolate _antialias roll rms_norm"
    ),
    bordering: "constant_pad_nd",
    averaging: "adaptive_avg_pool2d",
    averaging_volumes: "adaptive_avg_pool3d",
    convolving: "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d",
    joining: "cat",
    attending: "_attention",
    contracting: "_einsum",
    stacking: "stack",
    picking: "_index",
    edging: "_edge_pad",
    rotating: "rot90",
    by_columns: (
        "_triangular _cholesky_solve _cholesky _cholesky_ex _inverse _inv_ex _solve _solve_ex "
        "_eigh _eig _ldl_factor _lu_factor _qr _geqrf _householder _ormqr _svd"
    ),
    row_major: "_adaptive_max_pool3d _contiguous all any logsigmoid masked_fill mvlgamma",
}
RULES: dict[str, Arranging] = {
    name: rule for rule, names in _NAMES.items() for name in names.split()
}
# Those whose results do not lie row-major even where all arguments do.
ALWAYS = frozenset(("rot90", "_einsum", *_NAMES[by_columns].split()))
