"""``out=``: results written to a tensor of the caller's."""

from __future__ import annotations

from typing import Any

from rushlight.base.dtype import bool_
from rushlight.base.warn import warn
from rushlight.engine.trace import local
from rushlight.tensor.kinds import can_cast, class_name, convert, type_name
from rushlight.tensor.tensor import Tensor

# PyTorch writes the results of these into no other dtype than their own.
_EXACT_NAMES = """
    addbmm addmm addmv alias_copy amax amin aminmax argmax argmin as_strided_copy avg_pool2d
    avg_pool3d baddbmm bitwise_not bmm bucketize ceil cholesky cholesky_ex complex conj_physical
    cross cummax cummin det diag diagonal_copy dot eigh eigvalsh expand_copy floor frac
    frexp gather gelu hardshrink heaviside histc histogram index_add index_copy index_reduce
    index_select inv inv_ex isin isneginf isposinf kthvalue ldl_factor ldl_factor_ex
    ldl_solve linear log_softmax logcumsumexp logsigmoid lu_factor lu_factor_ex lu_solve
    masked_select matmul matrix_norm mm mode msort multi_dot multinomial mv nan_to_num
    nanquantile narrow_copy native_batch_norm native_batch_norm_legit neg nonzero norm
    ormqr permute_copy qr quantile
    renorm round scatter scatter_add scatter_reduce searchsorted sgn sign signbit
    slice_scatter slogdet softmax softplus softshrink solve solve_ex solve_triangular sort
    split_with_sizes_copy squeeze_copy svd svdvals t_copy take take_along_dim tensordot topk
    transpose_copy triangular_solve tril triu trunc unbind_copy unfold_copy unsqueeze_copy
    vdot vecdot vector_norm view_copy where
"""
_EXACT = frozenset(_EXACT_NAMES.split())
_CONVERTING = frozenset({"_cholesky"})  # torch.cholesky, where linalg.cholesky refuses
# These say of a dtype that does not hold the result that there is no kernel, or a wrong type.
_NO_KERNEL = frozenset({"nanmean", "nansum", "normal"})
_IN_ITS_DTYPE = frozenset({"cumprod", "cumsum", "mean", "nansum", "prod", "sum"})
_JOINING = frozenset({"cat", "chunk_cat", "column_stack", "dstack", "hstack", "stack", "vstack"})
# These write the real part of complex results.
_AS_WRITTEN = frozenset({"lu"})
_MADE = ("out", "rand", "randn")  # from no tensor, in the dtype asked for or that of ``out``


def for_out(name: str, arguments: tuple[Any, ...], out: Any) -> tuple[Any, ...]:
    """What an op is called with for ``out``: sums and products are taken in its dtype."""
    if name == "where":
        _require_tensors(name, arguments)
    if name in ("std", "var") and isinstance(out, Tensor):
        return _spread_arguments(name, arguments, out)
    if name not in _IN_ITS_DTYPE or not isinstance(out, Tensor):
        return arguments
    *others, dtype = arguments
    if dtype is not None and dtype is not out.dtype:
        raise RuntimeError(
            f"{name}(): Expected out tensor to have dtype {dtype.name}, but got {_c_name(out)} "
            "instead"
        )
    if out.dtype is bool_ and name in ("cumsum", "cumprod"):
        raise NotImplementedError(f"\"{name}_out_cpu\" not implemented for 'Bool'")
    fractions = others[0].dtype.is_floating_point or others[0].dtype.is_complex
    if dtype is None and name == "mean" and not fractions:
        return arguments  # which it refuses
    whole = name == "mean" and others[1:] == [None, False]
    if whole and not can_cast(others[0].dtype, out.dtype):
        return arguments  # given dims it takes the real parts, without any it refuses
    if name == "nansum" and others[0].dtype.is_floating_point and not out.dtype.is_floating_point:
        raise NotImplementedError(f"nansum() into out= of {type_name(out.dtype)}")
    return *others, out.dtype


def _require_tensors(name: str, arguments: tuple[Any, ...]) -> None:
    """TypeError for a number where ``name`` with ``out`` takes tensors alone."""
    for place, (part, each) in enumerate(zip(("input", "other"), arguments[1:], strict=True), 2):
        if not isinstance(each, Tensor):
            raise TypeError(
                f"{name}(): argument '{part}' (position {place}) must be Tensor, not "
                f"{class_name(each)}"
            )


def _spread_arguments(name: str, arguments: tuple[Any, ...], out: Tensor) -> tuple[Any, ...]:
    """Of halves, over some axes, std and var are computed in the dtype of ``out``."""
    input, dim, *others = arguments
    kind = out.dtype
    if (
        input.dtype.itemsize > 2
        or kind is input.dtype
        or not (kind.is_floating_point or kind.is_complex)
    ):
        return arguments
    axes = len(dim) if isinstance(dim, (tuple, list)) else 1
    if dim in (None, ()) or isinstance(dim, bool) or axes >= input.ndim:
        if kind.itemsize > 2:
            raise RuntimeError(f"{name}(): out of {type_name(kind)} for results of half precision")
        return arguments
    if kind.is_complex:
        raise NotImplementedError(f"{name}() of halves into out= of {type_name(kind)}")
    return convert(input, kind), dim, *others


