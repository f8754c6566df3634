"""Runs the blocks of a text file, each by itself, under Rushlight or real PyTorch.

    python run_api.py rushlight FILE

A line of JSON for each block: what it printed, then how it failed (class and message).
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import warnings
from pathlib import Path


def outcome(block: str) -> str:
    """What a block prints when it is run, with the error that ended it as the last lines."""
    import numpy as np
    import torch
    import torch.nn.functional as F

    out = io.StringIO()
    torch.manual_seed(0)
    names = {"torch": torch, "nn": torch.nn, "F": F, "np": np, "__name__": "__main__"}
    with contextlib.redirect_stdout(out), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exec(block, names)
        except Exception as error:
            # Classes of ours stand for the one that PyTorch raises, which they derive from.
            kinds = (k.__name__ for k in type(error).__mro__ if "rushlight" not in k.__module__)
            print(f"{next(kinds)}: {error}")
    return out.getvalue()


def main(engine: str, file: str) -> None:
    """Run every block of ``file`` under ``engine`` ("rushlight" or "pytorch")."""
    if engine == "rushlight":
        from rushlight.compat.finder import install

        install()
    for block in Path(file).read_text().strip().split("\n\n"):
        print(json.dumps(outcome(block)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
