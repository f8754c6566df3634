"""Trees of containers: dicts, lists, tuples with anything at the leaves."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, final

# What flatten gives (children, context) and what takes them apart again.
Flatten = Callable[[Any], tuple[list[Any], Any]]
Unflatten = Callable[[Iterable[Any], Any], Any]


class _Kind(NamedTuple):
    flatten_fn: Flatten
    unflatten_fn: Unflatten
    flatten_with_keys_fn: Flatten | None = None  # children as (key, child); None: by their class


def _dict_of(values: Iterable[Any], keys: Any) -> dict[Any, Any]:
    return dict(zip(keys, values, strict=True))


SUPPORTED_NODES: dict[type, _Kind] = {  # by the container's class
    dict: _Kind(lambda d: (list(d.values()), list(d)), _dict_of),
    list: _Kind(lambda each: (each, None), lambda values, _: list(values)),
    tuple: _Kind(lambda each: (list(each), None), lambda values, _: tuple(values)),
    OrderedDict: _Kind(
        lambda d: (list(d.values()), list(d)),
        lambda values, keys: OrderedDict(zip(keys, values, strict=True)),
    ),
    defaultdict: _Kind(
        lambda d: (list(d.values()), (d.default_factory, list(d))),
        lambda values, context: defaultdict(context[0], _dict_of(values, context[1])),
    ),
    deque: _Kind(
        lambda each: (list(each), each.maxlen),
        lambda values, longest: deque(values, maxlen=longest),
    ),
    namedtuple: _Kind(lambda each: (list(each), type(each)), lambda values, kind: kind(*values)),  # type: ignore[dict-item]
}


def register_pytree_node(
    cls: type, flatten_fn: Flatten, unflatten_fn: Unflatten, *,
    flatten_with_keys_fn: Flatten | None = None, **names: Any,
) -> None:  # fmt: skip
    """Take objects of ``cls`` for containers. Raises ValueError where they are already."""
    if cls in SUPPORTED_NODES:
        raise ValueError(f"{cls} is already registered as pytree node.")
    SUPPORTED_NODES[cls] = _Kind(flatten_fn, unflatten_fn, flatten_with_keys_fn)


def _kind_of(tree: Any) -> Any:
    kind = type(tree)
    if kind not in SUPPORTED_NODES and isinstance(tree, tuple) and hasattr(kind, "_fields"):
        return namedtuple
    return kind if kind in SUPPORTED_NODES else None


def node_type(tree: Any) -> Any:
    """The key of ``SUPPORTED_NODES`` for ``tree`` if it is a container: named tuples share one."""
    return _kind_of(tree) or type(tree)


@final
class TreeSpec:
    """The shape of a tree: its containers without the leaves."""

    def __init__(self, type: Any, context: Any, children: Sequence[TreeSpec]) -> None:
        self.type = type  # None for a leaf
        self.context = context
        self.children_specs = list(children)
        self.num_leaves: int = 1 if type is None else sum(each.num_leaves for each in children)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TreeSpec):
            return NotImplemented
        return (self.type, self.context, self.children_specs) == (
            other.type, other.context, other.children_specs,
        )  # fmt: skip

    def __hash__(self) -> int:
        return hash((self.type, self.num_leaves))

    def __repr__(self) -> str:
        if self.type is None:
            return "*"
        return f"TreeSpec({self.type.__name__}, {self.context}, {self.children_specs})"

    def is_leaf(self) -> bool:
        return self.type is None


def tree_flatten(
    tree: Any, is_leaf: Callable[[Any], bool] | None = None
) -> tuple[list[Any], TreeSpec]:
    """The leaves in order, and the shape of the tree.

    >>> tree_flatten({"a": 1, "b": (2, [3])})[0]
    [1, 2, 3]
    """
    kind = None if is_leaf is not None and is_leaf(tree) else _kind_of(tree)
    if kind is None:
        return [tree], TreeSpec(None, None, ())
    children, context = SUPPORTED_NODES[kind].flatten_fn(tree)
    leaves: list[Any] = []
    specs = []
    for child in children:
        below, spec = tree_flatten(child, is_leaf)
        leaves += below
        specs.append(spec)
    return leaves, TreeSpec(kind, context, specs)


def tree_unflatten(leaves: Iterable[Any], treespec: TreeSpec) -> Any:
    """The tree of this shape with these leaves. ValueError where their number differs."""
    given = list(leaves)
    if len(given) != treespec.num_leaves:
        raise ValueError(
            f"tree_unflatten(leaves, treespec): `leaves` has length {len(given)} but the spec "
            f"refers to a pytree that holds {treespec.num_leaves} items ({treespec})."
        )
    return _build(iter(given), treespec)


def _build(leaves: Any, spec: TreeSpec) -> Any:
    if spec.type is None:
        return next(leaves)
    children = [_build(leaves, child) for child in spec.children_specs]
    return SUPPORTED_NODES[spec.type].unflatten_fn(children, spec.context)


def tree_leaves(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> list[Any]:
    """The leaves in order."""
    return tree_flatten(tree, is_leaf)[0]


def tree_structure(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> TreeSpec:
    """The shape of the tree."""
    return tree_flatten(tree, is_leaf)[1]


def tree_map(
    func: Callable[..., Any], tree: Any, *rests: Any, is_leaf: Callable[[Any], bool] | None = None
) -> Any:
    """The same tree with ``func`` of each leaf (and of the leaves of trees of the same shape)."""
    leaves, spec = tree_flatten(tree, is_leaf)
    others = []
    for rest in rests:
        more, other = tree_flatten(rest, is_leaf)
        if other != spec:
            raise ValueError(f"tree_map: trees of different shapes, {spec} and {other}")
        others.append(more)
    return tree_unflatten([func(*each) for each in zip(leaves, *others, strict=True)], spec)


def tree_map_only(
    kind: Any, func: Callable[[Any], Any], tree: Any,
    is_leaf: Callable[[Any], bool] | None = None,
) -> Any:  # fmt: skip
    """``tree_map`` for the leaves that are of ``kind`` (a class, several, or a question)."""
    asks = kind if callable(kind) and not isinstance(kind, type) else None

    def apply(leaf: Any) -> Any:
        held = asks(leaf) if asks is not None else isinstance(leaf, kind)
        return func(leaf) if held else leaf

    return tree_map(apply, tree, is_leaf=is_leaf)


def tree_all(predicate: Callable[[Any], bool], tree: Any) -> bool:
    """Whether it holds for all leaves."""
    return all(map(predicate, tree_leaves(tree)))


def tree_any(predicate: Callable[[Any], bool], tree: Any) -> bool:
    """Whether it holds for a leaf."""
    return any(map(predicate, tree_leaves(tree)))


def children_of(tree: Any) -> tuple[Any, list[Any], Any] | None:
    """(kind, children, context) of a container, None for a leaf."""
    kind = _kind_of(tree)
    return None if kind is None else (kind, *SUPPORTED_NODES[kind].flatten_fn(tree))


def tree_iter(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> Iterable[Any]:
    """The leaves, one after the other."""
    return iter(tree_leaves(tree, is_leaf))


def broadcast_to(tree: Any, spec: TreeSpec) -> list[Any] | None:
    """The leaves of ``tree``, each repeated for all that it stands above in ``spec``.

    None where they are not alike.
    """
    kind = _kind_of(tree)
    if kind is None:
        return [tree] * spec.num_leaves
    if spec.type is not kind:
        return None
    children, context = SUPPORTED_NODES[kind].flatten_fn(tree)
    if len(children) != len(spec.children_specs) or context != spec.context:
        return None
    result: list[Any] = []
    for child, below in zip(children, spec.children_specs, strict=True):
        found = broadcast_to(child, below)
        if found is None:
            return None
        result += found
    return result