def require_parts(who: str, out: Any, result: Any) -> None:
    """TypeError unless ``out`` has as many tensors as there are results."""
    if isinstance(result, Tensor):
        return
    if not isinstance(out, (tuple, list)):
        raise TypeError(f"{who}(): argument 'out' must be tuple of Tensors, not {class_name(out)}")
    if len(out) != len(result):
        raise TypeError(f"{who}(): expected tuple of {len(result)} elements but got {len(out)}")


def require_dtypes(who: str, out: Any, result: Any, arguments: tuple[Any, ...] = ()) -> None:
    """RuntimeError where ``who`` refuses to convert what it writes to the dtype of ``out``."""
    name = who.strip("_").removeprefix("linalg_")
    if name in ("all", "any") and out.dtype.name not in ("bool", "uint8"):
        raise RuntimeError(
            f"{name} only supports bool tensor for result, got: {type_name(out.dtype)}"
        )
    if name in _MADE and out.dtype is not result.dtype:
        raise RuntimeError(
            f"dtype {type_name(result.dtype)} does not match dtype of out parameter "
            f"({type_name(out.dtype)})"
        )
    if (name in _EXACT and who not in _CONVERTING) or (arguments and _copies_into(who, arguments)):
        require_same_dtypes(who, out, result)


def _copies_into(name: str, arguments: tuple[Any, ...]) -> bool:
    """Whether an op gives for these arguments what it copies: into no other dtype."""
    if name == "abs":  # of complex numbers it computes
        return not arguments[0].dtype.is_complex
    if name == "inner":  # by a number it multiplies
        return all(each.ndim > 0 for each in arguments[:2])
    if name == "lerp":  # by a number it converts
        return isinstance(arguments[2], Tensor)
    return name == "diff" and arguments[1] == 0


def require_same_dtypes(who: str, out: Any, result: Any) -> None:
    """RuntimeError unless ``out`` (one or several) has the very dtypes of the results."""
    pairs = [(out, result)] if isinstance(result, Tensor) else zip(out, result, strict=True)
    for target, each in pairs:
        if isinstance(target, Tensor) and target.dtype is not each.dtype:
            raise RuntimeError(
                f"{who}(): Expected out tensor to have dtype {_c_name(each)}, but got "
                f"{_c_name(target)} instead"
            )


def _c_name(tensor: Tensor) -> str:
    return {"float32": "float", "float64": "double", "int64": "long int"}.get(
        tensor.dtype.name, tensor.dtype.name
    )


def _require_resizable(out: Tensor, result: Tensor) -> None:
    """Memory that belongs to somebody else (an array) does not grow."""
    held = out._value if out._storage is None else out._storage.value
    buffer = held.buffer
    if buffer is not None and buffer.owner is not None and (
        result._value.meta.nbytes > held.meta.nbytes
    ):  # fmt: skip
        raise RuntimeError("Trying to resize storage that is not resizable")


def _require_castable(who: str, out: Tensor, result: Tensor) -> None:
    """The dtype of ``out`` holds what the dtype of the result can."""
    name = who.strip("_")
    if can_cast(result.dtype, out.dtype):
        return
    if name in _AS_WRITTEN and result.dtype.is_complex and out.dtype.is_floating_point:
        return
    if name in _NO_KERNEL:
        raise NotImplementedError(f"{name}() into out= of {type_name(out.dtype)}")
    error = TypeError if name in _JOINING else RuntimeError
    raise error(
        f"{name}(): result type {type_name(result.dtype)} can't be cast to the desired output type "
        f"{type_name(out.dtype)}"
    )


def write_out(who: str, out: Any, result: Tensor) -> Tensor:
    """``out=``: resize if needed, check that the dtype can hold the result, write."""
    if not isinstance(out, Tensor):
        raise TypeError(f"{who}(): argument 'out' must be Tensor, not {class_name(out)}")
    if local.trace.grad and (out.requires_grad or result._edge is not None):
        raise RuntimeError(
            f"{who}(): functions with out=... arguments don't support automatic differentiation, "
            "but one of the arguments requires grad."
        )
    out._require_normal()
    require_dtypes(who, out, result)
    _require_castable(who, out, result)
    if out._storage is not None and out._layout.overlaps:
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a "
            "single memory location. Please clone() the tensor before performing the operation."
        )
    result = convert(result, out.dtype)
    if out.shape != result.shape:
        _require_resizable(out, result)
        if out._value.meta.nbytes:
            warn(
                "An output with one or more elements was resized since it had shape "
                f"{list(out.shape)}, which does not match the required output shape "
                f"{list(result.shape)}. Give out= an empty tensor (t.resize_(0)) to have it sized."
            )
        out._take_over(result)
        return out
    out._assign(result)
    return out
