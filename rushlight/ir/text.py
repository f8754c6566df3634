"""The text form of a graph: one node a line, stable, made for reading diffs of.

    %0 = input f32[3,4] index=0
    %1 = exp f32[3,4] %0
    %2 = reduce f32[3] %1 kind="sum" axes=(1,)
    return %2

Nodes are numbered in the order of ``toposort``; ``from_text(to_text(sinks))`` prints alike again.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import Any

from rushlight.base.dtype import ALL
from rushlight.base.dtype import dtype as DType
from rushlight.ir.graph import Node, toposort

# Where the user asked for the node: no part of its meaning, and different in every run.
LINE_OF_USER = "site"
_SHORT = {"float": "f", "bfloat": "bf", "int": "i", "uint": "u", "complex": "c"}


def dtype_name(dtype: DType) -> str:
    """The short name in text: f32, bf16, i64, u8, bool, c64."""
    parts = re.fullmatch(r"([a-z]+)(\d+)", dtype.name)
    return f"{_SHORT[parts[1]]}{parts[2]}" if parts else dtype.name


_BY_SHORT_NAME = {dtype_name(each): each for each in ALL}


def to_text(sinks: Sequence[Node]) -> str:
    """Every node that ``sinks`` need, a line each, then ``return`` with the sinks."""
    order = toposort(sinks)
    number = {node: f"%{place}" for place, node in enumerate(order)}
    lines = [f"{number[node]} = {_node_text(node, number)}" for node in order]
    lines.append(" ".join(["return", *(number[sink] for sink in sinks)]))
    return "\n".join(lines) + "\n"


def node_text(node: Node) -> str:
    """One node with the types of its sources, for messages: ``add f32[3] (f32[3], f32[3])``."""
    kind = _node_text(node, {})
    return f"{kind} ({', '.join(_type_text(source) for source in node.src)})"


def _type_text(node: Node) -> str:
    return f"{dtype_name(node.dtype)}[{','.join(map(str, node.shape))}]"


def _node_text(node: Node, number: dict[Node, str]) -> str:
    words = [node.op, _type_text(node)]
    if number:
        words += (number[source] for source in node.src)
    words += (
        f"{name}={_value_text(value)}" for name, value in node.attrs.items() if name != LINE_OF_USER
    )
    return " ".join(words)


def _value_text(value: Any) -> str:
    if isinstance(value, tuple):
        inside = ",".join(map(_value_text, value))
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    if isinstance(value, DType):
        return dtype_name(value)
    if value is None or isinstance(value, (bool, int, float, complex)):
        return repr(value)
    raise TypeError(f"ir.text: attribute {value!r} of {type(value).__name__} has no text form")


# As text: re compiles a pattern once, and most processes read no graph.
_LINE = r"(%\w+)\s*=\s*(\w+)\s+(\w+)\[([\d,\s]*)\]\s*(.*)"
_SOURCE = r"(%\w+)\s*"
_NAME = r"(\w+)="


def from_text(text: str) -> list[Node]:
    """The sinks that ``text`` returns; without a ``return`` line, its last node.

    Lines that are empty or begin with # are skipped. Raises ValueError naming the line.

    >>> [sink] = from_text("%0 = input f32[3] index=0\\n%1 = exp f32[3] %0")
    >>> sink
    <exp float32[3]>
    """
    nodes: dict[str, Node] = {}
    last: list[Node] = []
    for count, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        try:
            if line.split()[0] == "return":
                return [nodes[name] for name in line.split()[1:]]
            name, node = _parse_node(line, nodes)
        except (KeyError, ValueError, SyntaxError) as error:
            raise ValueError(f"ir.text: line {count} is no node: {line!r} ({error})") from None
        nodes[name] = node
        last = [node]
    return last


def _parse_node(line: str, nodes: dict[str, Node]) -> tuple[str, Node]:
    parts = re.fullmatch(_LINE, line)
    if parts is None:
        raise ValueError("needs %n = op dtype[shape] sources attributes")
    name, op, dtype, sizes, rest = parts.groups()
    shape = tuple(int(size) for size in sizes.split(",") if size.strip())
    sources = []
    while found := re.match(_SOURCE, rest):
        sources.append(nodes[found[1]])
        rest = rest[found.end() :]
    attrs = {key: _parse_value(value) for key, value in _attributes(rest)}
    return name, Node(op, tuple(sources), shape, _BY_SHORT_NAME[dtype], attrs)


def _attributes(text: str) -> Iterator[tuple[str, str]]:
    """``a=1 b=(2, 3)`` -> ("a", "1"), ("b", "(2, 3)"): spaces end a value outside brackets."""
    while text := text.strip():
        found = re.match(_NAME, text)
        if found is None:
            raise ValueError(f"needs name=value at {text!r}")
        depth, quoted, place = 0, False, found.end()
        while place < len(text) and (depth or quoted or text[place] != " "):
            char = text[place]
            if quoted and char == "\\":
                place += 1
            elif char == '"':
                quoted = not quoted
            elif not quoted:
                depth += (char == "(") - (char == ")")
            place += 1
        yield found[1], text[found.end() : place]
        text = text[place:]


def _parse_value(text: str) -> Any:
    return _literal(ast.parse(text, mode="eval").body)


def _literal(tree: ast.expr) -> Any:
    if isinstance(tree, ast.Constant):
        return tree.value
    if isinstance(tree, ast.Tuple):
        return tuple(map(_literal, tree.elts))
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        return -_literal(tree.operand)
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, (ast.Add, ast.Sub)):
        left, right = _literal(tree.left), _literal(tree.right)  # a complex number
        return left + right if isinstance(tree.op, ast.Add) else left - right
    if isinstance(tree, ast.Name):
        if tree.id in ("nan", "inf"):
            return float(tree.id)
        return _BY_SHORT_NAME[tree.id]
    raise ValueError(f"{ast.unparse(tree)} is no value")
