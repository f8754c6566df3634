"""PyTorch's names that Rushlight leaves out, and the sentence that each of them raises.

>>> str(left_out("torch", "quantize_per_tensor"))[:52]
'torch.quantize_per_tensor is left out of Rushlight: '
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NoReturn


class LeftOut(NotImplementedError, AttributeError):
    """Raised at the name itself; an AttributeError too, so that ``hasattr`` says no."""


QUANTISED = (
    "tensors of quantised integers are not part of it; keep weights in float16 or bfloat16 to "
    "save memory"
)
_LAYOUTS = (
    "of the sparse layouts only coordinates (torch.sparse_coo) are part of it; call "
    "to_sparse_coo() or to_dense()"
)
_NAMED = "dimensions have no names; use their numbers"
_SCRIPT = (
    "TorchScript is not part of it: every operation is compiled as it is recorded; call the "
    "function as it is"
)
_LIBRARY = (
    "it is one function of another library (cuDNN, MIOpen, oneDNN, FBGEMM); call the plain op"
)
HALF_COMPLEX = "its complex numbers are complex64 and complex128"

_OF_QUANTISED = """
    QInt32Storage QInt8Storage QUInt2x4Storage QUInt4x2Storage QUInt8Storage
    choose_qparams_optimized dequantize empty_quantized fake_quantize_per_channel_affine
    fake_quantize_per_tensor_affine fused_moving_avg_obs_fake_quant int_repr per_channel_affine
    per_channel_affine_float_qparams per_channel_symmetric per_tensor_affine
    per_tensor_symmetric q_per_channel_axis q_per_channel_scales q_per_channel_zero_points
    q_scale q_zero_point qscheme quantize_per_channel quantize_per_tensor
    quantize_per_tensor_dynamic quantized_batch_norm quantized_gru quantized_gru_cell
    quantized_lstm quantized_lstm_cell quantized_max_pool1d quantized_max_pool2d
    quantized_max_pool3d quantized_rnn_relu_cell quantized_rnn_tanh_cell
    ao quantization
"""
_OF_LAYOUTS = """
    ccol_indices ccol_indices_copy col_indices col_indices_copy crow_indices crow_indices_copy
    dsmm hsmm hspmm resize_as_sparse_ row_indices row_indices_copy saddmm smm sparse_resize_
    sparse_resize_and_clear_ sspaddmm to_padded_tensor
"""
_OF_NAMED = """
    align_as align_tensors align_to refine_names rename rename_
"""
_OF_SCRIPT = """
    CompilationUnit JITException ScriptClass ScriptClassFunction ScriptDict ScriptList
    ScriptMethod ScriptObject classes fork import_ir_module
    import_ir_module_from_buffer parse_ir parse_schema parse_type_comment wait
"""
_OF_LIBRARIES = """
    cudnn_affine_grid_generator cudnn_batch_norm cudnn_convolution cudnn_convolution_add_relu
    cudnn_convolution_relu cudnn_convolution_transpose cudnn_grid_sampler cudnn_is_acceptable
    fbgemm_linear_fp16_weight fbgemm_linear_fp16_weight_fp32_activation
    fbgemm_linear_int8_weight fbgemm_linear_int8_weight_fp32_activation
    fbgemm_linear_quantize_weight fbgemm_pack_gemm_matrix_fp16 fbgemm_pack_quantized_matrix
    miopen_batch_norm miopen_convolution miopen_convolution_add_relu miopen_convolution_relu
    miopen_convolution_transpose miopen_ctc_loss miopen_depthwise_convolution miopen_rnn
    mkldnn_adaptive_avg_pool2d mkldnn_convolution mkldnn_linear_backward_weights
    mkldnn_max_pool2d mkldnn_max_pool3d mkldnn_rnn_layer to_mkldnn
"""
_OF_HALF_COMPLEX = """
    chalf
"""

_WHY: dict[str, str] = {
    name: why
    for names, why in (
        (_OF_QUANTISED, QUANTISED),
        (_OF_LAYOUTS, _LAYOUTS),
        (_OF_NAMED, _NAMED),
        (_OF_SCRIPT, _SCRIPT),
        (_OF_LIBRARIES, _LIBRARY),
        (_OF_HALF_COMPLEX, HALF_COMPLEX),
    )
    for name in names.split()
}

ONE_PROCESS = "it is one process; DistributedDataParallel runs in a world of one"
OPERATORS = "operators are not registered by name; call torch.<name>"


def left_out(owner: str, name: str) -> LeftOut | None:
    """What ``owner.name`` raises, None where it is no name that is left out on purpose."""
    why = _WHY.get(name)
    return None if why is None else LeftOut(f"{owner}.{name} is left out of Rushlight: {why}")


def left_out_names() -> tuple[str, ...]:
    """All names that are left out on purpose."""
    return tuple(_WHY)


def leaving_out(owner: str, why: Mapping[str, str]) -> Callable[[str], NoReturn]:
    """A module's ``__getattr__`` that says which names of PyTorch's it leaves out, and why.

    >>> leaving_out("torch.x", {"name": "it is rare"})("name")
    Traceback (most recent call last):
    ...
    rushlight.base.left_out.LeftOut: torch.x.name is left out of Rushlight: it is rare
    """

    def get(name: str) -> NoReturn:
        if name in why:
            raise LeftOut(f"{owner}.{name} is left out of Rushlight: {why[name]}")
        raise AttributeError(f"module {owner!r} has no attribute {name!r}")

    return get


class _Absent(type):
    """The class of classes without instances: names of theirs are the same kind."""

    why: str

    def __call__(cls, *args: object, **kwargs: object) -> object:
        raise LeftOut(f"{cls.__module__}.{cls.__name__} is left out of Rushlight: {cls.why}")

    def __getattr__(cls, name: str) -> type:
        if name.startswith("_"):
            raise AttributeError(f"{cls.__module__}.{cls.__name__} has no attribute {name!r}")
        made = absent_class(f"{cls.__module__}.{cls.__name__}.{name}", cls.why)
        setattr(cls, name, made)
        return made


def absent_class(address: str, why: str) -> type:
    """A class without instances, for annotations and ``isinstance``: making one raises LeftOut.

    So do the names in it that a program may put into tables, as members of an enumeration.

    >>> isinstance(3, absent_class("torch.SymInt", "sizes are plain numbers"))
    False
    """
    module, _, name = address.rpartition(".")
    body = {"__module__": module, "__doc__": "Raises NotImplementedError: " + why, "why": why}
    return _Absent(name, (), body)
