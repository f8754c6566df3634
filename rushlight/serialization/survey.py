"""Which names a checkpoint would need beyond the allowed ones, without loading it."""

from __future__ import annotations

import pickletools
from typing import Any

from rushlight.serialization.allowlist import user_allowed
from rushlight.serialization.names import ALLOWED, modern_name
from rushlight.serialization.source import open_source
from rushlight.serialization.zip_reader import ZipReader, is_zip


def get_unsafe_globals_in_checkpoint(f: Any) -> list[str]:
    """The full names in a checkpoint's pickle that ``weights_only=True`` would refuse.

    Nothing is loaded or run. Raises ValueError for files in the form before PyTorch 1.6.
    """
    with open_source(f, mapped=False) as source:
        if not is_zip(source):
            raise ValueError("Expected input to be a checkpoint returned by torch.save")
        pickled = ZipReader(source).read("data.pkl")
    found: set[str] = set()
    strings: list[str] = []
    for operation, argument, _ in pickletools.genops(pickled):
        if operation.name == "GLOBAL":
            found.add(modern_name(*str(argument).split(" ", 1)))
        elif operation.name == "STACK_GLOBAL" and len(strings) >= 2:
            found.add(modern_name(strings[-2], strings[-1]))
        elif isinstance(argument, str):
            strings.append(argument)
    return sorted(found - ALLOWED.keys() - user_allowed().keys())
