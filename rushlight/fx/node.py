"""One step of a graph: what is called, with which arguments, and who uses the result."""

from __future__ import annotations

import builtins
import operator
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import rushlight as torch
from rushlight.nn import functional as nn_functional

if TYPE_CHECKING:
    from rushlight.fx.graph import Graph

OPS = frozenset(
    ("placeholder", "get_attr", "call_function", "call_method", "call_module", "output", "root")
)
Target = Callable[..., Any] | str


def map_aggregate(a: Any, fn: Callable[[Any], Any]) -> Any:
    """``a`` with ``fn`` applied to every leaf of its tuples, lists, dicts and slices."""
    if isinstance(a, tuple):
        made = [map_aggregate(each, fn) for each in a]
        return type(a)(*made) if hasattr(a, "_fields") else tuple(made)
    if isinstance(a, list):
        return [map_aggregate(each, fn) for each in a]
    if isinstance(a, dict):
        return {key: map_aggregate(value, fn) for key, value in a.items()}
    if isinstance(a, slice):
        return slice(*(map_aggregate(each, fn) for each in (a.start, a.stop, a.step)))
    return fn(a)


def map_arg(a: Any, fn: Callable[[Node], Any]) -> Any:
    """``a`` with ``fn`` applied to every Node in it."""
    return map_aggregate(a, lambda leaf: fn(leaf) if isinstance(leaf, Node) else leaf)


def nodes_in(*arguments: Any) -> list[Node]:
    """The nodes among the arguments, each once, in order."""
    found: dict[Node, None] = {}
    map_arg(arguments, lambda node: found.setdefault(node))
    return list(found)


