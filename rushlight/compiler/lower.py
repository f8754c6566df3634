"""From kernels-to-be (``passes/fuse.py``) to launches over symbolic buffers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rushlight.base.dtype import COMPLEX
from rushlight.base.dtype import dtype as DType
from rushlight.base.shape import contiguous_strides
from rushlight.compiler.again import Again, contraction_key, loop_key
from rushlight.compiler.contraction import (
    Epilogue,
    Operand,
    conv,
    conv_input_grad,
    conv_weight_grad,
    matmul,
)
from rushlight.compiler.kernels import lower_node
from rushlight.compiler.launch import Launch, Ref
from rushlight.compiler.loops.lower import loop_launches
from rushlight.compiler.passes.fuse import Group
from rushlight.compiler.passes.layout import inverse
from rushlight.compiler.views import window
from rushlight.ir.graph import Node

SHORT = {
    "float64": "f64", "float32": "f32", "float16": "f16", "bfloat16": "bf16", "int64": "i64",
    "int32": "i32", "int16": "i16", "int8": "i8", "uint8": "u8", "bool": "bool",
    "uint16": "u16", "uint32": "u32", "uint64": "u64",
    "complex64": "c64", "complex128": "c128",
}  # fmt: skip
TURNS = 4  # of a loop, from which all others follow
UPDATES = frozenset(("put", "scatter", "slice_set", "as_strided_set"))


class Step:
    """A launch, the node it is for, and which outputs may lie over which of its sources.

    ``turns``: of a launch that a loop repeats a varying number of times, that number. Such launches
    stand there for the first ``TURNS`` turns only (``recurrence.py``).
    """

    __slots__ = ("launch", "node", "over", "turns")

    def __init__(self, launch: Launch, node: Node, over: Sequence[tuple[Node, Node]] = ()) -> None:
        self.launch = launch
        self.node = node
        self.over = list(over)
        self.turns: int | None = None


def short_name(dtype: DType, op: str) -> str:
    if dtype.category == COMPLEX and op not in ("host", "input", "reshape"):
        raise NotImplementedError(f"{op} of {dtype} has no lowering")
    return SHORT[dtype.name]


def lower_group(
    group: Group,
    updated: dict[Node, Node],
    constant: frozenset[Node] = frozenset(),
    again: Again | None = None,
) -> list[Step]:
    """``updated``: updates that happen in the memory of their first source. ``constant``: buffers
    that hold the same in every run of these launches (the weights of a loop). ``again``: the
    launches of groups before this one."""
    if group.builder is not None:
        builder, outputs = group.builder, group.outputs
        if not outputs:
            return []
        if again is None:
            launches = loop_launches(builder, outputs)
        else:
            key, buffers = loop_key(builder, outputs)
            launches = again.launches(key, buffers, lambda: loop_launches(builder, outputs))
        return [Step(launch, outputs[-1], pairs) for launch, pairs in launches]
    node = group.node
    assert node is not None
    out = Operand(
        Ref(node), short_name(node.dtype, node.op), node.shape, contiguous_strides(node.shape)
    )
    if group.absorbed is not None:
        absorbed = group.absorbed
        core = absorbed.core
        if absorbed.axes is not None:
            out = out.permute(*inverse(absorbed.axes))
        extras = {name: operand(node) for name, node in absorbed.extras}
        activation = "relu" if absorbed.relu else None
        epilogue = Epilogue(activation=activation, ceiling=absorbed.ceiling, **extras)
        sources = tuple([operand(source) for source in absorbed.operands])
        launched = _contract(core, sources, out, epilogue, constant, again)
        return [Step(launch, node) for launch in launched]
    sources = tuple([operand(source) for source in node.src])
    if node in updated:
        sources = (Operand(out.ref, out.dtype, sources[0].shape, sources[0].strides), *sources[1:])
    launched = _contract(node, sources, out, Epilogue(), constant, again)
    return [Step(launch, node) for launch in launched]


def operand(node: Node) -> Operand:
    base, offset, strides = window(node)
    dtype = short_name(node.dtype, base.op)
    return Operand(Ref(base, offset * node.dtype.itemsize), dtype, node.shape, strides)


def _contract(
    node: Node, sources: tuple[Operand, ...], out: Operand, epilogue: Epilogue,
    constant: frozenset[Node], again: Again | None,
) -> list[Launch]:  # fmt: skip
    op = node.op
    if op != "dot" and op not in _CONVOLUTIONS:
        return lower_node(node, sources, out)
    a, b = sources
    reused = b.ref.buffer in constant
    geometry = [node.attrs[name] for name in _GEOMETRY if op != "dot"]

    def made() -> list[Launch]:
        if op == "dot":
            return matmul(a, b, out, epilogue, reused=reused)
        return _CONVOLUTIONS[op](a, b, out, *geometry, epilogue)

    if again is None:
        return made()
    kind = (op, *geometry, reused, epilogue.activation, epilogue.ceiling)
    extras = (epilogue.bias, epilogue.scale, epilogue.shift, epilogue.residual)
    key, buffers = contraction_key(kind, (a, b, out, *extras))
    launches = again.launches(key, buffers, lambda: [(launch, []) for launch in made()])
    return [launch for launch, _ in launches]


_GEOMETRY = ("stride", "padding", "dilation", "groups")
_CONVOLUTIONS: dict[str, Callable[..., list[Launch]]] = {
    "conv": conv, "conv_input_grad": conv_input_grad, "conv_weight_grad": conv_weight_grad,
}  # fmt: skip
