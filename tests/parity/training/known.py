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
    ("ELU|Hardswish|Adaptive|Fractional", "not finite", "grad|out 1", "differs by place there"),
    ("PoissonNLLLoss", "complex", "lt_cpu", "comparing complex numbers"),
    ("AdaptiveAvg", "complex", "not implemented for 'ComplexFloat'", "one bin is a mean there"),
    ("AdaptiveMax", "channels last", "stride", "the numbers lie otherwise in memory"),
    ("AvgPool", "nothing in", "no error", "windows over padding alone"),
    ("MaxUnpool", "one short|nothing in", "IndexError|no error", "an index that is too large"),
    ("BatchNorm", "nothing in", "weight should contain 0|SyncBatchNorm number", "none there"),
    ("Conv", "", r"grad of bias: off by [1-5]\.\d*e-05 of 0.0", "a sum that cancels"),
    ("Softmax|Transformer|RNN|LSTM|GRU", "float16|bfloat16|half", "grad", "sums that cancel"),
    ("Softmax|Transformer|RNN|LSTM|GRU", "large", "grad", "saturated: 1 - tanh(x)**2"),
    ("RNN|LSTM|GRU", "", "stride 0", "batch_first is a turned view there"),
    ("LSTM", "", "warnings.*oneDNN", "how it is computed"),
    ("packed", "", "theirs RuntimeError: mat1 and mat2", "another class"),
    ("Transformer", "described", "use_nested_tensor", "batches are never nested here"),
    ("MultiheadAttention", "complex", "", "another class"),
    ("MultiheadAttention", "large", "off by .*e-05", "saturated"),
    ("Pad", "empty batch", "no error; theirs RuntimeError: Expected", "no channels"),
    ("Hardtanh|Upsample|RNN", "not finite", "", "differs by place in PyTorch too"),
    ("", "double|wrong dtype", r"off by \d\.\d*e-0[789]", "inputs that were float32 results"),
    ("EmbeddingBag", "nothing in", "step must be nonzero", "ours takes empty bags"),
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
