"""What ``grad_fn.next_functions`` shows: leaves, and the nodes that PyTorch has where ours has one.

Of ``F.linear`` there is one node here; PyTorch multiplies with a transposed weight, and programs
that draw or search its graph (torchviz) find ``TBackward0`` between the product and the weight.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn
from weakref import WeakValueDictionary

from rushlight.engine.call import OpCall
from rushlight.engine.value import Meta
from rushlight.tensor.grad_chains import Chain, chain_of, named_edges, parsed, plain_edges
from rushlight.tensor.grad_names import class_name

if TYPE_CHECKING:
    from rushlight.tensor.tensor import Tensor

Function = tuple[Any, int]  # a node, or None, and which of its outputs


class AccumulateGrad:
    """What ``next_functions`` shows for a leaf: one of them a leaf, as long as anybody holds it."""

    def __init__(self, variable: Tensor) -> None:
        self.variable = variable
        self.next_functions: tuple[Any, ...] = ()

    def name(self) -> str:
        return "torch::autograd::AccumulateGrad"

    def __repr__(self) -> str:
        return f"<AccumulateGrad object at {id(self):#x}>"


_leaves: WeakValueDictionary[int, AccumulateGrad] = WeakValueDictionary()


def accumulating(leaf: Tensor) -> AccumulateGrad:
    """What stands for ``leaf``: it holds the leaf, whose id is nobody else's meanwhile."""
    found = _leaves.get(id(leaf))
    if found is None:
        found = _leaves[id(leaf)] = AccumulateGrad(leaf)
    return found


class Between:
    """A node that PyTorch has inside one of ours: shown, and nothing runs in it."""

    def __init__(self, next_functions: tuple[Function, ...]) -> None:
        self.next_functions = next_functions
        self.metadata: dict[Any, Any] = {}

    def name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        return f"<{self.name()} object at {id(self):#x}>"

    def _refuse(self, *arguments: Any, **named: Any) -> NoReturn:
        raise NotImplementedError(
            f"hooks of {self.name()}: it is one step with the node it was reached from here; "
            "put the hook there, or on a tensor"
        )

    register_hook = register_prehook = _refuse


_classes: dict[str, type[Between]] = {}


def _function(chain: Chain, edges: dict[str, Any], shown: Callable[[Any], Function]) -> Function:
    if isinstance(chain, str):
        return shown(edges.get(chain))
    inner = tuple(_function(each, edges, shown) for each in chain[1])
    if all(function is None for function, _ in inner):
        return None, 0
    name = class_name(chain[0])
    kind = _classes.get(name)
    if kind is None:
        kind = _classes[name] = type(name, (Between,), {})
    return kind(inner), 0


def next_functions(
    call: Any, metas: Sequence[Meta], edges: Sequence[Any], shown: Callable[[Any], Function]
) -> tuple[Function, ...]:
    """(grad_fn, output number) per argument of ``call``; ``shown`` says it of one edge."""
    if not isinstance(call, OpCall):
        return tuple(map(shown, edges))
    chain = parsed(chain_of(call, metas) or "")
    if isinstance(chain, str):
        return tuple(map(shown, plain_edges(call, edges)))
    named = named_edges(call, edges)
    return tuple(_function(each, named, shown) for each in chain[1])
