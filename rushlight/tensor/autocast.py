"""Autocast: which operations compute in which dtype while it is on, as PyTorch lists them for CPUs.

Only the listed operations look whether it is on (``Trace.autocast``, the dtype, or None); while
one of them runs it is off, so that what it is made of computes in the dtypes given.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from rushlight.base.dtype import bfloat16, float16, float32, float64
from rushlight.base.dtype import dtype as DType
from rushlight.engine.trace import Trace, local
from rushlight.tensor.state import LEAF
from rushlight.tensor.tensor import Tensor

F = TypeVar("F", bound=Callable[..., Any])

LOW = "low"  # arguments become the autocast dtype
WIDE = "wide"  # arguments become float32
WIDEST = "widest"  # arguments become the widest of their dtypes
SUMMING = "summing"  # as LOW if it is a matrix product, else as they come
CARRIED = "carried"  # computed in float32, results in the dtype of the first argument
LOWERED = "lowered"  # computed in float32, results in the autocast dtype
LISTS = {
    LOW: """
        conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d conv_tbc bmm mm
        baddbmm addmm addbmm linear matmul inner tensordot linalg_matmul linalg_multi_dot
        linalg_vecdot prelu affine_grid scaled_dot_product_attention linear_cross_entropy
    """,
    WIDE: """
        avg_pool3d max_pool3d max_pool3d_with_indices adaptive_avg_pool3d adaptive_max_pool3d
        fractional_max_pool2d fractional_max_pool3d max_unpool1d max_unpool2d max_unpool3d
        grid_sample grid_sampler polar view_as_complex prod quantile nanquantile cdist trace
        local_response_norm cholesky cholesky_inverse cholesky_solve inverse pinverse lu lu_solve
        orgqr ormqr geqrf triangular_solve svd qr svd_lowrank pca_lowrank linalg_cholesky
        linalg_cholesky_ex linalg_cond linalg_eig linalg_eigh linalg_eigvals linalg_eigvalsh
        linalg_householder_product linalg_inv linalg_inv_ex linalg_lstsq linalg_matrix_rank
        linalg_qr linalg_solve linalg_svd linalg_svdvals linalg_tensorinv linalg_tensorsolve stft
        fft_fft fft_ifft fft_fft2 fft_ifft2 fft_fftn fft_ifftn fft_rfft fft_irfft fft_rfft2
        fft_irfft2 fft_rfftn fft_irfftn fft_hfft fft_ihfft mse_loss l1_loss smooth_l1_loss
        huber_loss nll_loss _cross_entropy binary_cross_entropy binary_cross_entropy_with_logits
        cosine_embedding_loss hinge_embedding_loss poisson_nll_loss margin_ranking_loss
        soft_margin_loss triplet_margin_loss multi_margin_loss multilabel_margin_loss ctc_loss
        kl_div
    """,
    WIDEST: "stack cat index_copy",
    SUMMING: "einsum",
    CARRIED: "lstm gru lstm_cell gru_cell",
    LOWERED: """
        rnn_tanh rnn_relu rnn_tanh_cell rnn_relu_cell linalg_pinv matrix_power linalg_matrix_power
    """,
}
# (_cross_entropy: the function over it looks at nothing, so that its call is not one more)
RULES = {name: rule for rule, names in LISTS.items() for name in names.split()}

_ELSEWHERE = {
    "cuda": float16, "mps": float16, "xpu": float16, "mtia": float16, "hpu": bfloat16,
    "xla": bfloat16,
}  # fmt: skip


class _State(threading.local):
    """What the thread has switched on, per kind of device."""

    def __init__(self) -> None:
        # Of devices that are not here, autocast only keeps what was set.
        self.dtypes = {"cpu": bfloat16, **_ELSEWHERE}
        self.enabled = dict.fromkeys(self.dtypes, False)
        self.nesting = 0
        self.cached = True
        # Parameters cast already: tensor id -> (tensor, result). One cast serves all its uses.
        self.casts: dict[int, tuple[Tensor, Any]] = {}


state = _State()


def set_enabled(device: str, enabled: bool) -> None:
    """Switch autocast; operations here are all on the CPU, so only its switch does anything."""
    state.enabled[device] = enabled
    if device == "cpu":
        local.trace.autocast = state.dtypes["cpu"] if enabled else None


def set_dtype(device: str, dtype: DType) -> None:
    """The dtype of the operations that are run in a low one."""
    state.dtypes[device] = dtype
    if device == "cpu" and local.trace.autocast is not None:
        local.trace.autocast = dtype


def _eligible(value: Any) -> bool:
    return (
        isinstance(value, Tensor) and value.dtype is not float64 and value.dtype.is_floating_point
    )


def _cast(value: Any, dtype: DType) -> Any:
    """Tensors of floating point but float64, and those in lists of them, as ``dtype``."""
    if isinstance(value, (list, tuple)):
        if not any(isinstance(each, Tensor) for each in value):
            return value
        return type(value)(_cast(each, dtype) for each in value)
    if not _eligible(value) or value.dtype is dtype:
        return value
    if value._edge is not LEAF or value.dtype is not float32 or dtype is float32:
        return value.to(dtype)
    if not (state.cached and local.trace.grad):
        return value.to(dtype)
    found = state.casts.get(id(value))
    if found is None or found[1].dtype is not dtype:
        found = state.casts[id(value)] = (value, value.to(dtype))
    return found[1]


def _tensors(values: Any) -> list[Tensor]:
    found = []
    for value in values:
        if isinstance(value, (list, tuple)):
            found += _tensors(value)
        elif _eligible(value):
            found.append(value)
    return found


def _is_product(equation: Any) -> bool:
    """Whether an einsum sums over an axis that two of its operands have."""
    if not isinstance(equation, str):
        return True
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    shared = {letter for letter in left if sum(letter in term for term in terms) > 1}
    return bool((shared - set(right) if arrow else shared) - set(",."))


def recast(rule: str, low: DType, args: Any, kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The arguments of a listed operation as it takes them under autocast."""
    if rule == WIDEST:
        found = _tensors([*args, *kwargs.values()])
        dtype = float32 if any(each.dtype is float32 for each in found) else low
    elif rule == SUMMING and not _is_product(args[0]):
        return args, kwargs
    else:
        dtype = low if rule in (LOW, SUMMING) else float32
    plain = tuple(_cast(value, dtype) for value in args)
    return plain, {key: _cast(value, dtype) for key, value in kwargs.items()}


def run(trace: Trace, rule: str, function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Call a listed ``function`` while autocast is on."""
    low = trace.autocast
    assert low is not None
    first = args[0] if args else None
    args, kwargs = recast(rule, low, args, kwargs)
    trace.autocast = None
    try:
        result = function(*args, **kwargs)
    finally:
        trace.autocast = low
    if rule == LOWERED:
        return _cast(result, low)
    if rule == CARRIED and _eligible(first) and first.dtype is not float32:  # type: ignore[union-attr]
        return _cast(result, first.dtype)  # type: ignore[union-attr]
    return result


def listed(function: F, name: str) -> F:
    """``function``, with a look at autocast if its ``name`` is listed."""
    rule = RULES.get(name)
    if rule is None:
        return function

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        trace = local.trace
        if trace.autocast is None:
            return function(*args, **kwargs)
        return run(trace, rule, function, args, kwargs)

    return wrapped  # type: ignore[return-value]
