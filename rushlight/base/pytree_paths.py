"""Leaves of trees of containers together with the keys that lead to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from rushlight.base.pytree import SUPPORTED_NODES, TreeSpec, children_of, tree_map, tree_unflatten


class SequenceKey(NamedTuple):
    """A place in a list or tuple."""

    idx: int

    def __str__(self) -> str:
        return f"[{self.idx!r}]"

    def __repr__(self) -> str:
        return f"SequenceKey(idx={self.idx!r})"

    def get(self, sequence: Any) -> Any:
        return sequence[self.idx]


class MappingKey(NamedTuple):
    """A key of a dict."""

    key: Any

    def __str__(self) -> str:
        return f"[{self.key!r}]"

    def __repr__(self) -> str:
        return f"MappingKey(key={self.key!r})"

    def get(self, mapping: Any) -> Any:
        return mapping[self.key]


class GetAttrKey(NamedTuple):
    """A field of a named tuple."""

    name: str

    def __str__(self) -> str:
        return f".{self.name}"

    def __repr__(self) -> str:
        return f"GetAttrKey(name={self.name!r})"

    def get(self, holder: Any) -> Any:
        return getattr(holder, self.name)


def _keys(tree: Any, kind: Any, count: int) -> list[Any]:
    named = SUPPORTED_NODES[kind].flatten_with_keys_fn
    if named is not None:
        return [key for key, _ in named(tree)[0]]
    if isinstance(tree, dict):
        return [MappingKey(key) for key in tree]
    if hasattr(tree, "_fields"):
        return [GetAttrKey(name) for name in tree._fields]
    return [SequenceKey(place) for place in range(count)]


def tree_flatten_with_path(
    tree: Any, is_leaf: Callable[[Any], bool] | None = None
) -> tuple[list[tuple[tuple[Any, ...], Any]], TreeSpec]:
    """The leaves in order, each with the keys that lead to it, and the shape of the tree.

    >>> tree_flatten_with_path({"a": [1]})[0]
    [((MappingKey(key='a'), SequenceKey(idx=0)), 1)]
    """
    found = None if is_leaf is not None and is_leaf(tree) else children_of(tree)
    if found is None:
        return [((), tree)], TreeSpec(None, None, ())
    kind, children, context = found
    leaves: list[Any] = []
    specs: list[TreeSpec] = []
    for key, child in zip(_keys(tree, kind, len(children)), children, strict=True):
        below, spec = tree_flatten_with_path(child, is_leaf)
        leaves += [((key, *path), leaf) for path, leaf in below]
        specs.append(spec)
    return leaves, TreeSpec(kind, context, specs)


def tree_leaves_with_path(
    tree: Any, is_leaf: Callable[[Any], bool] | None = None
) -> list[tuple[tuple[Any, ...], Any]]:
    """The leaves in order, each with the keys that lead to it."""
    return tree_flatten_with_path(tree, is_leaf)[0]


def tree_map_with_path(
    func: Callable[..., Any], tree: Any, *rests: Any, is_leaf: Callable[[Any], bool] | None = None
) -> Any:
    """``tree_map`` with the keys that lead to the leaf as the first argument."""
    found, spec = tree_flatten_with_path(tree, is_leaf)
    paths = tree_unflatten([_Path(path) for path, _ in found], spec)
    return tree_map(
        lambda path, *leaves: func(path.keys, *leaves), paths, tree, *rests, is_leaf=is_leaf
    )


class _Path:
    """Keys, held so that they are a leaf."""

    def __init__(self, keys: tuple[Any, ...]) -> None:
        self.keys = keys


def keystr(kp: Iterable[Any]) -> str:
    """The keys as they are written behind the tree: ``['a'][0]``."""
    return "".join(map(str, kp))


def key_get(obj: Any, kp: Iterable[Any]) -> Any:
    """What the keys lead to."""
    for key in kp:
        obj = key.get(obj)
    return obj
