"""Runs every row of the module table under Rushlight or real PyTorch, and digests what it did.

    python run_table.py pytorch FILE      the digests of all rows as JSON

A digest keeps texts as they are, and of an array its shape, dtype and two weighted sums.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from tests.nn.module_table import ROWS, run


def title(row: Any) -> str:
    """What a row is called."""
    name, args, kwargs, _ = row
    given = [*(repr(each) for each in args), *(f"{k}={v!r}" for k, v in kwargs.items())]
    return f"{name}({', '.join(given)})"


def _short(value: Any) -> Any:
    if not isinstance(value, np.ndarray):
        return value
    flat = value.astype(np.float64).reshape(-1)
    waves = np.cos(np.arange(flat.size) * 0.7)
    sums = [float(np.abs(flat).sum()), float((flat * waves).sum())]
    return [str(value.dtype), list(value.shape), *(float(f"{each:.8g}") for each in sums)]


def digest(torch: Any, row: Any) -> dict[str, Any]:
    """What the row did, short enough to keep."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {key: _short(value) for key, value in run(torch, row).items()}


def main(engine: str, file: str) -> None:
    """Write the digests of every row under ``engine``: "rushlight" or "pytorch"."""
    if engine == "rushlight":
        import rushlight as torch
    else:
        import torch
    lines = [json.dumps(digest(torch, row)) for row in ROWS]
    Path(file).write_text("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
