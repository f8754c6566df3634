"""``torch.func.rearrange``: axes named in a text, moved, split and joined."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function

_PARTS = re.compile(r"\.\.\.|->|[()]|\w+|\S")
_REST = "..."
Groups = list[list[str]]  # a free ``...`` is [_REST], one in brackets [_REST, ""]


def _groups(side: str) -> Groups:
    """Each axis of one side of a pattern as the names that it is made of: "a (b c)" is
    [[a], [b, c]], "1" and "()" are made of none."""
    made: Groups = []
    inside: list[str] | None = None
    for part in _PARTS.findall(side):
        if part == "(":
            if inside is not None:
                raise ValueError(
                    "Axis composition is one-level (brackets inside brackets not allowed)"
                )
            inside = []
        elif part == ")":
            if inside is None:
                raise ValueError(f"Imbalanced parentheses in expression: '{side}'")
            made.append([*inside, ""] if inside == [_REST] else inside)
            inside = None
        elif part.isdigit():
            if part != "1":
                raise ValueError("rearrange only supports unnamed axes of size 1")
            if inside is None:
                made.append([])
        elif part == _REST or part.isidentifier():
            if any(part in group for group in (*made, inside or [])):
                raise ValueError(f"Indexing expression contains duplicate dimension '{part}'")
            if inside is None:
                made.append([part])
            else:
                inside.append(part)
        else:
            raise ValueError(f"Invalid character '{part}' in expression: '{side}'")
    if inside is not None:
        raise ValueError(f"Imbalanced parentheses in expression: '{side}'")
    return made


def _require_pairs(left: Groups, right: Groups, sizes: dict[str, int]) -> None:
    ours, theirs = ({name for group in side for name in group if name} for side in (left, right))
    if ours != theirs:
        raise ValueError(
            "Identifiers only on one side of rearrange expression (should be on both): "
            f"{ours ^ theirs}"
        )
    if strange := sizes.keys() - ours:
        raise ValueError(f"Identifiers not found in rearrange expression: {strange}")


def _lengths(group: Sequence[str], size: int, known: dict[str, int]) -> list[int]:
    """The sizes of the names that an axis of ``size`` is made of: one may be unknown."""
    unknown = [name for name in group if name not in known]
    if len(unknown) > 1:
        raise ValueError(
            f"cannot infer the sizes of two dimensions at once {' and '.join(unknown)}"
        )
    rest = math.prod(known[name] for name in group if name in known)
    if (size % rest if unknown and rest else size != rest) or (unknown and not rest):
        raise ValueError(
            f"inferred dimension does not evenly fit into larger dimension: {size} for {group}"
        )
    return [known[name] if name in known else size // rest for name in group]


def rearrange(tensor: Tensor | Sequence[Tensor], pattern: str, **axes_lengths: int) -> Tensor:
    """The axes of ``tensor`` moved, split and joined as ``pattern`` says: "b h w c -> b c (h w)".

    Axes have names; those in brackets lie within one axis, the last fastest. ``...`` stands for
    any number of axes, ``1`` for one of size 1. ``axes_lengths`` give what cannot be divided out.
    A list of tensors counts as one tensor with a first axis more. Raises ValueError for a pattern
    that does not fit.

    >>> import rushlight as torch
    >>> torch.func.rearrange(torch.ones(2, 6, 3), "b (h w) c -> b c h w", h=2).shape
    torch.Size([2, 3, 2, 3])
    """
    if not isinstance(tensor, Tensor):
        tensor = function("stack")(tuple(tensor), 0)
    if pattern.count("->") != 1:
        raise ValueError("Pattern must contain a single '->' separator")
    left, right = map(_groups, pattern.split("->"))
    if any(_REST in group and len(group) > 1 for group in left):
        raise ValueError(f"Ellipsis is parenthesis in the left side is not allowed: {pattern}")
    _require_pairs(left, right, axes_lengths)
    rest = [f"...{k}" for k in range(tensor.ndim - len(left) + 1)]
    spread = [_REST] in left
    if len(left) > tensor.ndim + spread or (not spread and len(left) != tensor.ndim):
        raise ValueError(
            f"Number of dimensions in pattern ({len(left)}) must be equal to the number of "
            f"dimensions in the tensor ({tensor.ndim})"
        )
    left = [each for group in left for each in (
        [[name] for name in rest] if group == [_REST] else [group]
    )]  # fmt: skip
    lengths: dict[str, int] = dict(axes_lengths)
    names: list[str] = []
    sizes: list[int] = []
    for group, size in zip(left, tensor.shape, strict=True):
        found = _lengths(group, size, lengths)
        names += group
        sizes += found
        lengths |= dict(zip(group, found, strict=True))
    ordered = [
        [each for name in group if name for each in (rest if name == _REST else [name])]
        for group in right
    ]
    whole = tensor if list(tensor.shape) == sizes else function("reshape")(tensor, tuple(sizes))
    moved = function("permute")(
        whole, tuple(names.index(name) for group in ordered for name in group)
    )
    ends: list[int] = []
    for group, flat in zip(right, ordered, strict=True):
        parts = [lengths[name] for name in flat]
        ends += parts if group == [_REST] else [math.prod(parts)]
    made: Tensor = function("reshape")(moved, tuple(ends))
    return made
