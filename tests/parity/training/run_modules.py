"""Every layer in every situation, under Rushlight or PyTorch: a pickle of what was seen.

python -m tests.parity.training.run_modules rushlight|pytorch FILE first|all [CLASS ...]
"""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import Any

from tests.nn.module_table import ROWS as TABLE
from tests.parity.training.sequences import ROWS as SEQUENCES
from tests.parity.training.situations import SITUATIONS, look

ROWS = [*TABLE, *SEQUENCES]


def chosen(which: str, classes: list[str]) -> list[Any]:
    """The rows of these classes (of all, when none is named), all or the first of each."""
    rows = [row for row in ROWS if not classes or row[0] in classes]
    if which == "all":
        return rows
    first: dict[str, Any] = {}
    for row in rows:
        first.setdefault(row[0], row)
    return list(first.values())


def title(row: Any) -> str:
    """What a row is called: the functions among its arguments by their names only."""
    name, args, kwargs, given = row
    parts = [*map(word, args), *(f"{key}={word(value)}" for key, value in kwargs.items())]
    return f"{name}({', '.join(parts)}) on {', '.join(map(word, given))}"


def word(value: Any) -> str:
    return value.__qualname__.split(".")[0] if callable(value) else repr(value)


def layer_classes(torch: Any) -> list[str]:
    """The names of all layers in torch.nn."""
    return sorted(
        name for name, value in vars(torch.nn).items()
        if isinstance(value, type) and issubclass(value, torch.nn.Module)
    )  # fmt: skip


def main(engine: str, file: str, which: str, *classes: str) -> None:
    """Write {"classes": names, "seen": {(number, title, situation): what was seen}}."""
    if engine == "rushlight":
        from rushlight.compat.finder import install

        install()
    import torch

    seen = {}
    for number, row in enumerate(chosen(which, list(classes))):
        for name in SITUATIONS:
            seen[number, title(row), name] = look(torch, row, name)
    found = {"classes": layer_classes(torch), "seen": seen}
    Path(file).write_bytes(pickle.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
