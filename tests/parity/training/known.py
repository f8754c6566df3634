"""Differences from PyTorch that are meant, each with its reason: what the sweep lets pass."""

from __future__ import annotations

import re

# (title of the row, situation, line of the difference), each a pattern that has to be found.
KNOWN: list[tuple[str, str, str, str]] = [
    # What PyTorch refuses, or fails in, is computed here.
    ("Dropout", "complex", "bernoulli_scalar_cpu_", "a kernel that is missing there"),
    ("PixelShuffle", "empty batch|nothing in", "PixelShuffleBackward0", "a wrong shape there"),
    ("PixelUnshuffle", "empty batch|nothing in", "pixel_shuffle expects", "the same"),
    ("EmbeddingBag", "nothing in", "step must be nonzero", "empty bags"),
    ("NLLLoss2d", "noncontiguous|channels last", "grad_input must be cont", "any layout"),
    ("MaxUnpool", "noncontiguous", "view size is not", "the same"),
    # Numbers that mean nothing there.
    ("MultiMargin|MultiLabelMargin", "empty batch", "out 0|loss", "memory nobody wrote"),
    ("LazyLinear", "nothing in", "out 0|after bias", "a bias nobody wrote, of no inputs"),
    ("GroupNorm", "nothing in", "grad of weight", "nan as the sum of no numbers"),
    # Rounding: in the situation "double" these rows agree within 1e-9.
    ("Conv", "", r"grad of bias: off by [1-5]\.\d*e-05 of 0.[0-3]", "a sum that cancels"),
    ("Softmax|Transformer|RNN|LSTM|GRU", "large", "grad", "saturated: 1 - tanh(x)**2"),
    # PyTorch's softmax over an axis before the last stores exp(x) as a half in the columns that
    # are left over after its vectors (all columns below 16 or 32), and in no others.
    ("Softmax|Transformer|RNN|LSTM|GRU", "float16|bfloat16|half", "grad", "sums that cancel"),
]

# Of optimisers: (case, line of the difference).
KNOWN_OPTIMIZERS: list[tuple[str, str, str]] = [
    ("slopes", "no error; theirs (Type|Runtime)Error.*(must be Number|modified by an inp)",
     "ours can"),
    ("slopes", r"off by \d\.\d*e-0[6-9]", "PyTorch keeps the step count in float32"),
    ("ASGD.*slopes", "warnings.*Converting a tensor", "a learning rate that is read as a number"),
    ("ASGD|NAdam", "(eta|mu|mu_product): torch.float32", "cast when loaded there"),
    ("'float64'.*'tensor'", r"off by \d\.\d*e-0[789]", "a rate in float32 there, in float64 here"),
    ("LBFGS", "/(al|d|t|old_|ro|H_diag|prev)", "what is left of differences near the bottom"),
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
