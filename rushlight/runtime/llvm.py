"""The one place that imports llvmlite, and only when code is needed (it takes 30 to 50 ms)."""

from __future__ import annotations

import importlib
import threading
from pathlib import Path
from typing import Any

_binding: Any = None
_lock = threading.Lock()


def binding() -> Any:
    """``llvmlite.binding`` with the native target ready.

    It is typed ``Any``: llvmlite ships no type information.
    """
    global _binding
    if _binding is None:
        with _lock:
            if _binding is None:
                module = importlib.import_module("llvmlite.binding")
                module.initialize_native_target()
                module.initialize_native_asmprinter()
                _binding = module
    return _binding


def site_folder() -> str:
    """The folder that llvmlite is installed in, for processes that import nothing else."""
    return str(Path(binding().__file__).parents[2])


def version() -> str:
    """llvmlite's and LLVM's versions: part of every cache key.

    >>> version().startswith("llvmlite ")
    True
    """
    llvm = ".".join(str(part) for part in binding().llvm_version_info)
    return f"llvmlite {importlib.import_module('llvmlite').__version__} llvm {llvm}"
