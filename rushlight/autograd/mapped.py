"""A Function's own ``vmap``: for what cannot be looked into, because it leaves the library.

The samples leave the level, the user's ``vmap`` does them all at once outside, and what it gives
comes back in. Its gradient goes the same way.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from rushlight.engine.samples import SampleTrace
from rushlight.tensor import Tensor, grad
from rushlight.tensor.levels import zeros_like
from rushlight.tensor.modes import enable_grad
from rushlight.tensor.samples import Level
from rushlight.tensor.state import GradNode, OutputEdge, edge_of
from rushlight.tensor.wrap import function


class VmapInfo(NamedTuple):
    """What a Function's ``vmap`` is told."""

    batch_size: int
    randomness: str


class _MappedNode(GradNode):
    """The gradient of one sample, pulled back through all of them."""

    def __init__(self, kind: type, level: Level, outs: list[Tensor], ins: list[Tensor],
                 edges: tuple[Any, ...]) -> None:  # fmt: skip
        super().__init__(None, edges, (), ())
        self.outputs = len(outs)
        self.__dict__.update(kind=kind, level=level, outs=outs, ins=ins)

    def name(self) -> str:
        return f"{self.__dict__['kind'].__name__}Backward"

    def apply(self, cotangents: list[Any], create_graph: bool) -> list[Any]:
        if create_graph:
            raise NotImplementedError(
                f"second gradients through {self.__dict__['kind'].__name__}.vmap: write the "
                "function with operations of torch, which needs no vmap of its own"
            )
        level, outs, ins = (self.__dict__[name] for name in ("level", "outs", "ins"))
        pairs = [
            (out, Tensor._of(each))
            for out, each in zip(outs, cotangents, strict=True)
            if each is not None and out.requires_grad
        ]
        seeds = level.leave([each for _, each in pairs])
        with level.trace.suspended():
            found = grad([out for out, _ in pairs], ins, seeds, True, False, allow_unused=True)
            made = [zeros_like(x) if g is None else g for x, g in zip(ins, found, strict=True)]
        return [level.take(each)._read_value() for each in made]


def mapped(kind: Any, trace: SampleTrace, args: tuple[Any, ...]) -> Any:
    """``kind.vmap`` on all samples of the tensors that differ from one to another."""
    level: Level = trace.level
    own = [
        each for each in args
        if isinstance(each, Tensor) and each._read_value().buffer is None
    ]  # fmt: skip
    whole = [each._alias() for each in level.leave([each._alias() for each in own])]
    for tensor, each in zip(whole, own, strict=True):
        if each.requires_grad:
            tensor.requires_grad = True
    given = dict(zip(map(id, own), whole, strict=True))
    in_dims = tuple(0 if id(each) in given else None for each in args)
    info = VmapInfo(trace.size, trace.randomness)
    recording = trace.grad and any(each.requires_grad for each in own)
    with trace.suspended(), enable_grad():
        outputs, out_dims = kind.vmap(info, in_dims, *(given.get(id(x), x) for x in args))
        several = isinstance(outputs, tuple)
        outs = outputs if several else (outputs,)
        dims = out_dims if isinstance(out_dims, tuple) else (out_dims,) * len(outs)
        fronts = [
            out if not dim else function("movedim")(out, dim, 0)
            for out, dim in zip(outs, dims, strict=True)
        ]
    results = [
        each if dim is None else level.take(each._alias())
        for each, dim in zip(fronts, dims, strict=True)
    ]
    if recording:
        flowing = [
            (result, front)
            for result, front, dim in zip(results, fronts, dims, strict=True)
            if dim is not None and front.requires_grad
        ]
        wanted = [(o, w) for o, w in zip(own, whole, strict=True) if w.requires_grad]
        node = _MappedNode(
            kind, level, [front for _, front in flowing], [each for _, each in wanted],
            tuple(edge_of(each) for each, _ in wanted),
        )  # fmt: skip
        for number, (result, _) in enumerate(flowing):
            result._edge = OutputEdge(node, number) if number else node
    return tuple(results) if several else results[0]
