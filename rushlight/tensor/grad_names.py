"""What PyTorch calls the nodes of its gradient graph: ``MulBackward0``, ``RsubBackward1``.

Mostly the op's own name. Where one of our ops stands for several of PyTorch's, the arguments of the
call say which.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rushlight.engine.call import TENSOR, OpCall
from rushlight.engine.value import Meta
from rushlight.tensor.grad_chains import chain_of

Rule = Callable[[Sequence[Any], Sequence[Meta]], str]


def _with_dim(name: str) -> Rule:
    """Number 1 where the dimension is given, 0 where it is not."""

    def rule(arguments: Sequence[Any], metas: Sequence[Meta]) -> str:
        return name + ("0" if arguments[1] in (None, ()) else "1")

    return rule


def _by_tensors(both: str, right: str, left: str) -> Rule:
    """By which of the two operands are tensors: both, the second alone, the first alone."""

    def rule(given: Sequence[Any], metas: Sequence[Meta]) -> str:
        tensors = [each is TENSOR for each in given[:2]]
        return both if all(tensors) else left if tensors[0] else right

    return rule


def _quotient(given: Sequence[Any], metas: Sequence[Meta]) -> str:
    if given[0] is not TENSOR:
        return "Mul"
    return "Div" if given[2] is None else "Div2" if given[1] is not TENSOR else "Div3"


_RULES: dict[str, Rule] = {
    "_in_place_of": lambda given, metas: str(given[2]),
    "sum": _with_dim("Sum"),
    "mean": _with_dim("Mean"),
    "squeeze": _with_dim("Squeeze"),
    "sub": _by_tensors("Sub", "Rsub1", "Sub"),
    "div": _quotient,
    "pow": _by_tensors("Pow1", "Pow2", "Pow"),
    "remainder": _by_tensors("Remainder1", "Remainder2", "Remainder"),
}
_WHOLE_NAMES = {  # no ...Backward0
    "_strided_set": "CopySlices", "_copy": "CopyBackwards", "_fill": "FillBackward2",
}  # fmt: skip
_OTHERS = {
    "selu": "Elu", "relu6": "Hardtanh", "logsigmoid": "LogSigmoid",
    "square": "Pow", "log1p": "Log1P", "i0": "I00", "true_divide": "Div",
    "_special_xlog1py": "SpecialXlog1Py",
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
    if call.name in _WHOLE_NAMES:
        return _WHOLE_NAMES[call.name]
    chain = chain_of(call, metas)
    if chain is not None:
        return class_name(chain.partition("(")[0])
    rule, other = _RULES.get(call.name), _OTHERS.get(call.name)
    if rule is None and other is None:
        return call.op.grad_name
    found = rule(call.template, metas) if rule is not None else other
    assert found is not None
    return class_name(found if found[-1].isdigit() else f"{found}0")


def class_name(text: str) -> str:
    """``"Addmm0"`` -> ``"AddmmBackward0"``; ``"Diagonal0_copy"``: the number is inside."""
    plain, copy, _ = text.partition("_copy")
    name = plain.rstrip("0123456789")
    return f"{name}Backward{plain[len(name) :]}{copy}"
