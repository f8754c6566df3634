"""Layers that PyTorch has and Rushlight has not yet.

Their names exist, so that ``isinstance(module, nn.LSTM)`` and annotations work; making one says
what is missing.
"""

from __future__ import annotations

from typing import Any

from rushlight.nn.modules.module import Module

NAMES = (
    "AdaptiveAvgPool3d", "AdaptiveLogSoftmaxWithLoss", "AdaptiveMaxPool3d", "AvgPool3d", "CTCLoss",
    "CircularPad3d", "Conv3d", "ConvTranspose3d", "CrossMapLRN2d", "DataParallel", "Dropout3d",
    "EmbeddingBag", "FractionalMaxPool2d", "FractionalMaxPool3d", "GRU", "GRUCell",
    "InstanceNorm3d", "LPPool3d", "LSTM", "LSTMCell", "LazyBatchNorm1d", "LazyBatchNorm2d",
    "LazyBatchNorm3d", "LazyConv1d", "LazyConv2d", "LazyConv3d", "LazyConvTranspose1d",
    "LazyConvTranspose2d", "LazyConvTranspose3d", "LazyInstanceNorm1d", "LazyInstanceNorm2d",
    "LazyInstanceNorm3d", "LazyLinear", "MaxPool3d", "MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d",
    "MultiLabelMarginLoss", "MultiLabelSoftMarginLoss", "MultiMarginLoss", "MultiheadAttention",
    "RNN", "RNNBase", "RNNCell", "RNNCellBase", "ReflectionPad3d", "ReplicationPad3d",
    "SyncBatchNorm", "Transformer", "TransformerDecoder", "TransformerDecoderLayer",
    "TransformerEncoder", "TransformerEncoderLayer", "TripletMarginWithDistanceLoss",
)  # fmt: skip


def _absent(name: str) -> type[Module]:
    def __init__(self: Module, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError(f"torch.nn.{name} is not in Rushlight yet")

    doc = "Not in Rushlight yet: making one raises NotImplementedError."
    return type(name, (Module,), {"__init__": __init__, "__doc__": doc, "__module__": __name__})


CLASSES: dict[str, type[Module]] = {name: _absent(name) for name in NAMES}
