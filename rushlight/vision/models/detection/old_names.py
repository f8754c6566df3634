"""Checkpoints written before torchvision 0.14: layers stood alone that are in blocks now."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any


def rename_layers(
    state_dict: MutableMapping[str, Any],
    prefix: str,
    local_metadata: Mapping[str, Any],
    layers: Mapping[str, str],
) -> None:
    """Weights and biases of version 1 under the names of version 2: ``layers`` says old: new."""
    if (local_metadata.get("version") or 1) >= 2:
        return
    for old, new in layers.items():
        for part in ("weight", "bias"):
            if f"{prefix}{old}.{part}" in state_dict:
                value = state_dict.pop(f"{prefix}{old}.{part}")
                state_dict[f"{prefix}{new}.{part}"] = value
