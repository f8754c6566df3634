"""Which of PyTorch's listed operators real programs use most.

Runs under PyTorch's Python:  python -m tests.parity.opinfo.most_used COUNTS > most_used.txt

``COUNTS`` is a Markdown file with a section for each name space (``## torch``, ``## Tensor``,
``## torch.nn``, ...), its names as ``cat 37 · zeros 36``: the number says how many projects use
it. What an operator is called by in several name spaces (``torch.exp``, ``Tensor.exp``,
``Tensor.exp_``) is added up; a layer counts for the function it calls.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path

LISTED = Path(__file__).parent / "most_used.txt"
COUNT = 200
_PREFIXES = {
    "torch": ("", "nn.functional."), "Tensor": ("", "nn.functional."),
    "torch.nn": ("nn.functional.",), "torch.nn.functional": ("nn.functional.", ""),
    "torch.linalg": ("linalg.",), "torch.fft": ("fft.",),
}  # fmt: skip
# Layers whose function has another name than theirs with underscores.
_LAYERS = {
    "BCELoss": "binary_cross_entropy", "BCEWithLogitsLoss": "binary_cross_entropy_with_logits",
    "MultiheadAttention": "multi_head_attention_forward", "ELU": "elu", "GELU": "gelu",
    "LeakyReLU": "leaky_relu", "PReLU": "prelu", "ReLU": "relu", "ReLU6": "relu6",
    "SiLU": "silu", "GLU": "glu", "RMSNorm": "rms_norm", "CrossEntropyLoss": "cross_entropy",
    "LogSigmoid": "logsigmoid", "Upsample": "interpolate", "KLDivLoss": "kl_div",
    "MSELoss": "mse_loss", "NLLLoss": "nll_loss", "NLLLoss2d": "nll_loss", "L1Loss": "l1_loss",
}  # fmt: skip


def listed() -> list[str]:
    """The operators most used, the most used first."""
    return LISTED.read_text().split()


def counts(text: str) -> dict[str, Counter[str]]:
    """What each section of the file counts."""
    found: dict[str, Counter[str]] = {}
    for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        title, _, body = part.partition("\n")
        pairs = re.findall(r"([\w.]+) (\d+)(?= ·|\s*$)", body)
        found[title.partition(" (")[0]] = Counter({name: int(n) for name, n in pairs})
    return found


def _function(layer: str) -> str:
    if layer in _LAYERS:
        return _LAYERS[layer]
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", layer.removeprefix("Lazy")).lower()
    name = re.sub(r"pool_?(\dd)", r"pool\1", name)
    if "norm" in name or "pad" in name:
        name = re.sub(r"^(?:zero|reflection|replication|constant)_", "", name)
        name = re.sub(r"\dd$", "", name)
    return name


def ranking(text: str, names: dict[str, str]) -> Counter[str]:
    """How often each operator is used; ``names``: what an operator may be called, and its name."""
    used: Counter[str] = Counter()
    for space, prefixes in _PREFIXES.items():
        for name, count in counts(text).get(space, Counter()).items():
            called = _function(name) if space == "torch.nn" else name
            forms = [p + form for form in (called, called.removesuffix("_")) for p in prefixes]
            operator = next((names[form] for form in forms if form in names), None)
            if operator is not None:
                used[operator] += count
    return used


if __name__ == "__main__":
    from torch.testing._internal.common_methods_invocations import op_db

    known: dict[str, str] = {alias.name: op.name for op in op_db for alias in op.aliases}
    known |= {op.name: op.name for op in op_db}
    for operator, _ in ranking(Path(sys.argv[1]).read_text(), known).most_common(COUNT):
        print(operator)
