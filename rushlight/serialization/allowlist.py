"""What a file may name under weights_only=True: our table, and what the user adds to it."""

from __future__ import annotations

from collections.abc import Callable
from pickle import UnpicklingError
from typing import Any, final

from rushlight.serialization.names import (
    ALLOWED,
    find_ours,
    is_torchs,
    modern_name,
    written_as,
)

SafeGlobal = Callable[..., Any] | tuple[Callable[..., Any], str]

# Modules whose names are refused even where the user allowed them.
BLOCKED_MODULES = ("sys", "os", "posix", "nt", "subprocess")

_added: list[SafeGlobal] = []


def add_safe_globals(safe_globals: list[SafeGlobal]) -> None:
    """Let checkpoints name these classes and functions under ``weights_only=True``.

    Each is an object, or a pair (object, full name in the file). A class's ``__setstate__`` and
    ``__reduce__`` run when such a file is loaded: allow what you know.

    >>> class Settings: ...
    >>> add_safe_globals([Settings])
    >>> clear_safe_globals()
    """
    for each in safe_globals:
        _full_name(each)
        if each not in _added:
            _added.append(each)


def get_safe_globals() -> list[SafeGlobal]:
    """What was added so far."""
    return list(_added)


def clear_safe_globals() -> None:
    """Forget everything that was added."""
    _added.clear()


@final
class safe_globals:
    """A ``with`` block in which checkpoints may name these objects."""

    def __init__(self, safe_globals: list[SafeGlobal]) -> None:
        self.safe_globals = safe_globals

    def __enter__(self) -> None:
        self.before = get_safe_globals()
        add_safe_globals(self.safe_globals)

    def __exit__(self, *exception: object) -> None:
        _added[:] = self.before


def _full_name(each: SafeGlobal) -> str:
    if not isinstance(each, tuple):
        torch_name = written_as(each)
        if torch_name is not None:
            return f"{torch_name.module}.{torch_name.name}"
        return f"{each.__module__}.{each.__qualname__}"
    if len(each) != 2:
        raise ValueError(
            "Expected tuple of length 2 (global, str of callable full path), "
            f"but got tuple of length: {len(each)}"
        )
    if not isinstance(each[1], str):
        raise TypeError(
            f"Expected second item in tuple to be str of callable full path, but got: "
            f"{type(each[1])}"
        )
    return each[1]


def user_allowed() -> dict[str, Any]:
    """Full name in the file -> object, for what the user added."""
    return {_full_name(each): each[0] if isinstance(each, tuple) else each for each in _added}


def lookup(module: str, name: str) -> Any:
    """The object that a file means by ``module name``. Raises UnpicklingError if not allowed."""
    full = modern_name(module, name)
    if full.partition(".")[0] in BLOCKED_MODULES:
        raise UnpicklingError(
            f"Trying to load unsupported GLOBAL {full} whose module {module} is blocked."
        )
    if full in ALLOWED:
        return ALLOWED[full]
    allowed = user_allowed()
    if full in allowed:
        return allowed[full]
    if is_torchs(full):
        known = _same_object(module, name, allowed)
        if known is not None:
            return known
    shown = full.removeprefix("builtins.")
    raise UnpicklingError(
        f"Unsupported global: GLOBAL {shown} was not an allowed global by default. "
        f"Please use `torch.serialization.add_safe_globals([{shown}])` or the "
        f"`torch.serialization.safe_globals([{shown}])` context manager to allowlist this global "
        "if you trust this class/function."
    )


def _same_object(module: str, name: str, allowed: dict[str, Any]) -> Any:
    """An allowed object of ours that PyTorch keeps in another module (torch.nn.modules.linear)."""
    if not any(getattr(each, "__name__", None) == name for each in allowed.values()):
        return None
    found = find_ours(module, name)
    return found if any(found is each for each in allowed.values()) else None
