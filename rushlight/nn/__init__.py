"""torch.nn: layers, containers, losses, initialisers."""

from __future__ import annotations

from rushlight.base.left_out import QUANTISED, leaving_out
from rushlight.nn import attention, functional, grad, init, modules, parallel, parameter, utils
from rushlight.nn.factories import factory_kwargs
from rushlight.nn.modules import *  # noqa: F403
from rushlight.nn.modules.module import Module
from rushlight.nn.parallel import DataParallel
from rushlight.nn.parameter import Buffer, Parameter, UninitializedBuffer, UninitializedParameter

__all__ = [
    *modules.__all__,
    "attention",
    "Buffer",
    "DataParallel",
    "Module",
    "Parameter",
    "UninitializedBuffer",
    "UninitializedParameter",
    "factory_kwargs",
    "functional",
    "grad",
    "init",
    "modules",
    "parallel",
    "parameter",
    "utils",
]

__getattr__ = leaving_out(
    "torch.nn", dict.fromkeys(("intrinsic", "qat", "quantizable", "quantized"), QUANTISED)
)
