"""Calls: an operation together with everything of its arguments but the tensors and numbers.

A ``Call`` is what a trie step remembers and what a plan is built from: given the nodes of the
tensors and of the Python numbers, in order, ``build`` yields the result nodes. Calls are interned,
so that identity is equality and gradients can be cached on them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol, final

from rushlight.base.errors import InternalError
from rushlight.base.hot import hot
from rushlight.engine.picker import picker_of
from rushlight.engine.unused import drop_unused
from rushlight.engine.value import flowing
from rushlight.ir import build
from rushlight.ir.graph import Node, toposort
from rushlight.ops import derive, kernels, table
from rushlight.ops.table import Op

# Markers in a call's template.
TENSOR_SLOT = "<tensor>"
SCALAR_SLOT = "<number>"


class Call(Protocol):
    """Something that can be recorded."""

    name: str

    def build(self, nodes: Sequence[Node], scalars: Sequence[Node]) -> Any: ...

    def gradient(self, metas: Any, out_metas: Any, mask: int) -> Gradient | None: ...


@final
class Slot:
    """A place in a template that a tensor (or number) fills."""

    __slots__ = ("kind",)

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __repr__(self) -> str:
        return self.kind


TENSOR = Slot(TENSOR_SLOT)
SCALAR = Slot(SCALAR_SLOT)


@hot
def flatten(result: Any) -> tuple[Node, ...]:
    """The nodes of a body's result: one node, or a (named) tuple or list of them."""
    return (result,) if isinstance(result, Node) else tuple(result)


@hot
def _fill(template: Any, nodes: Any, scalars: Any) -> Any:
    if template is TENSOR:
        return next(nodes)
    if template is SCALAR:
        return next(scalars)
    if isinstance(template, list):
        return [_fill(each, nodes, scalars) for each in template]
    return template


def _as_tensor(result: Node) -> Node:
    """What an op gives is a tensor, even where it is the user's number as it came.

    A node of op ``scalar`` would count as a Python number in the promotion of the next op.
    """
    if result.op != "scalar":
        return result
    return Node("cast", (result,), (), result.dtype)


@final
class OpCall:
    """An op with its constant arguments; tensors and numbers are slots."""

    def __init__(self, op: Op, template: tuple[Any, ...]) -> None:
        self.op = op
        self.name = op.name
        self.template = template  # one entry per parameter of the op, in order
        self.single = True  # one result, not a tuple of them; known once built
        self.kind: int | None = None  # see engine/kind.py
        self.numbers: tuple[int, ...] = ()  # known with the kind
        self._gradients: dict[Any, Gradient | None] = {}

    def __repr__(self) -> str:
        return f"<call {self.name}{self.template}>"

    @hot
    def arguments(self, nodes: Sequence[Node], scalars: Sequence[Node]) -> list[Any]:
        these, numbers = iter(nodes), iter(scalars)
        return [_fill(each, these, numbers) for each in self.template]

    @hot
    def apply(self, body: Callable[..., Any], arguments: list[Any]) -> Any:
        """Call ``body`` with the op's parameters passed as it declares them."""
        positional: list[Any] = []
        keywords: dict[str, Any] = {}
        for parameter, value in zip(self.op.parameters, arguments):  # noqa: B905  one for each
            if parameter.keyword_only:
                keywords[parameter.name] = value
            elif parameter.variadic:
                positional.extend(value)
            else:
                positional.append(value)
        return body(*positional, **keywords)

    @hot
    def build(self, nodes: Sequence[Node], scalars: Sequence[Node]) -> Any:
        arguments = self.arguments(nodes, scalars)
        kernels.check(self.op, arguments)
        result = self.apply(self.op.body, arguments)
        self.single = isinstance(result, Node)
        return _as_tensor(result) if self.single else result

    def gradient(self, metas: Any, out_metas: Any, mask: int) -> Gradient | None:
        return _cached_gradient(self, self._gradients, metas, out_metas, mask)

    def cotangents(
        self,
        seeds: Sequence[Node | None],
        outs: Sequence[Node],
        nodes: Sequence[Node],
        scalars: Sequence[Node],
        mask: int,
    ) -> list[Node | None]:
        """One cotangent (or None) per tensor, for those whose bit is set in ``mask``."""
        rule = self.op.vjp_rule
        if rule is None:
            return derive.through_body(
                lambda fresh: flatten(self.build(fresh, scalars)), seeds, outs, nodes, mask
            )
        g: Any = seeds[0] if self.single else tuple(seeds)
        out: Any = outs[0] if self.single else tuple(outs)
        arguments = self.arguments(nodes, scalars)
        results = derive.through_rule(
            self.op,
            lambda g: self.apply(lambda *a, **k: rule(g, out, *a, **k), arguments),
            g,
        )
        flat: list[Node | None] = []
        takers = [
            template
            for parameter, template in zip(self.op.parameters, self.template, strict=True)
            if parameter.kind in table.DIFFERENTIABLE_KINDS
        ]
        if len(takers) != len(results):
            raise InternalError(
                f"{self.name}.vjp returns {len(results)} cotangents for {len(takers)} parameters"
            )
        for template, result in zip(takers, results, strict=True):
            if template is TENSOR:
                flat.append(result)
            elif isinstance(template, list):
                flat.extend(result if result is not None else [None] * len(template))
        return [
            derive.fitted(each, node) if mask >> place & 1 else None
            for place, (each, node) in enumerate(zip(flat, nodes, strict=True))
        ]


