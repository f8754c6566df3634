"""Make tests/tensor/display_golden.json; needs real PyTorch:

    PYTHONPATH=. PYTHON_WITH_TORCH tools/freeze_display.py

Each row holds what to print and what PyTorch printed, so that the core tests need no PyTorch.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.tensor.display_draw import draw_array, draw_options

CASES: list[tuple[Any, str, dict[str, Any]]] = [
    ([1.0, 2.0, 3.0], "float32", {}),
    ([1.5, -2.25, 1e3], "float32", {}),
    ([1e-5, 1.0], "float32", {}),
    ([1e9, 1.0], "float32", {}),
    ([1e4, 1.0], "float32", {}),
    ([0.0, -0.0], "float32", {}),
    ([float("nan"), 1.0, float("-inf")], "float32", {}),
    ([float("nan"), 1.5, float("inf")], "float32", {}),
    (3.14159, "float32", {}),
    (7, "int64", {}),
    (True, "bool", {}),
    ([True, False], "bool", {}),
    ([[6, 9, 2], [3, 3, 7], [1, 0, 3]], "int64", {}),
    ([[1, -200], [30, 4]], "int32", {}),
    ([255, 0], "uint8", {}),
    ([0.1, 0.25], "float64", {}),
    ([0.1, 65504.0], "float16", {}),
    ([0.1, 3.0], "bfloat16", {}),
    ([1 + 2j, 3.5 - 4e-6j], "complex64", {}),
    ([1 + 2j, 3 - 4j], "complex128", {}),
    ([], "float32", {}),
    ([], "int64", {}),
    (np.zeros((0, 3)).tolist(), "float32", {}),
    (np.zeros((2, 0, 3)).tolist(), "bool", {}),
    (np.zeros((2, 2, 2, 2)).tolist(), "float32", {}),
    (np.arange(2000).tolist(), "int64", {}),
    (np.arange(4000).reshape(40, 100).tolist(), "float32", {}),
    (np.linspace(0, 1, 30).tolist(), "float32", {}),
    (np.linspace(0, 1, 12).reshape(2, 2, 3).tolist(), "float32", {"profile": "short"}),
    (np.linspace(0, 1, 12).tolist(), "float32", {"linewidth": 30, "precision": 2}),
    (np.linspace(0, 1, 12).tolist(), "float32", {"threshold": 6, "edgeitems": 2}),
    (np.linspace(0, 1, 12).tolist(), "float32", {"sci_mode": True}),
]
TRACKING = ("", "requires_grad", "grad_fn", "parameter")


def row(values: Any, name: str, options: dict[str, Any], tracking: str) -> dict[str, Any]:
    """One line of the golden file."""
    tensor = torch.tensor(values, dtype=getattr(torch, name))
    shape = list(tensor.shape)
    if tracking:
        tensor.requires_grad_()
    if tracking == "grad_fn":
        tensor = tensor.clone()
    if tracking == "parameter":
        tensor = torch.nn.Parameter(tensor)
    torch.set_printoptions(profile="default")
    torch.set_printoptions(**options)
    flat = np.asarray(values).ravel()
    if name.startswith("complex"):
        flat = np.stack([flat.real, flat.imag])
    return {
        "values": flat.tolist(),
        "shape": shape,
        "dtype": name,
        "options": options,
        "tracking": tracking,
        "text": repr(tensor),
    }


def main() -> None:
    rows = [row(values, name, options, "") for values, name, options in CASES]
    rows += [row([1.0, 2.5], "float32", {}, tracking) for tracking in TRACKING[1:]]
    # Suffixes that no longer fit on the last line.
    rows += [row(np.linspace(0, 1, 8).tolist(), "float64", {}, each) for each in TRACKING]
    rng = np.random.default_rng(0)
    while len(rows) < 140:
        array, name = draw_array(rng)
        if array.size <= 60:
            floating = array.dtype.kind in "fc"
            tracking = str(rng.choice(TRACKING)) if floating and rng.random() < 0.4 else ""
            rows.append(row(array.tolist(), name, draw_options(rng), tracking))
    path = Path(__file__).parent.parent / "tests/tensor/display_golden.json"
    path.write_text("[\n" + ",\n".join(json.dumps(each) for each in rows) + "\n]\n")


if __name__ == "__main__":
    main()
