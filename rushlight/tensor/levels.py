"""Variables of one transformation: what ``torch.func`` and forward mode differentiate by.

A variable stands for a tensor inside of a transformation. It is a leaf of its own where nobody
outside wants a gradient of that tensor, else a view of it, through which gradients flow on. What
leaves a transformation forgets its variables: it wants a gradient only if somebody outside does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rushlight.engine.trace import local
from rushlight.tensor.backward import grad
from rushlight.tensor.state import LEAF, GradNode, OutputEdge, edge_of
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


class Variables:
    """The variables of one transformation; ``with variables.open():`` to work with them."""

    def __init__(self) -> None:
        self._own: set[int] = set()
        self._kept: list[Tensor] = []
        self.outer_grad = local.trace.grad

    @contextmanager
    def open(self) -> Iterator[None]:
        """Inside, gradients are recorded, whatever the mode outside is."""
        trace = local.trace
        before, trace.grad = trace.grad, True
        try:
            yield
        finally:
            trace.grad = before

    def variable(self, tensor: Tensor) -> Tensor:
        """The variable of a tensor. RuntimeError for a dtype that has no gradient."""
        kind = tensor.dtype
        if not (kind.is_floating_point or kind.is_complex):
            raise RuntimeError(
                f"only Tensors of floating point dtype can require gradients, got one of {kind}"
            )
        if tensor.requires_grad and self.outer_grad:
            view: Tensor = function("view")(tensor, *tensor.shape)
            return view
        made = tensor._alias()
        made._edge = LEAF
        # Made within a level of vmap, it is none of its ends: see tensor/samples.py.
        made.__dict__["_inner_leaf"] = GradNode(None, (), (), ()).sequence
        self._own.add(id(made))
        self._kept.append(made)
        return made

    def wanted_outside(self, tensor: Tensor) -> bool:
        """Whether a gradient of ``tensor`` flows to something that is no variable of these."""
        if not self.outer_grad or not tensor.requires_grad:
            return False
        seen: set[GradNode] = set()
        stack: list[Any] = [edge_of(tensor)]
        while stack:
            edge = stack.pop()
            if edge is None:
                continue
            if isinstance(edge, Tensor):
                if id(edge) not in self._own and "_seed" not in edge.__dict__:
                    return True
                continue
            node = edge.node if isinstance(edge, OutputEdge) else edge
            if node in seen:
                continue
            seen.add(node)
            if not node.edges:  # an input of vmap
                return True
            stack.extend(node.edges)
        return False

    def outside(self, tensor: Any) -> Any:
        """The same result without the variables."""
        if not isinstance(tensor, Tensor) or not tensor.requires_grad:
            return tensor
        return tensor if self.wanted_outside(tensor) else tensor._alias()


def zeros_like(tensor: Tensor) -> Tensor:
    made: Tensor = function("_constant")(tensor.shape, 0, tensor.dtype)
    return made


def pulled_back(
    outs: Sequence[Tensor], variables: Sequence[Tensor], cotangents: Sequence[Tensor],
    create_graph: bool,
) -> list[Tensor]:  # fmt: skip
    """One cotangent for each variable, zeros where nothing flows; the graph stays."""
    pairs = [(o, c) for o, c in zip(outs, cotangents, strict=True) if o.requires_grad]
    if not pairs:
        return [zeros_like(each) for each in variables]
    found = grad(
        [o for o, _ in pairs], variables, [c for _, c in pairs], True, create_graph,
        allow_unused=True,
    )  # fmt: skip
    return [
        zeros_like(each) if cotangent is None else cotangent
        for each, cotangent in zip(variables, found, strict=True)
    ]


class Forward:
    """Tangents of ``outs``, pushed forward from the variables.

    A pull-back is linear in its cotangent u; the derivative of g(u) = u J by u, pulled back from a
    tangent v, is J v (Townsend's double-vjp trick), so that reverse mode is all that is needed.
    """

    def __init__(self, outs: Sequence[Tensor], variables: Sequence[Tensor]) -> None:
        self.outs = list(outs)
        self._seeds: list[Tensor] = []
        self._reached: list[tuple[int, Tensor]] = []
        flowing = [each for each in outs if each.requires_grad]
        for each in flowing:
            seed = zeros_like(each)
            seed._edge = LEAF
            # What the tangents do not depend on, though their graph goes through it.
            seed.__dict__["_seed"] = True
            seed.__dict__["_inner_leaf"] = GradNode(None, (), (), ()).sequence
            self._seeds.append(seed)
        if flowing:
            found = grad(flowing, variables, self._seeds, True, True, allow_unused=True)
            self._reached = [
                (place, each)
                for place, each in enumerate(found)
                if each is not None and each.requires_grad
            ]

    def push(self, tangents: Sequence[Tensor], create_graph: bool) -> list[Tensor | None]:
        """A tangent for each of ``outs``; None where it depends on no variable."""
        if not self._reached:
            return [None] * len(self.outs)
        found = iter(
            grad(
                [each for _, each in self._reached], self._seeds,
                [tangents[place] for place, _ in self._reached], True, create_graph,
                allow_unused=True,
            )
        )  # fmt: skip
        return [next(found) if each.requires_grad else None for each in self.outs]
