"""Selective checkpoints: results that the second run of a part takes over from the first.

    contexts = functools.partial(create_selective_checkpoint_contexts, [torch.ops.aten.mm.default])
    checkpoint(part, x, use_reentrant=False, context_fn=contexts)

The second run records everything as the first did, but puts the kept result in the place of the
new one. Nothing asks for the new one then, so it is never computed.

An operation is known by the name of its node in the gradient graph: ``MmBackward0`` is
``torch.ops.aten.mm.default``. One without a gradient is not asked about and is always run again.
"""

from __future__ import annotations

import contextlib
import enum
import re
from collections.abc import Callable, Iterator
from typing import Any

from rushlight.base.operator_names import ATEN, OperatorName
from rushlight.engine.value import Value
from rushlight.tensor import state
from rushlight.tensor.create import empty
from rushlight.tensor.state import GradNode


class CheckpointPolicy(enum.Enum):
    """What a selective checkpoint does with the results of an operation.

    The memory of accelerators can be offloaded to the CPU's: on the CPU that is keeping it.
    """

    MUST_SAVE = 0
    PREFER_SAVE = 1
    MUST_RECOMPUTE = 2
    PREFER_RECOMPUTE = 3
    MUST_CPU_OFFLOAD = 4
    PREFER_CPU_OFFLOAD = 5


_KEPT = frozenset({
    CheckpointPolicy.MUST_SAVE, CheckpointPolicy.PREFER_SAVE, CheckpointPolicy.MUST_CPU_OFFLOAD,
    CheckpointPolicy.PREFER_CPU_OFFLOAD, True,
})  # fmt: skip


class SelectiveCheckpointContext:
    """What a policy function is told of the run. ``op_output``: None, it is not computed yet."""

    def __init__(self, *, is_recompute: bool, op_output: Any = None) -> None:
        self.is_recompute = is_recompute
        self.op_output = op_output


Policy = Callable[..., Any]

# Where PyTorch's operator is another one than its node's name says, or not the default overload.
_OPERATORS = {
    "AddBackward0": "add.Tensor", "SubBackward0": "sub.Tensor", "MulBackward0": "mul.Tensor",
    "DivBackward0": "div.Tensor", "PowBackward0": "pow.Tensor_Scalar",
    "PowBackward1": "pow.Tensor_Tensor", "SumBackward1": "sum.dim_IntList",
    "MeanBackward1": "mean.dim", "SoftmaxBackward0": "_softmax.default",
    "LogSoftmaxBackward0": "_log_softmax.default",
    "NativeLayerNormBackward0": "native_layer_norm.default",
    "ScaledDotProductAttentionBackward0": "_scaled_dot_product_flash_attention_for_cpu.default",
}  # fmt: skip


def operator_of(name: str) -> OperatorName:
    """The operator of a node of this name.

    >>> operator_of("AddmmBackward0"), operator_of("MulBackward0")
    (torch.ops.aten.addmm.default, torch.ops.aten.mul.Tensor)
    """
    told = _OPERATORS.get(name)
    if told is None:
        words = name.partition("Backward")[0]
        told = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", words).lower() + ".default"
    found = ATEN
    for part in told.split("."):
        found = getattr(found, part)
    return found


def _policy_of(given: Any) -> Policy:
    """A policy function; of a list: the operators in it are kept."""
    if isinstance(given, list):
        for each in given:
            if not (isinstance(each, OperatorName) and each.is_overload()):
                raise ValueError(
                    "Expected op in `op_list` to be an OpOverload (torch.ops.aten.mm.default) but "
                    f"got: {each!r} of type {type(each)}"
                )
        kept = frozenset(given)
        return lambda ctx, op, *args: op in kept
    if not callable(given):
        raise TypeError("policy_fn_or_list must be either a function or a list of ops.")
    return given  # type: ignore[no-any-return]


def create_selective_checkpoint_contexts(
    policy_fn_or_list: Any, allow_cache_entry_mutation: bool = False
) -> tuple[contextlib.AbstractContextManager[Any], contextlib.AbstractContextManager[Any]]:
    """The contexts of the two runs of ``checkpoint``, for its ``context_fn``.

    ``policy_fn_or_list``: operators whose results are kept, or ``policy(ctx, op, *args)`` that
    gives a CheckpointPolicy; args are meta tensors of the arguments that gradient flows through.
    ValueError for a list with anything but operators in it, TypeError for neither.

    >>> import functools, rushlight as torch
    >>> from rushlight.utils.checkpoint import checkpoint
    >>> kept = [torch.ops.aten.mm.default]
    >>> contexts = functools.partial(create_selective_checkpoint_contexts, kept)
    >>> x = torch.ones(2, 2, requires_grad=True)
    >>> part = lambda x: (x @ x).exp().sum()
    >>> checkpoint(part, x, use_reentrant=False, context_fn=contexts).backward()
    >>> x.grad[0]
    tensor([29.5562, 29.5562])
    """
    cache = _Cache(_policy_of(policy_fn_or_list), allow_cache_entry_mutation)
    return _listening(cache.keep), _listening(cache.put)


class _Cache:
    """The kept results, by the number of the node that made them."""

    def __init__(self, policy: Policy, mutation: bool) -> None:
        self._policy = policy
        self._mutation = mutation
        # Of each result its value, and that of its storage where it is arranged in one.
        self._kept: dict[int, list[tuple[Value, Value | None]]] = {}
        self._count = self._place = 0

    def keep(self, node: GradNode, outs: Any) -> None:
        """A node of the first run."""
        gradient = node.gradient
        place, self._count = self._count, self._count + 1
        if gradient is None:
            return
        shells = [empty(meta.shape, dtype=meta.dtype, device="meta") for meta in gradient.metas]
        ctx = SelectiveCheckpointContext(is_recompute=False)
        if self._policy(ctx, operator_of(node.name()), *shells) in _KEPT:
            self._kept[place] = [
                (out._value, None if out._storage is None else out._storage.value) for out in outs
            ]

    def put(self, node: GradNode, outs: Any) -> None:
        """A node of the second run."""
        place, self._place = self._place, self._place + 1
        kept = self._kept.pop(place, None)
        if kept is None:
            return
        if not self._mutation and any(value.overwritten is True for value, _ in kept):
            raise RuntimeError(
                "a tensor that a selective checkpoint kept was modified by an inplace operation; "
                "pass allow_cache_entry_mutation=True if that is meant"
            )
        saved = node.saved or ()
        for out, (value, whole) in zip(outs, kept, strict=True):
            saved = tuple(value if each is out._value else each for each in saved)
            out._value = value
            if out._storage is not None and whole is not None:
                out._storage.value = whole
        node.saved, node.origin = saved, None


@contextlib.contextmanager
def _listening(told: state.Listener) -> Iterator[None]:
    """``told`` hears of new nodes before who listened until now."""
    before = state.on_attach

    def both(node: GradNode, outs: Any) -> None:
        told(node, outs)
        if before is not None:
            before(node, outs)

    state.on_attach = both
    try:
        yield
    finally:
        state.on_attach = before
