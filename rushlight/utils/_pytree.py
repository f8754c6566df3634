"""``torch.utils._pytree``: trees of containers; see base/pytree.py."""

from __future__ import annotations

from typing import Any

from rushlight.base.pytree import (
    SUPPORTED_NODES,
    TreeSpec,
    register_pytree_node,
    tree_all,
    tree_any,
    tree_flatten,
    tree_leaves,
    tree_map,
    tree_map_only,
    tree_structure,
    tree_unflatten,
)
from rushlight.base.pytree import node_type as _get_node_type  # noqa: F401 - libraries ask

PyTree = Any


def LeafSpec() -> TreeSpec:
    """The shape of a tree that is one leaf."""
    return TreeSpec(None, None, ())


__all__ = [
    "SUPPORTED_NODES", "LeafSpec", "PyTree",
    "TreeSpec", "register_pytree_node", "tree_all", "tree_any", "tree_flatten", "tree_leaves",
    "tree_map", "tree_map_only", "tree_structure", "tree_unflatten",
]  # fmt: skip
