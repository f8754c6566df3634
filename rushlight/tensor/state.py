"""Edges of the gradient graph: where a tensor's value came from.

``tensor._edge`` is None (no gradient), ``LEAF`` (a leaf that wants ``.grad``), a ``GradNode``
(its output 0) or an ``OutputEdge`` (another output). In ``edges`` a leaf stands for itself.
"""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from rushlight.base.hot import hot
from rushlight.engine.call import Gradient
from rushlight.engine.trace import Step, Trace, local
from rushlight.engine.value import Meta, Value
from rushlight.tensor.grad_names import name_of
from rushlight.tensor.handle import RemovableHandle
from rushlight.tensor.modified import modified
from rushlight.tensor.next_functions import Between, accumulating, next_functions
from rushlight.tensor.saved_names import saved_place
from rushlight.tensor.saved_values import in_place_of, now_read, still_readable, with_memory

if TYPE_CHECKING:
    from rushlight.tensor.tensor import Tensor


class _Leaf:
    """The edge of a leaf."""

    def __repr__(self) -> str:
        return "<leaf>"


LEAF = _Leaf()
_next_number = itertools.count().__next__
# Their gradients read the result where PyTorch's read the argument: it may be overwritten.
_RESULT_IS_FREE = frozenset(("hardtanh", "relu6"))


@hot
class GradNode:
    """One recorded operation in the gradient graph: what ``tensor.grad_fn`` shows.

    ``edges`` has one entry per tensor argument: where its cotangent goes, or None. ``extra`` holds
    hooks and what else is rare; it is None for nearly every node. ``origin`` is what tells the node
    from others but for its edges, and None where a backward pass has to look closer: see
    tensor/replay.py.
    """

    __slots__ = (
        "__weakref__", "edges", "extra", "gradient", "inplace", "numbers", "origin", "outputs",
        "saved", "sequence",
    )  # fmt: skip

    known_as = ""  # the name of the class, in those that ``shown`` makes
    _edge = None  # it is no leaf

    @hot
    def __init__(
        self,
        gradient: Gradient | None,
        edges: tuple[Any, ...],
        saved: tuple[Value, ...] | None,
        numbers: tuple[Any, ...],
    ) -> None:
        self.gradient = gradient
        self.edges = edges
        self.saved = saved
        self.numbers = numbers
        self.outputs = 1 if gradient is None else len(gradient.out_metas)
        self.sequence = _next_number()
        self.extra: dict[str, Any] | None = None
        self.inplace = False  # its operation overwrote the first argument
        self.origin: Step | Gradient | None = None

    def extras(self) -> dict[str, Any]:
        """``extra``, made if it is not there."""
        self.origin = None
        if self.extra is None:
            self.extra = {}
        return self.extra

    def name(self) -> str:
        """PyTorch's name: AddBackward0."""
        if self.known_as:
            return self.known_as
        assert self.gradient is not None
        return name_of(self.gradient.call, self.gradient.metas)

    def __repr__(self) -> str:
        return f"<{self.name()} object at {id(self):#x}>"

    @property
    def out_metas(self) -> tuple[Meta, ...]:
        assert self.gradient is not None
        return self.gradient.out_metas  # type: ignore[return-value]

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """(grad_fn, output number) per argument, as PyTorch shows it."""
        if self.extra is not None and "next" in self.extra:
            return self.extra["next"]  # type: ignore[no-any-return]
        gradient = self.gradient
        call, metas = (None, ()) if gradient is None else (gradient.call, gradient.metas)
        found = next_functions(call, metas, self.edges, _as_function)
        if any(isinstance(function, Between) for function, _ in found):
            self.extras()["next"] = found  # these are made once
        return found

    @property
    def metadata(self) -> dict[Any, Any]:
        return self.extras().setdefault("metadata", {})

    def register_hook(self, hook: Callable[..., Any]) -> Any:
        """``hook(grad_inputs, grad_outputs)`` after this node has run."""
        return RemovableHandle.append(self.extras().setdefault("post_hooks", OrderedDict()), hook)

    def register_prehook(self, hook: Callable[..., Any]) -> Any:
        """``hook(grad_outputs)`` before this node runs."""
        return RemovableHandle.append(self.extras().setdefault("pre_hooks", OrderedDict()), hook)

    def _freed(self) -> None:
        raise RuntimeError(
            "Trying to backward through the graph a second time (or directly access saved "
            "tensors after they have already been freed). Saved intermediate values of the "
            "graph are freed when you call .backward() or autograd.grad(). Specify "
            "retain_graph=True if you need to backward through the graph a second time or if "
            "you need to access saved tensors after calling backward."
        )

    def _intact(self, saved: tuple[Value, ...]) -> tuple[Value, ...]:
        """What the backward pass reads: saved values, or what ``.data`` put in their place.

        Raises where a saved value, or what it is a view of, was overwritten in place. An in-place
        operation may overwrite the one it read itself: that one it keeps a copy of.
        """
        if mutation_allowed:
            return saved
        assert self.gradient is not None
        found = []
        for place, value in zip(self.gradient.saves, saved, strict=True):
            free = place >= len(self.gradient.metas) and (
                self.gradient.call.name in _RESULT_IS_FREE
            )
            if free or (place == 0 and self.inplace):
                found.append(value)
                continue
            now = now_read(value, self.edges, place)
            probe: Value | None = now
            while probe is not None:
                if probe.overwritten is True:
                    function = _as_function(self._edge_at(place))
                    raise RuntimeError(
                        modified(value.meta, probe.version, function, "anomaly" in _listeners)
                    )
                probe = probe.parent
            found.append(now)
        return tuple(found)

    @hot
    def apply(self, cotangents: list[Any], create_graph: bool) -> list[Any]:
        """The cotangents of the arguments, one per edge: values, or tensors to ``create_graph``."""
        saved, gradient = self.saved, self.gradient
        assert gradient is not None
        if saved is None:
            if gradient.keeps:
                self._freed()
            saved = ()
        if self.extra is not None and "packed" in self.extra:
            saved = self.extra["packed"]()
        for value in saved:
            if value.overwritten or value.parent is not None:
                saved = self._intact(saved)
                if create_graph:
                    saved = still_readable(saved)
                break
        seeds = cotangents
        if len(cotangents) > 1:
            gradient, saved, seeds = _for_those_given(gradient, saved, cotangents)
            if gradient is None:
                return [None] * len(self.edges)
        values = [each._read_value() for each in seeds] if create_graph else seeds
        trace = local.trace
        made: list[Any] = trace.record(gradient, (*values, *saved), self.numbers)
        if create_graph:
            made = [tensor_of(value) for value in made]  # noqa: F821  set by tensor.tensor
            edges: list[Any] = [edge_of(seed) for seed in seeds]
            edges += [self._edge_at(place) for place in gradient.saves]
            attach(tuple(made), trace.step, tuple(edges), (*values, *saved), self.numbers)
        if len(made) == len(self.edges):
            return made
        results: list[Any] = [None] * len(self.edges)
        for place, each in zip(gradient.targets, made):  # noqa: B905  one for each
            results[place] = each
        return results

    def _edge_at(self, place: int) -> Any:
        """Of the argument or, counted on, the result number ``place``."""
        number = place - len(self.edges)
        if number < 0:
            return self.edges[place]
        return OutputEdge(self, number) if number else self


