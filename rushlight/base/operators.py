"""Operators that programs registered by name: what ``torch.ops.NAMESPACE.NAME`` finds.

``torch.library`` fills this; the operations of PyTorch itself are not in it.
"""

from __future__ import annotations

from typing import Any


class Namespace:
    """``torch.ops.NAMESPACE``: its operators as attributes."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"'_OpNamespace' '{self._name}' object has no attribute '{name}'")

    def __repr__(self) -> str:
        return f"<torch.ops.{self._name}>"


_namespaces: dict[str, Namespace] = {}


def namespace(name: str) -> Namespace:
    """The namespace of this name, made if it is not there."""
    return _namespaces.setdefault(name, Namespace(name))


def known_namespace(name: str) -> Namespace | None:
    """The namespace of this name, if somebody registered an operator in it."""
    return _namespaces.get(name)
