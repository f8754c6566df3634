"""Differences from PyTorch that are meant, each with its reason: what the sweep lets pass."""

from __future__ import annotations

import re

# (title of the row, situation, line of the difference), each a pattern that has to be found.
KNOWN: list[tuple[str, str, str, str]] = [
    ("", "complex", "theirs NotImplementedError", "where PyTorch has no kernel, ours works"),
    ("", "half|bfloat16", "no error; theirs NotImplementedError", "the same"),
    ("ConvTranspose|Conv", "nothing in", "Only zero batch or zero", "windows over padding alone"),
    ("PixelShuffle", "empty batch|nothing in", "PixelShuffleBackward0", "a fault of PyTorch's"),
    ("PixelUnshuffle", "empty batch|nothing in", "pixel_shuffle expects", "the same"),
    ("GroupNorm", "nothing in", "grad of weight", "0 where PyTorch says nan of nothing"),
    ("MultiMargin|MultiLabelMargin", "empty batch", "out 0|loss", "memory nobody wrote"),
    ("LazyLinear", "nothing in", "", "PyTorch leaves the bias unwritten"),
    ("ELU|Hardswish|Adaptive|Fractional", "not finite", "grad", "differs by place in PyTorch too"),
    ("NLLLoss2d", "noncontiguous|channels last", "grad_input must be cont", "ours takes any"),
    ("MaxUnpool", "noncontiguous", "view size is not", "the same"),
    ("Container|NLLLoss2d", "copied", "warnings", "a copy is not constructed anew"),
]


def known(title: str, situation: str, line: str) -> bool:
    """Whether this difference is meant."""
    return any(
        re.search(a, title) and re.search(b, situation) and re.search(c, line)
        for a, b, c, _ in KNOWN
    )
