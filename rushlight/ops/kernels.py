"""Which dtypes PyTorch's kernels refuse, and in whose words: one row for each op.

A dtype without a kernel is an error of PyTorch, not a number: layer_norm of integers would round
its weights to zero. The rows are looked up once, when a user's call is recorded for the first
time; ops called inside other ops' bodies are not asked, as a composite speaks in its own name.

Kinds of dtypes are letters: ``b`` bool, ``u`` uint8, ``i`` the other integers below 64 bits, ``l``
int64, ``h`` float16, ``g`` bfloat16, ``c`` complex. What refuses them is either a kernel's name
(NotImplementedError: "name" not implemented for 'Long') or a sentence (RuntimeError), in which {}
stands for the dtype, {c} for its name in C. Where it depends on the arguments it is a function of
them, "" if none does.

The lists were measured, with every dtype, on PyTorch 2.13 on the CPU.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rushlight.base.dtype import BARE
from rushlight.base.dtype import dtype as DType
from rushlight.ir.graph import Node
from rushlight.ops import bare
from rushlight.ops.legacy_names import legacy_name
from rushlight.ops.promote import common_dtype
from rushlight.ops.table import STATIC, TENSORS, Op

Words = str | Callable[[dict[str, Any]], str]

_LETTERS = {
    "bool": "b", "uint8": "u", "int8": "i", "int16": "i", "int32": "i", "int64": "l",
    "float16": "h", "bfloat16": "g", "complex64": "c", "complex128": "c",
}  # fmt: skip
WHOLE = "buil"  # no fractions
NOT_REAL = "builc"  # nor an order
_BOOL_MATRIX = "addmm_impl_cpu_"
_TWO_BOOLS = (
    "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or "
    "`logical_xor()` operator instead."
)
_WITH_BOOL = (
    "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to "
    "invert a mask, use the `~` or `logical_not()` operator instead."
)
_QUANTILE = "quantile() input tensor must be either float or double dtype"
# What C calls them, as some messages do.
_C_NAMES = {
    "bool": "bool", "uint8": "unsigned char", "int8": "signed char", "int16": "short int",
    "int32": "int", "int64": "long int",
}  # fmt: skip


def _product(given: dict[str, Any]) -> str:
    """Which kernel ``matmul`` ends in."""
    a, b = given["input"].ndim, given["other"].ndim
    if b == 1:
        return "dot" if a == 1 else "addmv_impl_cpu"
    return _unless_empty(_BOOL_MATRIX if b == 2 else "bmm")(given)


def _unless_empty(kernel: str) -> Callable[[dict[str, Any]], str]:
    """``kernel``, which products of no elements do without."""

    def named(given: dict[str, Any]) -> str:
        operands = [each for each in given.values() if isinstance(each, Node)]
        return "" if any(0 in each.shape for each in operands) else kernel

    return named


def _unless_one_bin(kernel: str) -> Callable[[dict[str, Any]], str]:
    """``kernel``, which one bin for all does without: it is a plain mean."""

    def named(given: dict[str, Any]) -> str:
        size = given["output_size"]
        return "" if size == 1 or (isinstance(size, (tuple, list)) and {*size} == {1}) else kernel

    return named


def _volumes_of_halves(given: dict[str, Any]) -> str:
    """Normed over channels, images become volumes, whose means PyTorch has not in halves."""
    return "" if given["input"].ndim <= 3 else "avg_pool3d_out_frame"


def _dilated(given: dict[str, Any]) -> str:
    dilation = given["dilation"]
    sizes = (dilation,) if isinstance(dilation, int) else dilation
    return "slow_conv_dilated<>" if any(each != 1 for each in sizes) else ""


def _rounded_division(given: dict[str, Any]) -> str:
    mode = given["rounding_mode"]
    return f"div_{mode}_cpu" if mode in ("floor", "trunc") else ""


def _rounded(given: dict[str, Any]) -> str:
    return "round_cpu" if given["decimals"] else ""


def _resampled(given: dict[str, Any]) -> str:
    mode = given["mode"]
    if mode in ("linear", "cubic"):
        if mode == "linear" and given["input"].ndim == 4:
            return "upsample_bilinear2d_channels_last"
        return f"compute_indices_weights_{mode}"
    return "compute_indices_weights_nearest"


def _resampled_bytes(given: dict[str, Any]) -> str:
    """Of two axes bytes can be told apart; of one or three there is no kernel for them."""
    smooth = given["mode"] in ("linear", "cubic")
    return _resampled(given) if smooth and given["input"].ndim != 4 else ""


def _sampled(given: dict[str, Any]) -> str:
    return "grid_sampler3d_cpu" if given["input"].ndim == 5 else "grid_sampler_2d_cpu_kernel_impl"


def _likelihood(given: dict[str, Any]) -> str:
    deep = given["input"].ndim > 2
    return "nll_loss2d_forward_out_frame" if deep else "nll_loss_out_frame"


def _interpolated(given: dict[str, Any]) -> str:
    weight = given["weight"]
    tensor = isinstance(weight, Node) and weight.op != "scalar"
    return f"lerp_kernel_{'tensor' if tensor else 'scalar'}"


def _clamped(given: dict[str, Any]) -> str:
    bounds = [given[name] for name in ("min", "max")]
    if any(isinstance(each, Node) and each.op != "scalar" for each in bounds):
        return "clamp_cpu" if all(each is not None for each in bounds) else ""
    return "clamp_scalar_cpu" if all(each is not None for each in bounds) else (
        "clamp_min_scalar_cpu" if bounds[1] is None else "clamp_max_scalar_cpu"
    )  # fmt: skip


def _scattered_mean(given: dict[str, Any]) -> str:
    return "scatter_gather_tensor_cpu_reduce_mean" if given["reduce"] == "mean" else ""


def _scattered_extremum(given: dict[str, Any]) -> str:
    how = given["reduce"]
    return f"scatter_gather_tensor_cpu_reduce_{how}" if how in ("amax", "amin") else ""


def _padded(given: dict[str, Any]) -> str:
    name = {"reflect": "reflection", "replicate": "replication"}.get(given["mode"])
    return f"{name}_pad{len(given['pad']) // 2}d" if name else ""


def _unpooled(given: dict[str, Any]) -> str:
    return "max_unpool3d" if len(given["size"]) == 3 else "max_unpool2d"


def _extremum(which: str) -> Words:
    along = f"{which}(): does not support complex input"
    return lambda given: f"{which}_all" if given["dim"] is None else along


# The first tensor's dtype decides.
_FIRST: dict[str, tuple[tuple[str, Words], ...]] = {
    # Functions of one number
    "abs": (("b", "abs_cpu"),),
    "ceil": (("b", "ceil_vml_cpu"),),
    "floor": (("b", "floor_vml_cpu"),),
    "trunc": (("b", "trunc_vml_cpu"),),
    "round": ((WHOLE, _rounded), ("b", "round_vml_cpu")),
    "frac": ((NOT_REAL, "frac_cpu"),),
    "softsign": (("b", "abs_cpu"),),
    "deg2rad": (("c", "deg2rad is not supported for complex tensors."),),
    "rad2deg": (("c", "rad2deg is not supported for complex tensors."),),
    "logit": (("c", "logit_cpu"),),
    "lerp": ((WHOLE, _interpolated),),
    "mvlgamma": (("b", "The input tensor may not be a boolean tensor."),),
    # Reductions, scans and orders
    "nanmean": (
        (WHOLE, "nanmean(): expected input to have floating point or complex dtype but got {}"),
        ("c", "nansum on CPU does not support complex inputs"),
    ),
    "nansum": (("c", "nansum on CPU does not support complex inputs"),),
    "trace": (("b", "trace"),),
    "amax": (("c", "max_values_cpu"),),
    "amin": (("c", "min_values_cpu"),),
    "aminmax": (("c", "aminmax_cpu"),),
    "_max": (("c", _extremum("max")),),
    "_min": (("c", _extremum("min")),),
    "logcumsumexp": ((WHOLE, "logcumsumexp_out_cpu"),),
    "median": (("bc", "median_cpu"),),
    "nanmedian": (("bc", "median_cpu"),),
    "kthvalue": (("bc", "kthvalue_cpu"),),
    "mode": (("c", "mode_cpu"),),
    "topk": (
        ("b", "topk does not support bool dtypes on CPU"),
        ("c", " topk does not support complex dtypes on CPU"),
    ),
    "scatter_reduce": (("b", _scattered_mean), ("c", _scattered_extremum)),
    # Products
    "mm": (("b", _unless_empty(_BOOL_MATRIX)),),
    "bmm": (("b", _unless_empty("bmm")),),
    "mv": (("b", "addmv_impl_cpu"),),
    "dot": (("b", "dot"),),
    "matmul": (("b", _product),),
    "_tensordot": (("b", _BOOL_MATRIX),),
    "addmm": (("b", _BOOL_MATRIX),),
    "addbmm": (("b", _BOOL_MATRIX),),
    "addmv": (("b", "addmv_impl_cpu"),),
    "baddbmm": (("b", "baddbmm"),),
    "linear": (("b", _BOOL_MATRIX),),
    "bilinear": (("b", "bmm"),),
    "cross": (("b", "cross"),),
    "_householder": (("builhg", "orgqr_cpu"),),
    "_ormqr": (("builhg", "ormqr_cpu"),),
    "_ldl_solve": (
        (WHOLE, "torch.linalg.ldl_solve: Expected a floating point or complex tensor as input. "
         "Got {}"),
        ("hg", "ldl_solve_kernel_cpu"),
    ),
    "cdist": (
        (NOT_REAL, "cdist only supports floating-point dtypes, X1 got: {}"),
        ("hg", "cdist"),
    ),
    # Layers
    **{f"conv{n}d": (("bui", _dilated), ("b", words)) for n, words in (
        (1, "slow_conv2d_cpu"), (2, "slow_conv2d_cpu"), (3, "compute_columns3d"),
    )},
    **{f"conv_transpose{n}d": (("bui", f"slow_conv_transpose{k}d_out_cpu"),)
       for n, k in ((1, 2), (2, 2), (3, 3))},
    "_attention": ((WHOLE, "expected scalar type Float but found {}"),),
    "_layer_norm": ((NOT_REAL, "LayerNormKernelImpl"),),
    "rms_norm": ((WHOLE, "rms_norm"),),
    "_group_norm": ((NOT_REAL, "GroupNormKernelImpl"),),
    "_batch_norm": ((NOT_REAL, "batch_norm"),),
    "_batch_norm_eval": ((NOT_REAL, "batch_norm"),),
    "local_response_norm": (("buic", "avg_pool2d"), ("hg", _volumes_of_halves)),
    "avg_pool1d": (("buic", "avg_pool2d"),),
    "avg_pool2d": (("buic", "avg_pool2d"),),
    "avg_pool3d": (("buihgc", "avg_pool3d_out_frame"),),
    "_max_pool1d": ((NOT_REAL, "max_pool1d_impl"),),
    "_max_pool2d": (("bc", "max_pool2d"),),
    "_max_pool3d": (("bc", "max_pool3d"),),
    **{f"max_pool{n}d_with_indices": (("bc", f"max_pool{max(n, 2)}d"),) for n in (1, 2, 3)},
    **{name: ((NOT_REAL, words),) for n, words in (
        (1, "adaptive_max_pool2d"), (2, "adaptive_max_pool2d"), (3, "adaptive_max_pool3d_cpu"),
    ) for name in (f"_adaptive_max_pool{n}d", f"adaptive_max_pool{n}d_with_indices")},
    **{f"adaptive_avg_pool{n}d": ((WHOLE, words), ("c", _unless_one_bin(words))) for n, words in (
        (1, "adaptive_avg_pool2d"), (2, "adaptive_avg_pool2d"), (3, "adaptive_avg_pool3d_cpu"),
    )},
    "_interpolate": (("bilc", _resampled), ("u", _resampled_bytes)),
    "_edge_pad": (("b", _padded),),
    "_max_unpool": ((NOT_REAL, _unpooled),),
    "_antialias": (("bilhgc", "compute_index_ranges_weights"),),
    "_im2col": (("uil", "im2col_out_cpu"),),
    "_col2im": (("uil", "col2im_out_cpu"),),
    "_grid_sample": ((NOT_REAL, _sampled),),
    # Losses
    "_binary_cross_entropy_with_logits": ((NOT_REAL, "log_sigmoid_cpu"),),
    "_nll_loss": ((NOT_REAL, _likelihood),),
    "_ctc_loss": (("builhgc", "ctc_loss_cpu"),),
    # Functions of tensor/functions, by their own names
    "rrelu": (("builhc", "rrelu_with_noise_out_cpu"),),
    "multi_margin_loss": (("builhgc", "multi_margin_loss_cpu_kernel"),),
    "multilabel_margin_loss": (("builhgc", "multilabel_margin_loss_forward_out_frame"),),
    "pdist": ((NOT_REAL, "pdist only supports floating-point dtypes"), ("hg", "pdist")),
    "isin": (("bc", "Unsupported input type encountered for isin(): {}"),),
    "unique": (("c", "unique"),),
    "segment_reduce": ((NOT_REAL, "_segment_reduce_cpu"),),
    "histc": (("b", "linspace_cpu"), ("uil", "histogram_cpu"), ("c", "aminmax_cpu")),
    "quantile": (("builhgc", _QUANTILE),),
    "nanquantile": (("builhgc", _QUANTILE),),
    "gradient": (("b", _TWO_BOOLS), ("u", "torch.gradient does not support uint8 input.")),
    "soft_margin_loss": (
        ("uil", "result type Float can't be cast to the desired output type {}"),
    ),
    "gaussian_nll_loss": (
        (WHOLE, "result type Float can't be cast to the desired output type {c}"),
    ),
    "embedding_bag": (
        (NOT_REAL, "Expected tensor for argument #1 'weight' to have one of the following scalar "
         "types: Half, BFloat16, Float, Double; but got {} instead (while checking arguments for "
         "embedding_bag)"),
    ),
    "linalg.vander": (
        ("bhg", "linalg.vander supports floating point, complex, and integer tensors, but got {}"),
    ),
    "linalg.vecdot": (
        (WHOLE, "linalg.vecdot: Expected a floating point or complex tensor as input. Got {}"),
    ),
    "lapack": (
        ("builhg", "This function doesn't handle types other than float and double"),
    ),
    "index_reduce": (("bc", "index_func_"),),
    "index_reduce_without": (("bc", "index_reduce_func_exclude_input_init"),),
    "searchsorted": (("bc", "searchsorted_out_cpu"),),
}  # fmt: skip

# The dtype that all operands promote to decides.
_TOGETHER: dict[str, tuple[tuple[str, Words], ...]] = {
    "div": (("bc", _rounded_division),),
    "floor_divide": (("bc", "div_floor_cpu"),),
    "fmod": (("bc", "fmod_cpu"),),
    "remainder": (("bc", "remainder_cpu"),),
    "hypot": ((NOT_REAL, "hypot_cpu"),),
    "logaddexp": ((WHOLE, "logaddexp_cpu"),),
    "logaddexp2": ((NOT_REAL, "logaddexp2_cpu"),),
    "igamma": ((NOT_REAL, "igamma_cpu"),),
    "igammac": ((NOT_REAL, "igammac_cpu"),),
    "xlogy": (("c", "xlogy_cpu"),),
    "addcmul": (("b", "addcmul_cpu_out"),),
    "clamp": (("b", _clamped),),
    "_poisson_nll_loss": (("b", _WITH_BOOL),),
    "pairwise_distance": (("b", _TWO_BOOLS),),
    "_l1_loss": (("b", _TWO_BOOLS),),
    "cosine_similarity": (
        (NOT_REAL, "expected common dtype to be floating point, yet common dtype is {}"),
    ),
    "inner": (("b", lambda given: "dot" if given["other"].ndim == 1 else _BOOL_MATRIX),),
    "_special_xlog1py": (("c", "xlog1py_cpu"),),
    **{f"_special_{name}": (("hgc", f"{name}_cpu"),) for name in (
        "airy_ai", "bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1", "ndtri", "log_ndtr",
        "erfcx", "modified_bessel_i0", "modified_bessel_i1", "modified_bessel_k0",
        "modified_bessel_k1", "scaled_modified_bessel_k0", "scaled_modified_bessel_k1",
        "spherical_bessel_j0", "zeta", "chebyshev_polynomial_t", "chebyshev_polynomial_u",
        "chebyshev_polynomial_v", "chebyshev_polynomial_w", "hermite_polynomial_h",
        "hermite_polynomial_he", "laguerre_polynomial_l", "legendre_polynomial_p",
        "shifted_chebyshev_polynomial_t", "shifted_chebyshev_polynomial_u",
        "shifted_chebyshev_polynomial_v", "shifted_chebyshev_polynomial_w",
    )},
}  # fmt: skip


def refuse(name: str, dtype: DType) -> None:
    """Raise as PyTorch's function ``name`` does if it has no kernel for ``dtype``.

    For functions that are no ops. NotImplementedError names the kernel, RuntimeError is a sentence.
    """
    _refuse(_FIRST[name], dtype, {})


def check(op: Op, arguments: Sequence[Any]) -> None:
    """The same for the call of an op, given all of its parameters."""
    rows = _FIRST.get(op.name)
    if any(isinstance(each, Node) and each.dtype in BARE for each in arguments):
        bare.check(op.name, _operands(op, arguments))
    if rows is not None:
        dtype = next(each.dtype for each in _operands(op, arguments) if isinstance(each, Node))
    else:
        rows = _TOGETHER.get(op.name)
        if rows is None:
            return
        dtype = common_dtype(*_operands(op, arguments))
    if dtype.name in _LETTERS:
        names = (parameter.name for parameter in op.parameters)
        _refuse(rows, dtype, dict(zip(names, arguments, strict=True)))


def _operands(op: Op, arguments: Sequence[Any]) -> list[Any]:
    found: list[Any] = []
    for parameter, value in zip(op.parameters, arguments, strict=True):
        if parameter.kind == TENSORS:
            found.extend(value)
        elif parameter.kind != STATIC and value is not None and "Scalar" not in (
            parameter.annotation
        ):  # fmt: skip
            found.append(value)
    return found


def _refuse(rows: tuple[tuple[str, Words], ...], dtype: DType, given: dict[str, Any]) -> None:
    letter = _LETTERS.get(dtype.name)
    for letters, words in rows:
        if letter is None or letter not in letters:
            continue
        said = words if isinstance(words, str) else words(given)
        if " " in said:
            told = said.replace("{}", legacy_name(dtype))
            raise RuntimeError(told.replace("{c}", _C_NAMES.get(dtype.name, dtype.name)))
        if said:
            raise NotImplementedError(f"\"{said}\" not implemented for '{legacy_name(dtype)}'")