@hot
class OutputEdge:
    """Output number ``number`` of a node that has several."""

    __slots__ = ("node", "number")

    _edge = None

    @hot
    def __init__(self, node: GradNode, number: int) -> None:
        self.node = node
        self.number = number


def _for_those_given(
    gradient: Gradient, saved: Sequence[Value], cotangents: list[Any]
) -> tuple[Gradient | None, Sequence[Value], list[Any]]:
    """The gradient where only some results have a cotangent: it, what it reads, those it takes."""
    given = 0
    for place, cotangent in enumerate(cotangents):
        if cotangent is not None and gradient.given >> place & 1:
            given |= 1 << place
    variant = gradient.for_outputs(given) if given else None
    if variant is not None and variant is not gradient:
        kept = dict(zip(gradient.saves, saved, strict=True))
        saved = tuple(kept[place] for place in variant.saves)
    return variant, saved, [c for k, c in enumerate(cotangents) if given >> k & 1]


def _as_function(edge: Any) -> tuple[Any, int]:
    if edge is None:
        return None, 0
    if isinstance(edge, OutputEdge):
        return shown(edge.node), edge.number
    if isinstance(edge, GradNode):
        return shown(edge), 0
    return accumulating(edge), 0


_classes: dict[tuple[type[GradNode], str], type[GradNode]] = {}


