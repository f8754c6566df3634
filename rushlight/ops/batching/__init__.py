"""The same graph for many samples at once: what ``torch.vmap`` is made of, a rule a primitive.

``graph.py`` walks a graph of one sample and builds that of all samples; the rules are in
``movement.py``, ``reduce.py`` and ``contraction.py``, imported with the first ``vmap``. A primitive
without a rule is done sample by sample.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rushlight.ops.batching.graph import batched

__all__ = ["batched"]
_RULES = ("contraction", "movement", "reduce")


def __getattr__(name: str) -> Any:
    if name != "batched":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    for each in _RULES:
        importlib.import_module(f"{__name__}.{each}")
    made = globals()[name] = importlib.import_module(f"{__name__}.graph").batched
    return made
