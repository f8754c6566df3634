"""Layers that PyTorch has and Rushlight has not yet.

Their names exist, so that ``isinstance(module, nn.LSTM)`` and annotations work; making one says
what is missing.
"""

from __future__ import annotations

from typing import Any

from rushlight.nn.modules.module import Module

NAMES = (
    "EmbeddingBag", "MultiheadAttention", "Transformer", "TransformerDecoder",
    "TransformerDecoderLayer", "TransformerEncoder", "TransformerEncoderLayer",
)  # fmt: skip


def _absent(name: str) -> type[Module]:
    def __init__(self: Module, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError(f"torch.nn.{name} is not in Rushlight yet")

    doc = "Not in Rushlight yet: making one raises NotImplementedError."
    return type(name, (Module,), {"__init__": __init__, "__doc__": doc, "__module__": __name__})


CLASSES: dict[str, type[Module]] = {name: _absent(name) for name in NAMES}