def _saved_field(self: GradNode, name: str) -> Any:
    """``_saved_self``, ``_saved_result``, ``_saved_dim``: what is kept for the gradient."""
    found = saved_place(self, name) if name.startswith("_saved_") else None
    kind, what = found or ("", None)
    if kind == "value":
        return what
    gradient = self.gradient
    if not kind or gradient is None or what not in gradient.saves:
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
    if self.saved is None:
        self._freed()
    saved = self.saved
    if self.extra is not None and "packed" in self.extra:
        saved = self.extra["packed"]()
    assert saved is not None
    edge = self._edge_at(what)
    if edge is not None and not isinstance(edge, (GradNode, OutputEdge)):
        return edge
    kept = with_memory(in_place_of(saved[gradient.saves.index(what)]))
    made = tensor_of(kept)  # noqa: F821  set by tensor.tensor
    made._edge = edge
    return made


def shown(node: GradNode, name: str = "") -> GradNode:
    """The node as users see it: of a class that has its name, and fields for what is saved.

    ``name`` is another than its operation says: of a part of what one call splits.
    (A ``__getattr__`` on GradNode itself would make every look at any field of it slow.)
    """
    kind = type(node)
    if not kind.known_as:
        name = name or node.name()
        named = _classes.get((kind, name))
        if named is None:
            fields = {"__slots__": (), "__getattr__": _saved_field, "known_as": name}
            named = _classes[kind, name] = type(name, (kind,), fields)
        node.__class__ = named
    return node


@hot
def edge_of(tensor: Tensor) -> Any:
    """The edge a reader of ``tensor`` keeps: leaves stand for themselves."""
    edge = tensor._edge
    return tensor if edge is LEAF else edge


# Set by tensor.tensor, which this module must not import: makes a Tensor of a Value.
tensor_of: Callable[[Value], Tensor]


Listener = Callable[[GradNode, Any], None]  # told of every new node and its results, in a tuple
on_attach: Listener | None = None  # if anybody listens: anomaly detection, saved-tensor hooks
_listeners: dict[str, Listener] = {}
# Whether saved tensors may be overwritten: the old numbers are there as long as a node needs them.
mutation_allowed = False


def listen(name: str, listener: Listener | None) -> None:
    """Let ``listener`` hear of every new node from now on; None: no more."""
    global on_attach
    _listeners.pop(name, None)
    if listener is not None:
        _listeners[name] = listener
    told = tuple(_listeners.values())

    def tell(node: GradNode, outs: tuple[Tensor, ...]) -> None:
        for each in told:
            each(node, outs)

    on_attach = tell if told else None


def allow_mutation(allowed: bool) -> None:
    """Let saved tensors be overwritten, or not."""
    global mutation_allowed
    mutation_allowed = allowed


_made = object.__new__


@hot
def attach_one(
    trace: Trace, out: Tensor, step: Step, mask: int, edges: tuple[Any, ...],
    values: tuple[Value, ...], numbers: tuple[Any, ...] = (),
) -> None:  # fmt: skip
    """``attach`` for the one result of a call.

    ``mask`` has a bit for each edge that is not None; ``values`` end with the result's.
    """
    gradient = step.gradients.get(mask)
    if gradient is None:
        gradient = step.gradient(mask, tuple([value.meta for value in values[:-1]]))
        if gradient is None:
            return
    # GradNode(...), spelled out: this is done for every operation of every step.
    node = _made(GradNode)
    node.gradient = gradient
    node.edges = edges
    node.saved = gradient.pick(values)
    node.numbers = numbers
    node.outputs = 1
    node.sequence = _next_number()
    node.extra = None
    node.inplace = False
    node.origin = step
    out._edge = node
    trace.tape.append(node)
    if on_attach is not None:
        node.origin = None
        on_attach(node, (out,))


@hot
def attach(
    outs: tuple[Tensor, ...],
    step: Step,
    edges: tuple[Any, ...],
    values: Sequence[Value],
    numbers: tuple[Any, ...],
) -> None:
    """Hang the gradient of what ``step`` recorded under its outputs, if any flows."""
    mask = 0
    bit = 1
    for edge in edges:
        if edge is not None:
            mask |= bit
        bit <<= 1
    if mask in step.gradients:
        gradient = step.gradients[mask]
    else:
        gradient = step.gradient(mask, tuple([value.meta for value in values]))
    if gradient is None:
        return
    count = len(edges)
    saved = tuple(
        [values[place] if place < count else outs[place - count]._value for place in gradient.saves]
    )
    node = GradNode(gradient, edges, saved, numbers)
    if on_attach is not None:
        on_attach(node, outs)
    else:
        node.origin = step
        local.trace.tape.append(node)
    if len(outs) == 1:
        outs[0]._edge = node
        return
    for number, out in enumerate(outs):
        if gradient.given >> number & 1:
            out._edge = OutputEdge(node, number) if number else node
