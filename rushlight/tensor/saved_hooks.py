"""Saved-tensor hooks: what is kept for the backward pass, packed by the user's functions.

While hooks are on, a new node of the gradient graph hands each tensor it saved to ``pack`` and
keeps only what that returned; when the node has its turn, ``unpack`` makes the tensors of it again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from rushlight.engine.value import Value
from rushlight.tensor import state
from rushlight.tensor.saved_values import with_memory
from rushlight.tensor.state import GradNode
from rushlight.tensor.tensor import Tensor

Pack = Callable[[Tensor], Any]
Unpack = Callable[[Any], Tensor]


class _Hooks(threading.local):
    """The pairs of this thread, the last the one that counts; why none may be added."""

    def __init__(self) -> None:
        self.pairs: list[tuple[Pack, Unpack]] = []
        self.refusal: str | None = None
        self.packing = False


_hooks = _Hooks()
_open = [0]  # pairs of all threads


def push(pack: Pack, unpack: Unpack) -> None:
    """Use these from now on. RuntimeError while hooks are disabled."""
    if _hooks.refusal is not None:
        raise RuntimeError(_hooks.refusal)
    _hooks.pairs.append((pack, unpack))
    _open[0] += 1
    state.listen("saved", _pack_node)


def pop() -> None:
    """Use what was used before the last ``push``."""
    _hooks.pairs.pop()
    _open[0] -= 1
    if not _open[0]:
        state.listen("saved", None)


def set_refusal(message: str | None) -> str | None:
    """Refuse hooks with this message (None: no more); the message before.

    Raises RuntimeError where some are on already.
    """
    if message is not None and _hooks.pairs:
        raise RuntimeError(message)
    before, _hooks.refusal = _hooks.refusal, message
    return before


def pack(tensor: Tensor) -> Callable[[], Tensor] | None:
    """What gives ``tensor`` back after the hooks packed it; None while there are none."""
    if not _hooks.pairs or _hooks.packing:
        return None
    packer, unpacker = _hooks.pairs[-1]
    _hooks.packing = True  # what a hook computes is not packed again
    try:
        packed = packer(tensor)
    finally:
        _hooks.packing = False

    def unpack() -> Tensor:
        made = unpacker(packed)
        if not isinstance(made, Tensor):
            raise TypeError(
                "Output of saved tensor unpack_hook expected to be a Tensor but got result of type "
                f"{type(made)}"
            )
        return made

    return unpack


def _as_given(node: GradNode, place: int, value: Value) -> Tensor:
    """The argument number ``place`` of what ``node`` recorded, or its result, without gradient."""
    edge = node.edges[place] if place < len(node.edges) else None
    if isinstance(edge, Tensor):
        return edge
    made = Tensor._of(with_memory(value))
    made._edge = edge
    return made


def _pack_node(node: GradNode, outs: Any) -> None:
    saved = node.saved
    if not saved or not isinstance(saved[0], Value) or not _hooks.pairs or _hooks.packing:
        return
    gradient = node.gradient
    assert gradient is not None
    unpackers = [
        pack(_as_given(node, place, value))
        for place, value in zip(gradient.saves, saved, strict=True)
    ]
    node.saved = ()

    def unpacked() -> tuple[Value, ...]:
        return tuple(each()._read_value() for each in unpackers if each is not None)

    node.extras()["packed"] = unpacked
