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

# Of optimisers: (case, line of the difference).
KNOWN_OPTIMIZERS: list[tuple[str, str, str]] = [
    ("slopes", "no error; theirs (Type|Runtime)Error.*(must be Number|modified by an inp)",
     "ours can"),
    ("slopes", r"off by \d\.\d*e-0[6-9]", "PyTorch keeps the step count in float32"),
    ("ASGD.*slopes", "warnings.*Converting a tensor", "a learning rate that is read as a number"),
    ("ASGD", "(eta|mu): torch.float32", "PyTorch casts them to the parameter's dtype when loaded"),
    ("'float64'.*'tensor'", r"off by \d\.\d*e-0[789]", "a rate in float32 there, in float64 here"),
    ("bfloat16", "state/./", "moments that cancel, rounded to 8 bits"),
    ("Adam.*'complex64'.*fused", "fused_adam_kernel", "worded alike, by another check"),
]  # fmt: skip


def known_of_optimizers(case: str, line: str) -> bool:
    """Whether this difference is meant."""
    return any(re.search(a, case) and re.search(b, line) for a, b, _ in KNOWN_OPTIMIZERS)


def known(title: str, situation: str, line: str) -> bool:
    """Whether this difference is meant."""
    return any(
        re.search(a, title) and re.search(b, situation) and re.search(c, line)
        for a, b, c, _ in KNOWN
    )
