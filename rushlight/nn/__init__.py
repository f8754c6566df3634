"""torch.nn: layers, containers, losses, initialisers."""

from __future__ import annotations

from rushlight.nn import functional, init, modules, parameter, utils
from rushlight.nn.modules import *  # noqa: F403
from rushlight.nn.modules.module import Module
from rushlight.nn.parameter import Buffer, Parameter

__all__ = [
    *modules.__all__,
    "Buffer",
    "Module",
    "Parameter",
    "functional",
    "init",
    "modules",
    "parameter",
    "utils",
]
