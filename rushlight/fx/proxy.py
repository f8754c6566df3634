"""What runs through a function instead of tensors, and notes what is done with it."""

from __future__ import annotations

import dis
import inspect
import operator
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from rushlight.fx.node import Node, Target, map_aggregate
from rushlight.tensor import overrides

if TYPE_CHECKING:
    from rushlight.fx.graph import Graph


class TraceError(ValueError):
    """A step depends on a value, which is not known while a function is traced."""


class Proxy:
    """Stands for the result of a node; each operation on it makes a further node.

    Attributes and methods become nodes too; values (``bool``, iteration, ``len``) are not known.
    """

    def __init__(self, node: Node, tracer: TracerBase | None = None) -> None:
        # Without a tracer, what is done with it goes to the end of the node's graph.
        self.tracer = GraphAppendingTracer(node.graph) if tracer is None else tracer
        self.node = node

    def __repr__(self) -> str:
        return f"Proxy({self.node.name})"

    def __getattr__(self, k: str) -> Attribute:
        if k.startswith("__") and k.endswith("__"):
            raise AttributeError(k)
        return Attribute(self, k)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.tracer.create_proxy("call_method", "__call__", (self, *args), kwargs)

    def __iter__(self) -> Iterator[Proxy]:
        return self.tracer.iter(self)

    def __bool__(self) -> bool:
        return self.tracer.to_bool(self)

    def __len__(self) -> int:
        raise RuntimeError(
            "'len' is not supported in symbolic tracing by default. If you want this call to be "
            "recorded, please call torch.fx.wrap('len') at module scope"
        )

    def __setitem__(self, key: Any, value: Any) -> None:
        self.tracer.create_proxy("call_function", operator.setitem, (self, key, value), {})

    def keys(self) -> Any:
        """What ``**proxy`` asks for."""
        return self.tracer.keys(self)

    def __contains__(self, other: Any) -> bool:
        return self.tracer.to_bool(self)

    @classmethod
    def __torch_function__(
        cls, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        tracer = _tracer_in((args, kwargs))
        if func.__qualname__.startswith("Tensor."):
            return tracer.create_proxy("call_method", func.__name__, args, kwargs)
        return tracer.create_proxy(
            "call_function", func, args, kwargs, name=tracer.graph_name_of(func)
        )


class Attribute(Proxy):
    """``proxy.name``: a node once it is used as a value; called, it is a method."""

    def __init__(self, root: Proxy, attr: str) -> None:
        self.root = root
        self.attr = attr
        self.tracer = root.tracer
        self._node: Node | None = None

    @property
    def node(self) -> Node:  # type: ignore[override]
        """The node that reads the attribute, made when it is first asked for."""
        if self._node is None:
            made = self.tracer.create_proxy("call_function", getattr, (self.root, self.attr), {})
            self._node = made.node
        return self._node

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.tracer.create_proxy("call_method", self.attr, (self.root, *args), kwargs)


class TracerBase:
    """Makes the nodes of ``self.graph`` for what is done with proxies."""

    graph: Graph

    def graph_name_of(self, function: Callable[..., Any]) -> str | None:
        """A name for the node that calls ``function``; None is the function's own."""
        return None

    def create_node(
        self,
        kind: str,
        target: Target,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        name: str | None = None,
        type_expr: Any = None,
    ) -> Node:
        """A node of the graph."""
        return self.graph.create_node(kind, target, args, kwargs, name, type_expr)

    def proxy(self, node: Node) -> Proxy:
        """What stands for the node's result."""
        return Proxy(node, self)

    def create_proxy(
        self,
        kind: str,
        target: Target,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        name: str | None = None,
        type_expr: Any = None,
        proxy_factory_fn: Callable[[Node], Proxy] | None = None,
    ) -> Proxy:
        """A node, its arguments turned into what nodes hold, and the proxy of it."""
        node = self.create_node(
            kind, target, self.create_arg(args), self.create_arg(kwargs), name, type_expr
        )
        return (proxy_factory_fn or self.proxy)(node)

    def create_arg(self, a: Any) -> Any:
        """An argument as a node holds it: nodes for proxies, attributes for tensors."""
        if isinstance(a, dict):
            for key in a:
                if isinstance(key, Proxy):
                    raise RuntimeError(
                        "Keys for dictionaries used as an argument cannot be a Node. "
                        f"Got key: {key}"
                    )
        return map_aggregate(a, self._leaf)

    def _leaf(self, a: Any) -> Any:
        if isinstance(a, Proxy):
            return a.node
        if isinstance(a, range):
            return range(*(self.create_arg(each) for each in (a.start, a.stop, a.step)))
        if hasattr(a, "__fx_create_arg__"):
            return a.__fx_create_arg__(self)
        return a

    def to_bool(self, obj: Proxy) -> bool:
        """``if proxy``: raises TraceError."""
        raise TraceError("symbolically traced variables cannot be used as inputs to control flow")

    def iter(self, obj: Proxy) -> Iterator[Proxy]:
        """``for each in proxy``: known only where the values are unpacked into names."""
        count = _unpacked(sys._getframe(2))
        if count is None:
            raise TraceError(
                "Proxy object cannot be iterated. This can be attempted when the Proxy is used in "
                "a loop or as a *args or **kwargs function argument: how many values there are is "
                "not known while a function is traced"
            )
        return iter([obj[k] for k in range(count)])  # type: ignore[index]

    def keys(self, obj: Proxy) -> Any:
        """``**proxy``: a node that reads the keys."""
        return obj.__getattr__("keys")()


class GraphAppendingTracer(TracerBase):
    """Adds to a graph that somebody builds by hand: the tracer of ``Proxy(node)``.

    >>> import rushlight as torch
    >>> graph = torch.fx.Graph()
    >>> x = torch.fx.Proxy(graph.placeholder("x"))
    >>> [node.name for node in torch.einsum("ij->i", x * 2).node.graph.nodes]
    ['x', 'mul', 'einsum']
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        overrides.listen()


# What PyTorch's nn.functional takes over from its C++ part, and so tells as it was called.
AS_GIVEN = frozenset((
    "avg_pool1d", "avg_pool2d", "avg_pool3d", "bilinear", "channel_shuffle", "conv1d", "conv2d",
    "conv3d", "conv_tbc", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d",
    "cosine_similarity", "gelu", "hardshrink", "linear", "logsigmoid", "native_channel_shuffle",
    "one_hot", "pairwise_distance", "pdist", "pixel_shuffle", "pixel_unshuffle", "prelu",
    "scaled_dot_product_attention", "softplus", "softshrink",
))  # fmt: skip


def spelled_out(
    func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Every argument, those that have defaults by name: how PyTorch's Python functions tell it."""
    bound = inspect.signature(func).bind(*args, **kwargs)
    bound.apply_defaults()
    given, named = [], {}
    for name, parameter in bound.signature.parameters.items():
        if parameter.kind is parameter.VAR_POSITIONAL:
            given.extend(bound.arguments[name])
        elif parameter.kind is parameter.VAR_KEYWORD:
            named.update(bound.arguments[name])
        elif parameter.default is parameter.empty and parameter.kind is not parameter.KEYWORD_ONLY:
            given.append(bound.arguments[name])
        else:
            named[name] = bound.arguments[name]
    return tuple(given), named


def _unpacked(frame: Any) -> int | None:
    """How many names the line that iterates unpacks into, or None where it does not."""
    code, at = frame.f_code.co_code, frame.f_lasti
    name, count = dis.opname[code[at]], code[at + 1]
    return count if name == "UNPACK_SEQUENCE" else None


def _tracer_in(value: Any) -> TracerBase:
    found = proxies_in(value)
    tracers = {id(proxy.tracer): proxy.tracer for proxy in found}
    if len(tracers) > 1:
        raise RuntimeError(
            f"Found multiple different tracers {list(tracers.values())} while trying to trace "
            "operations"
        )
    return next(iter(tracers.values()))


def proxies_in(value: Any) -> list[Proxy]:
    """The proxies among arguments, also inside lists, dicts and slices."""
    if isinstance(value, Proxy):
        return [value]
    if isinstance(value, dict):
        return [proxy for each in value.values() for proxy in proxies_in(each)]
    if isinstance(value, slice):
        return proxies_in((value.start, value.stop, value.step))
    if isinstance(value, (tuple, list)):
        return [proxy for each in value for proxy in proxies_in(each)]
    return []


def _forward(name: str, function: Callable[..., Any]) -> None:
    def method(self: Proxy, *args: Any) -> Any:
        return self.tracer.create_proxy("call_function", function, (self, *args), {})

    method.__name__ = name
    setattr(Proxy, name, method)


def _backward(name: str, function: Callable[..., Any]) -> None:
    def method(self: Proxy, other: Any) -> Any:
        return self.tracer.create_proxy("call_function", function, (other, self), {})

    method.__name__ = name
    setattr(Proxy, name, method)


_REFLECTED = (
    "add", "sub", "mul", "floordiv", "truediv", "mod", "pow", "lshift", "rshift", "and_", "or_",
    "xor", "matmul",
)  # fmt: skip
for _name in (*_REFLECTED, "eq", "ne", "lt", "gt", "le", "ge", "neg", "pos", "invert", "getitem"):
    _forward(f"__{_name.rstrip('_')}__", getattr(operator, _name))
for _name in _REFLECTED:
    _backward(f"__r{_name.rstrip('_')}__", getattr(operator, _name))
_forward("__abs__", abs)
_forward("__round__", round)
Proxy.__hash__ = object.__hash__  # type: ignore[method-assign]