class Node:
    """A step; nodes of a graph are a ring around its root. Made by ``Graph.create_node``.

    Attributes: ``op`` (one of placeholder, get_attr, call_function, call_method, call_module,
    output), ``name``, ``target`` (a function, or a name), ``args``, ``kwargs``, ``users`` (the
    nodes that use it), ``meta`` (the user's own).
    """

    def __init__(
        self,
        graph: Graph,
        name: str,
        op: str,
        target: Target,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        return_type: Any = None,
    ) -> None:
        if op not in OPS:
            raise AssertionError(f"op {op!r} is none of {sorted(OPS)}")
        if op == "call_function" and not callable(target):
            raise ValueError(
                f"Node [graph = {graph}, name = '{name}'] target {target} has type "
                f"{type(target).__name__} but a Callable is expected"
            )
        if op != "call_function" and not isinstance(target, str):
            raise ValueError(
                f"Node [graph = {graph}, name = '{name}'] target {target} has type "
                f"{type(target).__name__} but a str is expected"
            )
        self.graph = graph
        self.name = name
        self.op = op
        self.target = target
        self.type = return_type
        self.users: dict[Node, None] = {}
        self.meta: dict[str, Any] = {}
        self._input_nodes: dict[Node, None] = {}
        self._prev = self._next = self
        self._erased = False
        self._args: tuple[Any, ...] = ()
        self._kwargs: dict[str, Any] = {}
        self._set(args, kwargs)

    @property
    def next(self) -> Node:
        """The node behind this one."""
        return self._next

    @property
    def prev(self) -> Node:
        """The node before this one."""
        return self._prev

    @property
    def args(self) -> tuple[Any, ...]:
        """The positional arguments; assign to change them."""
        return self._args

    @args.setter
    def args(self, value: tuple[Any, ...]) -> None:
        self._set(value, self._kwargs)

    @property
    def kwargs(self) -> dict[str, Any]:
        """The keyword arguments; assign to change them."""
        return self._kwargs

    @kwargs.setter
    def kwargs(self, value: dict[str, Any]) -> None:
        self._set(self._args, value)

    @property
    def all_input_nodes(self) -> list[Node]:
        """The nodes that this one uses, each once."""
        return list(self._input_nodes)

    def _set(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        for node in self._input_nodes:
            node.users.pop(self, None)
        self._args = map_aggregate(tuple(args), lambda leaf: leaf)
        self._kwargs = map_aggregate(dict(kwargs), lambda leaf: leaf)
        self._input_nodes = dict.fromkeys(nodes_in(self._args, self._kwargs))
        for node in self._input_nodes:
            node.users[self] = None

    def update_arg(self, idx: int, arg: Any) -> None:
        """Another value for the positional argument ``idx``."""
        args = list(self.args)
        args[idx] = arg
        self.args = tuple(args)

    def insert_arg(self, idx: int, arg: Any) -> None:
        """A further positional argument before ``idx``."""
        self.args = (*self.args[:idx], arg, *self.args[idx:])

    def update_kwarg(self, key: str, arg: Any) -> None:
        """Another value for the keyword argument ``key``."""
        self.kwargs = {**self.kwargs, key: arg}

    def prepend(self, x: Node) -> None:
        """Moves ``x`` before this node."""
        if x.graph is not self.graph:
            raise AssertionError("Attempting to move a Node into a different Graph")
        if x is self:
            return
        x._unlink()
        before = self._prev
        before._next, x._prev = x, before
        x._next, self._prev = self, x

    def append(self, x: Node) -> None:
        """Moves ``x`` behind this node."""
        self._next.prepend(x)

    def _unlink(self) -> None:
        self._prev._next, self._next._prev = self._next, self._prev

    def replace_all_uses_with(
        self,
        replace_with: Node,
        delete_user_cb: Callable[[Node], bool] = lambda user: True,
        *,
        propagate_meta: bool = False,
    ) -> list[Node]:
        """Lets every user for which ``delete_user_cb`` holds use ``replace_with``; returns them."""
        if propagate_meta:
            replace_with.meta.update(self.meta)
        changed = [user for user in self.users if delete_user_cb(user)]
        for user in changed:
            user.replace_input_with(self, replace_with)
        return changed

    def replace_input_with(self, old_input: Node, new_input: Node) -> None:
        """Uses ``new_input`` wherever this node used ``old_input``."""

        def other(node: Node) -> Node:
            return new_input if node is old_input else node

        self._set(map_arg(self._args, other), map_arg(self._kwargs, other))

    def is_impure(self, impure_random: bool = True) -> bool:
        """Whether the step matters although nobody uses its result."""
        if self.op in ("placeholder", "output"):
            return True
        if self.op == "call_module":
            owner = self.graph.owning_module
            return owner is None or bool(
                getattr(owner.get_submodule(str(self.target)), "_is_impure", False)
            )
        return self.op == "call_function" and self.target in (operator.setitem, setattr)

    def format_node(self, *args: Any, **kwargs: Any) -> str | None:
        """The line of this node in ``print(graph)``; None for a placeholder's or output's users."""
        kind = "" if self.type is None else f": {type_text(self.type)} "
        uses = f"%{self.name} : {kind[2:]}[num_users={len(self.users)}] = {self.op}"
        if self.op == "placeholder":
            default = f"(default={self.args[0]})" if self.args else ""
            return f"{uses}[target={self.target}]{default}"
        if self.op == "get_attr":
            return f"{uses}[target={self.target}]"
        if self.op == "output":
            return f"return {self.args[0]}"
        target = self.target if isinstance(self.target, str) else function_text(self.target, True)
        args_text = _text(self.args)
        kwargs_text = _text(self.kwargs)
        return f"{uses}[target={target}](args = {args_text}, kwargs = {kwargs_text})"

    def __repr__(self) -> str:
        return self.name

    def __iter__(self) -> Iterator[Any]:
        raise TypeError(f"'{type(self).__name__}' object is not iterable")


def _text(value: Any) -> str:
    """Arguments as ``print(graph)`` shows them: nodes with a percent sign, keys unquoted."""
    if isinstance(value, tuple):
        inside = ", ".join(map(_text, value))
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_text(each)}" for key, each in value.items()) + "}"
    return f"%{value}" if isinstance(value, Node) else str(value)


def type_text(kind: Any) -> str:
    """A type annotation in code: ``float``, ``torch.Tensor``, ``typing.Optional[int]``."""
    if isinstance(kind, str):
        return kind
    if isinstance(kind, type) and kind.__module__ == "builtins":
        return kind.__name__
    if isinstance(kind, type):
        return f"{public_module(kind.__module__)}.{kind.__qualname__}"
    return str(kind)


def public_module(name: str) -> str:
    """Where a user finds what is defined in our module ``name``."""
    first, _, rest = name.partition(".")
    if first != "rushlight":
        return name
    return "torch" if not rest or rest.startswith("tensor") else f"torch.{rest}"


def function_text(function: Callable[..., Any], with_builtins: bool = False) -> str:
    """The name by which code reaches a function: ``torch.relu``, ``operator.add``, ``getattr``."""
    name = getattr(function, "__name__", type(function).__name__)
    if getattr(builtins, name, None) is function:
        return f"builtins.{name}" if with_builtins else name
    if getattr(operator, name, None) is function:
        return f"operator.{name}"
    # Functions under both names that PyTorch has in the second place.
    both = "pool" in name or name.endswith("_norm") or name in ("dropout", "embedding")
    if getattr(torch, name, None) is function and not both:
        return f"torch.{name}"
    if getattr(nn_functional, name, None) is function:
        return f"torch.nn.functional.{name}"
    return f"{public_module(getattr(function, '__module__', None) or '')}.{name}".lstrip(".")
