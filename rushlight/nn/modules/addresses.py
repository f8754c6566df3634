"""Names that PyTorch keeps in another of its modules than we do: importable from there too.

``from torch.nn.modules.loss import CTCLoss`` finds what is in ``ctc_loss.py`` here. Each such
module resolves the names when they are asked for, so files may refer to each other in a ring.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

PACKAGE = __name__.rpartition(".")[0]
_LAZY_CONVS = ("LazyConv1d", "LazyConv2d", "LazyConv3d",
               "LazyConvTranspose1d", "LazyConvTranspose2d", "LazyConvTranspose3d")  # fmt: skip
_UNINITIALIZED = ("UninitializedParameter", "UninitializedBuffer")

# Module asked -> module that has it -> names. A pair is (name there, name here).
ADDRESSES: dict[str, dict[str, tuple[str | tuple[str, str], ...]]] = {
    "activation": {
        "attention": ("MultiheadAttention",),
        "linear": ("NonDynamicallyQuantizableLinear",),
        "..init": ("constant_", "xavier_normal_", "xavier_uniform_"),
    },
    "batchnorm": {
        "syncbatchnorm": ("SyncBatchNorm",),
        "lazy_layers": (
            "LazyBatchNorm1d", "LazyBatchNorm2d", "LazyBatchNorm3d",
            ("_LazyNormBase", "_LazyNorm"),
        ),
        "lazy": ("LazyModuleMixin",),
        "..parameter": ("Parameter", *_UNINITIALIZED),
    },
    "container": {
        "deprecated": ("Container",),
        "module": ("_addindent",),
        "..parameter": ("Parameter",),
    },
    "conv": {
        "lazy_layers": (*_LAZY_CONVS, ("_LazyConvXdMixin", "_LazyConv")),
        "lazy": ("LazyModuleMixin",),
        "..parameter": ("UninitializedParameter",),
    },
    "instancenorm": {
        "lazy_layers": ("LazyInstanceNorm1d", "LazyInstanceNorm2d", "LazyInstanceNorm3d"),
    },
    "linear": {
        "lazy_layers": ("LazyLinear",),
        "lazy": ("LazyModuleMixin",),
        "..parameter": ("UninitializedParameter",),
    },
    "loss": {
        "ctc_loss": ("CTCLoss",),
        "deprecated": ("NLLLoss2d",),
        "distance": ("PairwiseDistance",),
        "linear": ("Linear",),
        "linear_cross_entropy": ("LinearCrossEntropyLoss", "LinearCrossEntropyOptions"),
        "margin_loss": (
            "MultiLabelMarginLoss", "MultiLabelSoftMarginLoss", "MultiMarginLoss",
            "TripletMarginWithDistanceLoss",
        ),
    },
    "normalization": {"crossmap": ("CrossMapLRN2d",), "...tensor": ("Size",)},
    "pooling": {
        "fractional": ("FractionalMaxPool2d", "FractionalMaxPool3d"),
        "unpooling": ("MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d", "_MaxUnpoolNd"),
    },
    "rnn": {"rnn_cell": ("GRUCell", "LSTMCell", "RNNCell", "RNNCellBase")},
    "sparse": {"embedding_bag": ("EmbeddingBag",)},
    "transformer": {
        "attention": ("MultiheadAttention",),
        "dropout": ("Dropout",),
        "linear": ("Linear",),
        "..init": ("xavier_uniform_",),
    },
}  # fmt: skip


def names_of(module: str) -> dict[str, tuple[str, str]]:
    """Name -> (module that has it, its name there), for one of the modules above."""
    found: dict[str, tuple[str, str]] = {}
    for owner, names in ADDRESSES[module.rpartition(".")[2]].items():
        where = owner if owner.startswith(".") else f".{owner}"
        for each in names:
            asked, here = each if isinstance(each, tuple) else (each, each)
            found[asked] = where, here
    return found


def names_elsewhere(module: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The ``__getattr__`` and ``__dir__`` of ``module``, called with its ``__name__``.

    >>> from rushlight.nn.modules.loss import CTCLoss
    >>> CTCLoss.__module__
    'rushlight.nn.modules.ctc_loss'
    """
    found: dict[str, tuple[str, str]] = {}

    def __getattr__(name: str) -> Any:
        if name == "__all__":  # what ``from ... import *`` asks for
            return [each for each in __dir__() if not each.startswith("_")]
        if not found:
            found.update(names_of(module))
        if name not in found:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        where, here = found[name]
        value = getattr(import_module(where, PACKAGE), here)
        setattr(sys.modules[module], name, value)
        return value

    def __dir__() -> list[str]:
        return sorted({*vars(sys.modules[module]), *names_of(module)})

    return __getattr__, __dir__
