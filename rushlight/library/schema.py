"""Schemas: what an operator takes, in PyTorch's words: ``(Tensor x, float k=2.0) -> Tensor``."""

from __future__ import annotations

import ast
import inspect
import typing
from collections.abc import Callable, Iterable
from typing import Any

from rushlight.base.dtype import dtype as DType
from rushlight.tensor import Tensor
from rushlight.tensor.device import Device

_WORDS: dict[Any, str] = {
    Tensor: "Tensor", int: "SymInt", float: "float", bool: "bool", str: "str", DType: "ScalarType",
    Device: "Device",
}  # fmt: skip


def _word(annotation: Any) -> str | None:
    """A type in a schema's words, None for what is none."""
    if annotation in _WORDS:
        return _WORDS[annotation]
    origin, inside = typing.get_origin(annotation), typing.get_args(annotation)
    if type(None) in inside and len(inside) == 2:
        word = _word(next(each for each in inside if each is not type(None)))
        return None if word is None else f"{word}?"
    if annotation == int | float | bool:
        return "Scalar"
    if origin is not None and inside and issubclass(origin, Iterable):
        word = _word(inside[0])
        return None if word is None else f"{word}[]"
    return None


def _default(value: Any) -> str:
    if isinstance(value, str):
        return f'="{value}"'
    if value is None or isinstance(value, (bool, int, float)):
        return f"={value}"
    return f"={str(value).removeprefix('torch.')}"


def infer_schema(
    prototype_function: Callable[..., Any], /, *, mutates_args: Any, op_name: str | None = None
) -> str:
    """The schema of an annotated function. Raises ValueError for what cannot stand in one.

    >>> def scaled(x: Tensor, k: float = 2.0) -> Tensor: ...
    >>> infer_schema(scaled, mutates_args=())
    '(Tensor x, float k=2.0) -> Tensor'
    """
    signature = inspect.signature(prototype_function)
    hints = typing.get_type_hints(prototype_function)
    where = f"infer_schema(func): {{}} Got func with signature {signature})"
    changed = () if mutates_args == "unknown" else tuple(mutates_args)
    parts, keyword_only = [], False
    for place, (name, parameter) in enumerate(signature.parameters.items()):
        if name not in hints:
            raise ValueError(where.format(f"Parameter {name} must have a type annotation."))
        word = _word(hints[name])
        if word is None:
            raise ValueError(where.format(f"Parameter {name} has unsupported type {hints[name]}."))
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and not keyword_only:
            keyword_only = True
            parts.append("*")
        if mutates_args == "unknown" or name in changed:
            word = word.replace("Tensor", f"Tensor(a{place}!)", 1)
        given = "" if parameter.default is inspect.Parameter.empty else _default(parameter.default)
        parts.append(f"{word} {name}{given}")
    made = hints.get("return", inspect.Signature.empty)
    if made is inspect.Signature.empty:
        raise ValueError(where.format("No return type annotation was provided."))
    if made is type(None):
        result = "()"
    elif typing.get_origin(made) is tuple:
        result = f"({', '.join(str(_word(each)) for each in typing.get_args(made))})"
    else:
        result = str(_word(made))
    return f"{op_name or ''}({', '.join(parts)}) -> {result}"


def parameters_of(schema: str) -> dict[str, Any]:
    """The names of a schema's arguments and their defaults (``inspect.Parameter.empty``: none).

    >>> parameters_of("foo(Tensor x, *, float k=2.0) -> Tensor")["k"]
    2.0
    """
    inside = schema[schema.index("(") + 1 : schema.rindex("->")].rstrip().removesuffix(")")
    found: dict[str, Any] = {}
    depth, word = 0, ""
    for letter in inside + ",":
        depth += (letter in "([") - (letter in ")]")
        if letter != "," or depth:
            word += letter
            continue
        declared, _, default = word.strip().partition("=")
        word = ""
        if declared and declared != "*":
            name = declared.split()[-1]
            found[name] = ast.literal_eval(default) if default else inspect.Parameter.empty
    return found
