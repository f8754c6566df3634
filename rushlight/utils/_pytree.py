"""``torch.utils._pytree``: trees of containers; see base/pytree.py and base/pytree_paths.py."""

from __future__ import annotations

from typing import Any

from rushlight.base.pytree import (
    SUPPORTED_NODES,
    TreeSpec,
    register_pytree_node,
    tree_all,
    tree_any,
    tree_flatten,
    tree_iter,
    tree_leaves,
    tree_map,
    tree_map_only,
    tree_structure,
    tree_unflatten,
)
from rushlight.base.pytree import node_type as _get_node_type  # noqa: F401 - libraries ask
from rushlight.base.pytree_paths import (
    GetAttrKey,
    MappingKey,
    SequenceKey,
    key_get,
    keystr,
    tree_flatten_with_path,
    tree_leaves_with_path,
    tree_map_with_path,
)

PyTree = Any
Context = Any
_dict_flatten, _dict_unflatten, _ = SUPPORTED_NODES[dict]
_list_flatten, _list_unflatten, _ = SUPPORTED_NODES[list]
_register_pytree_node = register_pytree_node


def _dict_flatten_with_keys(tree: dict[Any, Any]) -> tuple[list[tuple[MappingKey, Any]], Any]:
    values, context = _dict_flatten(tree)
    return [(MappingKey(key), value) for key, value in zip(tree, values, strict=True)], context


def _list_flatten_with_keys(tree: list[Any]) -> tuple[list[tuple[SequenceKey, Any]], Any]:
    values, context = _list_flatten(tree)
    return [(SequenceKey(place), value) for place, value in enumerate(values)], context


def LeafSpec() -> TreeSpec:
    """The shape of a tree that is one leaf."""
    return TreeSpec(None, None, ())


__all__ = [
    "SUPPORTED_NODES", "Context", "GetAttrKey", "LeafSpec", "MappingKey", "PyTree", "SequenceKey",
    "TreeSpec", "key_get", "keystr", "register_pytree_node", "tree_all", "tree_any", "tree_flatten",
    "tree_flatten_with_path", "tree_iter", "tree_leaves", "tree_leaves_with_path", "tree_map",
    "tree_map_only", "tree_map_with_path", "tree_structure", "tree_unflatten",
]  # fmt: skip
