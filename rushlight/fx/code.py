"""The Python text of a graph: one line a node, variables let go behind their last use."""

from __future__ import annotations

import builtins
import math
import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import rushlight as torch
from rushlight.base.dtype import dtype
from rushlight.fx.node import Node, function_text, nodes_in, type_text
from rushlight.tensor.device import Device

_BINARY = {
    "add": "+", "sub": "-", "mul": "*", "floordiv": "//", "truediv": "/", "mod": "%", "pow": "**",
    "lshift": "<<", "rshift": ">>", "and_": "&", "or_": "|", "xor": "^", "matmul": "@",
    "eq": "==", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">=",
}  # fmt: skip
_INPLACE = {
    "iadd": "+=", "isub": "-=", "imul": "*=", "ifloordiv": "//=", "itruediv": "/=", "imod": "%=",
    "ipow": "**=", "ilshift": "<<=", "irshift": ">>=", "iand": "&=", "ior": "|=", "ixor": "^=",
    "imatmul": "@=",
}  # fmt: skip
_UNARY = {"neg": "-", "pos": "+", "invert": "~"}


@dataclass
class PythonCode:
    """``src``, the text of ``forward``, and the ``globals`` in which it runs."""

    src: str
    globals: dict[str, Any] = field(default_factory=dict)


def python_code(nodes: Iterable[Node], root_module: str = "self") -> PythonCode:
    """The text of a graph's nodes as a function ``forward``."""
    return _Writer(root_module).write(list(nodes))


def _attribute(root: str, target: str) -> str:
    """``self.a.b``, or with ``getattr`` where a part is no identifier."""
    text = root
    for part in target.split("."):
        text = f"{text}.{part}" if part.isidentifier() else f'getattr({text}, "{part}")'
    return text


class _Writer:
    def __init__(self, root: str) -> None:
        self.root = root
        self.globals: dict[str, Any] = {}
        self.signature: list[str] = []
        self.lines: list[str] = []
        self.returns = ""

    def write(self, nodes: list[Node]) -> PythonCode:
        last: dict[Node, Node] = {}
        for node in reversed(nodes):
            for used in nodes_in(node.args, node.kwargs):
                last.setdefault(used, node)
        let_go: dict[Node, list[Node]] = {}
        for used, user in last.items():
            let_go.setdefault(user, []).append(used)
        for node in nodes:
            line = self._line(node)
            if line is None:
                continue
            done = [] if node.op == "output" else [each.name for each in let_go.get(node, [])]
            if node.op != "output" and not node.users:
                done.append(node.name)
            self.lines.append(line + (f";  {' = '.join(done)} = None" if done else ""))
        body = self.lines or ["pass"]
        head = f"def forward({', '.join([self.root, *self.signature])}){self.returns}:"
        text = "\n\n\n" + head + "\n" + "".join(f"    {line}\n" for line in body) + "    "
        return PythonCode(text, self.globals)

    def _line(self, node: Node) -> str | None:
        if node.op == "placeholder":
            self._placeholder(node)
            return None
        if node.op == "output":
            if node.type is not None:
                self.returns = f" -> {type_text(node.type)}"
            return f"return {self._value(node.args[0])}"
        kind = "" if node.type is None else f" : {type_text(node.type)}"
        written = self._expression(node)
        if isinstance(written, tuple):
            return f"{written[0]};  {node.name}{kind} = {written[1]}"
        return f"{node.name}{kind} = {written}"

    def _placeholder(self, node: Node) -> None:
        kind = "" if node.type is None else f" : {type_text(node.type)}"
        default = f" = {self._value(node.args[0])}" if node.args else ""
        stars = str(node.target)[: len(str(node.target)) - len(str(node.target).lstrip("*"))]
        self.signature.append(f"{stars}{node.name}{kind}{default}")

    def _expression(self, node: Node) -> str | tuple[str, str]:
        if node.op == "get_attr":
            return _attribute(self.root, str(node.target))
        if node.op == "call_module":
            return f"{_attribute(self.root, str(node.target))}({self._arguments(node)})"
        if node.op == "call_method":
            first = self._value(node.args[0])
            first = f"({first})" if first.startswith("-") else first
            return f"{first}.{node.target}({self._arguments(node, skip=1)})"
        function: Any = node.target
        name = getattr(function, "__name__", "")
        if getattr(operator, name, None) is function and not node.kwargs:
            values = [self._value(each) for each in node.args]
            if name in _BINARY and len(values) == 2:
                return f"{values[0]} {_BINARY[name]} {values[1]}"
            if name in _UNARY and len(values) == 1:
                return f"{_UNARY[name]}{values[0]}"
            if name in _INPLACE and len(values) == 2:
                return f"{values[0]} {_INPLACE[name]} {values[1]}", values[0]
            if name == "getitem" and len(values) == 2:
                return f"{values[0]}[{values[1]}]"
        if function is getattr and len(node.args) == 2 and str(node.args[1]).isidentifier():
            return f"{self._value(node.args[0])}.{node.args[1]}"
        return f"{self._function(function)}({self._arguments(node)})"

    def _arguments(self, node: Node, skip: int = 0) -> str:
        given = [self._value(each) for each in node.args[skip:]]
        given += [f"{key} = {self._value(value)}" for key, value in node.kwargs.items()]
        return ", ".join(given)

    def _function(self, function: Callable[..., Any]) -> str:
        text = function_text(function)
        first, *rest = text.split(".")
        if getattr(builtins, text, None) is function:
            return text
        found = {"torch": torch, "operator": operator}.get(first)
        namespace = found
        for part in rest:
            found = getattr(found, part, None)
        if found is function:
            self.globals[first] = namespace
            return text
        return self._global(text.replace(".", "_"), function)

    def _global(self, name: str, value: Any) -> str:
        free, number = name, 0
        while self.globals.get(free, value) is not value:
            number += 1
            free = f"{name}_{number}"
        self.globals[free] = value
        return free

    def _value(self, value: Any) -> str:
        if isinstance(value, Node):
            return value.name
        if isinstance(value, tuple):
            inside = ", ".join(map(self._value, value))
            made = f"({inside},)" if len(value) == 1 else f"({inside})"
            fields = hasattr(value, "_fields")
            return f"{self._global(type(value).__name__, type(value))}{made}" if fields else made
        if isinstance(value, list):
            return f"[{', '.join(map(self._value, value))}]"
        if isinstance(value, dict):
            return "{" + ", ".join(f"{k!r}: {self._value(v)}" for k, v in value.items()) + "}"
        if isinstance(value, slice):
            parts = (value.start, value.stop, value.step)
            return f"slice({', '.join(map(self._value, parts))})"
        if isinstance(value, float) and not math.isfinite(value):
            return self._global(repr(abs(value)), abs(value)).join(("-" if value < 0 else "", ""))
        if isinstance(value, dtype):
            self.globals["torch"] = torch
            return repr(value)
        if value is None or isinstance(value, (bool, int, float, complex, str, bytes)):
            return repr(value)
        if value is Ellipsis:
            return "Ellipsis"
        if callable(value):
            return self._function(value)
        if isinstance(value, Device):
            self.globals["device"] = Device
            return repr(value)
        return self._global(f"_constant_{type(value).__name__}", value)
