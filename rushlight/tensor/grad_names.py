"""What PyTorch calls the nodes of its gradient graph: ``MulBackward0``, ``RsubBackward1``.

Mostly the op's own name. Where one of our ops stands for several of PyTorch's, the arguments of the
call say which.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rushlight.engine.call import TENSOR, OpCall
from rushlight.engine.value import Meta

Rule = Callable[[Sequence[Any], Sequence[Meta]], str]


def _product(given: Sequence[Any], metas: Sequence[Meta]) -> str:
    ranks = tuple(len(meta.shape) for meta in metas)
    known = {(2, 2): "Mm", (1, 1): "Dot", (2, 1): "Mv", (3, 3): "Bmm"}
    return known.get(ranks, "Squeeze4" if ranks == (1, 2) else "UnsafeView" if ranks else "Matmul")


def _with_dim(name: str, *, without: str = "0", given: str = "1", place: int = 1) -> Rule:
    """One number where the dimension is given, another where it is not."""

    def rule(arguments: Sequence[Any], metas: Sequence[Meta]) -> str:
        return name + (without if arguments[place] in (None, ()) else given)

    return rule


def _by_tensors(name: str, both: str, right: str, left: str) -> Rule:
    """By which of the two operands are tensors: both, the second alone, the first alone."""

    def rule(given: Sequence[Any], metas: Sequence[Meta]) -> str:
        tensors = [each is TENSOR for each in given[:2]]
        return both if all(tensors) else left if tensors[0] else right

    return rule


def _indexed(given: Sequence[Any], metas: Sequence[Meta]) -> str:
    entries = given[1]
    last = entries[-1] if entries else None
    return "Unsqueeze" if last is None else "Select" if isinstance(last, int) else "Slice"


def _reduced(none: Rule, place: int) -> Rule:
    """A loss that is a formula and then a mean or a sum: ``reduction`` stands at ``place``."""

    def rule(given: Sequence[Any], metas: Sequence[Meta]) -> str:
        known = {"mean": "Mean", "sum": "Sum"}
        return known.get(given[place]) or none(given, metas)

    return rule


def _negative_log_likelihood(given: Sequence[Any], metas: Sequence[Meta]) -> str:
    rank = len(metas[0].shape)
    if rank <= 2:
        return "NllLoss"
    return "NllLoss2D" if rank == 4 or given[4] != "none" else "View"


def _cross_entropy(given: Sequence[Any], metas: Sequence[Meta]) -> str:
    if metas[1].dtype.is_floating_point:
        return "Div1" if given[4] == "mean" else "Neg"
    return "Add" if given[5] != 0 else _negative_log_likelihood(given, metas)


_RULES: dict[str, Rule] = {
    "_nll_loss": _negative_log_likelihood,
    "_cross_entropy": _cross_entropy,
    "_l1_loss": _reduced(lambda given, metas: "Abs", 2),
    "_kl_div": _reduced(lambda given, metas: "Mul" if given[3] else "Sub", 2),
    "_poisson_nll_loss": _reduced(lambda given, metas: "Add" if given[3] else "Sub", 5),
    "matmul": _product,
    "_basic_index": _indexed,
    "_in_place_of": lambda given, metas: str(given[2]),
    "sum": _with_dim("Sum"),
    "mean": _with_dim("Mean"),
    "squeeze": _with_dim("Squeeze"),
    "sub": _by_tensors("sub", "Sub", "Rsub1", "Sub"),
    "div": _by_tensors("div", "Div", "Mul", "Div"),
    "pow": _by_tensors("pow", "Pow1", "Pow2", "Pow"),
    "remainder": _by_tensors("remainder", "Remainder1", "Remainder2", "Remainder"),
}
_OTHERS = {
    "selu": "Elu", "relu6": "Hardtanh", "logsigmoid": "LogSigmoid",
    "clamp": "Clamp1", "square": "Pow", "log1p": "Log1P", "prelu": "PreluKernel",
    "softsign": "Div", "tanhshrink": "Sub", "outer": "Mul",
}  # fmt: skip


# Of the gradient of a gradient: PyTorch's formulas are made of operations that have nodes of their
# own, and the last one names it; those with a kernel for the gradient are ...BackwardBackward0.
_SECOND = {
    name: second
    for second, names in {
        "MulBackward0": (
            "Exp Sin Cos Tan Pow Abs Rsqrt Reciprocal Erf Logsumexp LinalgVectorNorm Var Expm1 "
            "Asin Prod Silu Mul"
        ),
        "DivBackward0": "Log Sqrt Log1P Atan",
        "ThresholdBackwardBackward0": "Relu",
        "SoftmaxBackwardDataBackward0": "Softmax",
        "LogSoftmaxBackwardDataBackward0": "LogSoftmax",
        "FlipBackward0": "Cumsum",
        "MmBackward0": "Addmm",
        "EmbeddingDenseBackwardBackward0": "Embedding",
        "ViewBackward0": "View",
        "ConstantPadNdBackward0": "ConstantPadNd",
        "DivBackward1": "BinaryCrossEntropyWithLogits",
        "ScatterBackward0": "Max Sort",
        "ScatterAddBackward0": "Gather",
        "IndexAddBackward0": "IndexSelect",
    }.items()
    for name in names.split()
}


def name_of(call: Any, metas: Sequence[Meta]) -> str:
    """The name of the node that holds the gradient of ``call``."""
    if not isinstance(call, OpCall):
        # The gradient of a gradient: its own call is a ``Gradient`` that knows what it is of.
        inner = name_of(call.call, call.metas)
        known = _SECOND.get(inner.partition("Backward")[0])
        if known is not None and isinstance(call.call, OpCall):
            return known
        return inner.replace("Backward", "BackwardBackward", 1)
    rule, other = _RULES.get(call.name), _OTHERS.get(call.name)
    if call.name == "_strided_set":
        return "CopySlices"  # the one node that is no ...Backward0
    if rule is None and other is None:
        return call.op.grad_name
    found = rule(call.template, metas) if rule is not None else other
    assert found is not None
    number = found[-1] if found[-1].isdigit() else "0"
    return f"{found.rstrip('0123456789')}Backward{number}"
