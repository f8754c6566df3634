"""Functions made of several ops, or that need values on the host."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

FUNCTIONS: dict[str, Callable[..., Any]] = {}
METHODS: set[str] = set()
INPLACE: set[str] = set()
FUNCTIONAL: set[str] = set()
TORCH: set[str] = set()