_NUMBERS_STAY = frozenset({"add", "sub", "rsub", "lerp"})
# PyTorch saves a tensor for the gradients of these that the formula does not need, and refuses to
# go through them a second time.
_SAVE_ANYWAY = frozenset({
    "_angle_of_real", "_edge_pad", "_fft_r2c", "avg_pool1d", "avg_pool2d", "avg_pool3d", "complex",
    "div", "pow",
})  # fmt: skip
# Of these where they make more than one number of a plane: that is a mean.
_SAVE_PLANES = frozenset({"adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d"})


@final
@hot
class Gradient:
    """The gradient of a call for a given set of wanted inputs: itself a call.

    Its tensors are, in order: the cotangents of the outputs that have one (``given``), then the
    saved tensors: ``saves`` lists them as indices, inputs first, then outputs counted on from the
    number of inputs. Its results are the cotangents of the inputs in ``targets``.
    """

    __slots__ = (
        "__weakref__", "_gradients", "_variants", "call", "drawn", "given", "keeps", "kind", "mask",
        "metas", "name", "out_metas", "pick", "piece", "saves", "scalar_types", "targets",
    )  # fmt: skip

    def __init__(
        self,
        call: Any,
        metas: tuple[Any, ...],
        out_metas: tuple[Any, ...],
        mask: int,
        given: int,
        scalar_types: tuple[Any, ...],
    ) -> None:
        self.call = call
        self.name = f"{call.name}.vjp"
        self.metas = metas
        self.out_metas = out_metas
        self.mask = mask
        self.given = given  # bit set of the outputs that have a cotangent
        self.scalar_types = scalar_types
        self.kind: int | None = None  # see engine/kind.py
        self.piece: Any = None  # until it is recorded: see engine/drafted.py
        self._gradients: dict[Any, Gradient | None] = {}
        self._variants: dict[int, Gradient | None] = {}
        # Whether it needs anything but cotangents: numbers count as saved tensors do.
        self.keeps = False
        # By which it was found out what it reads: tensors, numbers, cotangents. See ``drawn``.
        self.drawn: tuple[list[Node], list[Node], list[Node | None]] | None = None
        saves, targets = self._analyse()
        self.saves = saves
        self.targets = targets
        # The saved ones of (inputs, outputs).
        self.pick: Callable[[tuple[Any, ...]], tuple[Any, ...]] = picker_of(saves)

    def __repr__(self) -> str:
        return f"<gradient of {self.call}>"

    def for_outputs(self, given: int) -> Gradient | None:
        """This gradient where only the outputs in ``given`` have a cotangent."""
        if given == self.given:
            return self
        if given not in self._variants:
            variant = Gradient(
                self.call, self.metas, self.out_metas, self.mask, given, self.scalar_types
            )
            self._variants[given] = variant if variant.targets else None
        return self._variants[given]

    @hot
    def _placeholders(self) -> tuple[list[Node], list[Node], list[Node | None]]:
        nodes = [Node("input", (), tuple(m.shape), m.dtype, {"index": -1}) for m in self.metas]
        outs = [Node("input", (), tuple(m.shape), m.dtype, {"index": -1}) for m in self.out_metas]
        seeds: list[Node | None] = [
            Node("input", (), tuple(m.shape), m.dtype, {"index": -1})
            if self.given >> place & 1
            else None
            for place, m in enumerate(self.out_metas)
        ]
        return nodes, outs, seeds

    @hot
    def _analyse(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Build once on placeholders to see what the gradient reads and what it yields."""
        nodes, outs, seeds = self._placeholders()
        scalars = [build.scalar(-1, kind) for kind in self.scalar_types]
        grads = self.call.cotangents(seeds, outs, nodes, scalars, self.mask)
        reached = set(toposort([grad for grad in grads if grad is not None]))
        everything = [*nodes, *outs]
        saves = tuple([place for place, node in enumerate(everything) if node in reached])
        targets = tuple([place for place, grad in enumerate(grads) if grad is not None])
        # (alpha of add is no tensor in PyTorch either, and is never freed)
        numbers = not reached.isdisjoint(scalars) and self.call.name not in _NUMBERS_STAY
        name = self.call.name
        rank = int(name[-2]) if name in _SAVE_PLANES else 0
        plane = rank and self.out_metas[0].shape[-rank:].count(1) < rank
        self.keeps = bool(saves) or numbers or name in _SAVE_ANYWAY or bool(plane)
        given = [seed for seed in seeds if seed is not None]
        given += [everything[place] for place in saves]
        self.drawn = given, scalars, grads
        _drawn.append(self)
        if len(_drawn) > DRAWN_LIMIT:
            _drawn.popleft().drawn = None
        return saves, targets

    def _arguments(self, nodes: Sequence[Node]) -> tuple[list[Node | None], list[Node], list[Node]]:
        """Seeds, outs, inputs, with placeholders where nothing was saved."""
        fresh, outs, seeds = self._placeholders()
        given = iter(nodes)
        seeds = [next(given) if seed is not None else None for seed in seeds]
        everything = [*fresh, *outs]
        for place in self.saves:
            everything[place] = next(given)
        return seeds, everything[len(fresh) :], everything[: len(fresh)]

    def build(self, nodes: Sequence[Node], scalars: Sequence[Node]) -> Any:
        seeds, outs, inputs = self._arguments(nodes)
        grads = self.call.cotangents(seeds, outs, inputs, scalars, self.mask)
        return self._results(grads)

    @hot
    def _results(self, grads: Sequence[Node | None]) -> tuple[Node, ...]:
        results = []
        for place in self.targets:
            grad = grads[place]
            assert grad is not None
            meta = self.metas[place]
            if grad.shape != tuple(meta.shape) or grad.dtype is not meta.dtype:
                raise InternalError(
                    f"{self.name}: cotangent {place} is {grad}, needs {meta.dtype.name}"
                    f"{list(meta.shape)}"
                )
            results.append(grad)
        return tuple(results)

    def gradient(self, metas: Any, out_metas: Any, mask: int) -> Gradient | None:
        return _cached_gradient(self, self._gradients, metas, out_metas, mask)

    def cotangents(
        self,
        seeds: Sequence[Node | None],
        outs: Sequence[Node],
        nodes: Sequence[Node],
        scalars: Sequence[Node],
        mask: int,
    ) -> list[Node | None]:
        """The gradient of the gradient: derived from its graph, through the rules of its ops."""
        return derive.through_body(
            lambda fresh: flatten(self.build(fresh, scalars)), seeds, outs, nodes, mask
        )


_drawn: deque[Gradient] = deque()  # those that were looked at last: others drop their graphs
DRAWN_LIMIT = 256


@hot
def drawn(
    call: Call, metas: Sequence[Any], scalar_types: Sequence[Any]
) -> tuple[list[Node], list[Node], Any]:
    """The graph of a call: placeholders for its tensors and numbers, and what is built on them.

    Of a gradient most often the one by which it was found out what it reads, a moment ago.
    """
    found = call.drawn if isinstance(call, Gradient) else None
    if isinstance(call, Gradient) and found is not None:
        call.drawn = None
        given, scalars, grads = found
        return given, scalars, call._results(grads)
    tensors = [Node("input", (), tuple(m.shape), m.dtype, {"index": -1}) for m in metas]
    numbers = [build.scalar(-1, kind) for kind in scalar_types]
    return tensors, numbers, call.build(tensors, numbers)


_MISSING: Any = object()
GRADIENTS_LIMIT = 1 << 9  # of one call: as many kinds of arguments


def _cached_gradient(
    call: Any, cache: dict[Any, Gradient | None], metas: Any, out_metas: Any, mask: int
) -> Gradient | None:
    tensors, scalar_types = metas
    key = (tensors, out_metas, mask, scalar_types)
    found: Gradient | None = cache.get(key, _MISSING)
    if found is _MISSING:
        if len(cache) >= GRADIENTS_LIMIT:
            drop_unused(cache)
        given = flowing(out_metas)
        made = Gradient(call, tensors, out_metas, mask, given, scalar_types) if given else None
        found = cache[key] = made if made is not None and made.targets else None
    return found


_CALLS: dict[Any, OpCall] = {}
_CALLS_LIMIT = 1 << 15


@hot
def op_call(op: Op, template: tuple[Any, ...]) -> OpCall:
    """The one OpCall of this op and these constants."""
    key = (op, _exact(template))
    found = _CALLS.get(key)
    if found is None:
        if len(_CALLS) >= _CALLS_LIMIT:
            drop_unused(_CALLS)
        found = _CALLS[key] = OpCall(op, template)
    return found


@hot
def _exact(value: Any) -> Any:
    # True, 1 and 1.0 are equal and hash alike; -0.0 equals 0.0; a nan is not itself.
    if isinstance(value, (tuple, list)):
        return (type(value), tuple(map(_exact, value)))
    kind = type(value)
    if kind is int or kind is bool:
        return (kind, value)
    if isinstance(value, (int, float, complex)):
        return (kind, repr(value))
    return value
