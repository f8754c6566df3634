"""What cannot be computed in uint16, uint32 and uint64.

PyTorch keeps, copies, casts and compares them; many kernels it has not built. Theirs are the names
here (measured on PyTorch 2.13), so that a program that runs here runs there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rushlight.base.dtype import BARE
from rushlight.ir.graph import Node
from rushlight.ops.legacy_names import legacy_name
from rushlight.ops.promote import common_dtype

# Of operands that promote: among floating ones they are floating.
_TOGETHER = {
    "add": "add_stub", "sub": "add_stub", "rsub": "add_stub", "floor_divide": "div_floor_cpu",
    "remainder": "remainder_cpu", "fmod": "fmod_cpu", "pow": "pow", "lt": "lt_cpu",
    "le": "le_cpu", "gt": "gt_cpu", "ge": "ge_cpu", "maximum": "maximum_cpu",
    "minimum": "minimum_cpu", "clamp": "clamp_scalar_cpu", "bitwise_left_shift": "lshift_cpu",
    "bitwise_right_shift": "rshift_cpu", "gcd": "gcd_cpu", "lcm": "lcm_cpu",
    "addcmul": "addcmul_cpu_out", "logical_and": "logical_and_cpu",
    "logical_or": "logical_or_cpu", "logical_xor": "logical_xor_cpu",
}  # fmt: skip
_FIRST = {
    "lerp": "lerp_kernel_scalar",
    "neg": "neg_cpu", "abs": "abs_cpu", "sign": "sign_cpu", "square": "pow",
    "bitwise_not": "bitwise_not_cpu", "logical_not": "logical_not_cpu", "_max": "max_cpu",
    "_min": "min_cpu", "amax": "max_values_cpu", "amin": "min_values_cpu",
    "aminmax": "aminmax_cpu", "argmax": "argmax_cpu", "argmin": "argmin_cpu",
    "topk": "topk_cpu", "kthvalue": "kthvalue_cpu", "median": "median_cpu",
    "nanmedian": "median_cpu", "mode": "mode_cpu", "cummax": "cummax_cpu",
    "cummin": "cummin_cpu", "count_nonzero": "nonzero_count_cpu",
    "gather": "scatter_gather_tensor_cpu", "scatter": "scatter_gather_tensor_cpu",
    "scatter_add": "scatter_gather_tensor_cpu", "index_add": "scatter_gather_tensor_cpu",
    "index_fill": "index_fill_cpu", "take": "take_cpu", "masked_fill": "masked_fill",
    "tril": "tril", "triu": "triu", "mm": "addmm_impl_cpu_", "matmul": "addmm_impl_cpu_",
    "addmm": "addmm_impl_cpu_", "bmm": "bmm", "mv": "addmv_impl_cpu", "dot": "dot",
    "vdot": "vdot", "diff": "add_stub", "trapezoid": "add_stub", "rot90": "flip_cpu",
    "softmax": "softmax_kernel_impl", "log_softmax": "log_softmax_kernel_impl",
    "_searchsorted": "searchsorted_out_cpu",
}  # fmt: skip


def check(name: str, operands: Sequence[Any]) -> None:
    """NotImplementedError where the op ``name`` is asked to compute in one of the three."""
    kind = next((each.dtype for each in operands if isinstance(each, Node)), None)
    if name in _TOGETHER:
        kind = common_dtype(*operands)
    if kind in BARE:
        kernel = _TOGETHER.get(name) or _FIRST.get(name)
        if kernel is not None:
            raise NotImplementedError(f"\"{kernel}\" not implemented for '{legacy_name(kind)}'")
