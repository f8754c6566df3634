"""``torch.autograd.forward_ad``: tangents carried along with values.

A dual tensor is a variable of its level, and what is computed from it stays in a gradient graph;
its tangent is pushed forward when ``unpack_dual`` asks for it (tensor/levels.py says how).
"""

from __future__ import annotations

from typing import NamedTuple

from rushlight.tensor import Tensor
from rushlight.tensor.levels import Forward, Variables
from rushlight.tensor.methods.printing import set_unpacked
from rushlight.tensor.modes import enable_grad


class UnpackedDualTensor(NamedTuple):
    """What ``unpack_dual`` gives; ``tangent`` is None for what is no dual tensor."""

    primal: Tensor
    tangent: Tensor | None


class _Level:
    def __init__(self) -> None:
        self.variables = Variables()
        self.duals: list[tuple[Tensor, Tensor]] = []
        self.mode = enable_grad()


_levels: list[_Level] = []


def enter_dual_level() -> int:
    """Open a level: dual tensors live until it is left. Raises RuntimeError within another."""
    if _levels:
        raise RuntimeError("Nested forward mode AD is not supported at the moment")
    level = _Level()
    _levels.append(level)
    set_unpacked(unpack_dual)
    level.mode.__enter__()
    return 0


def exit_dual_level(*, level: int | None = None) -> None:
    """Leave the level. RuntimeError where there is none."""
    if not _levels:
        raise RuntimeError("Trying to exit a forward AD level but no level is open.")
    left = _levels.pop()
    set_unpacked(None)
    left.mode.__exit__()


class dual_level:
    """A level as a context manager.

    >>> import rushlight as torch
    >>> import rushlight.autograd.forward_ad as fwAD
    >>> with fwAD.dual_level():
    ...     x = fwAD.make_dual(torch.tensor([1.0, 2.0]), torch.ones(2))
    ...     print(fwAD.unpack_dual(x * x).tangent)
    tensor([2., 4.])
    """

    def __enter__(self) -> int:
        return enter_dual_level()

    def __exit__(self, *details: object) -> None:
        exit_dual_level()


def make_dual(tensor: Tensor, tangent: Tensor, *, level: int | None = None) -> Tensor:
    """``tensor`` with a tangent, for this level. Raises RuntimeError outside of one."""
    if not _levels:
        raise RuntimeError(
            "Trying to create a dual Tensor for forward AD but no level exists, make sure to "
            "enter_dual_level() first."
        )
    for name, each in (("primal", tensor), ("tangent", tangent)):
        if not (each.dtype.is_floating_point or each.dtype.is_complex):
            raise ValueError(f"Expected {name} to be floating point or complex, got: {each.dtype}")
    if tensor.shape != tangent.shape:
        raise RuntimeError(
            f"make_dual: the tangent has shape {list(tangent.shape)}, the primal "
            f"{list(tensor.shape)}: they must be equal"
        )
    open_level = _levels[-1]
    made = open_level.variables.variable(tensor)
    open_level.duals.append((made, tangent))
    return made


def unpack_dual(tensor: Tensor, *, level: int | None = None) -> UnpackedDualTensor:
    """The value and, where it depends on a dual tensor of this level, the tangent."""
    if not _levels:
        return UnpackedDualTensor(tensor, None)
    open_level = _levels[-1]
    variables = open_level.variables
    primal = variables.outside(tensor)
    for made, tangent in open_level.duals:
        if made is tensor:
            return UnpackedDualTensor(primal, tangent)
    if not open_level.duals or not tensor.requires_grad:
        return UnpackedDualTensor(primal, None)
    forward = Forward([tensor], [made for made, _ in open_level.duals])
    moves = [tangent for _, tangent in open_level.duals]
    keep = any(each.requires_grad for each in moves) or variables.wanted_outside(tensor)
    (found,) = forward.push(moves, keep)
    return UnpackedDualTensor(primal, None if found is None else variables.outside(found))


__all__ = [
    "UnpackedDualTensor", "dual_level", "enter_dual_level", "exit_dual_level", "make_dual",
    "unpack_dual",
]  # fmt: skip
