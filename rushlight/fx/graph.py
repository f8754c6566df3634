"""A program as a list of nodes that can be read, changed, checked and written as Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

from rushlight.fx.code import PythonCode, python_code
from rushlight.fx.names import Namespace, candidate_of
from rushlight.fx.node import OPS, Node, Target, map_arg


class _NodeList:
    """The nodes of a graph, in order; the one looked at may be erased."""

    def __init__(self, graph: Graph, backwards: bool = False) -> None:
        self.graph = graph
        self.backwards = backwards

    def __iter__(self) -> Iterator[Node]:
        root = self.graph._root
        node = root.prev if self.backwards else root.next
        while node is not root:
            if not node._erased:
                yield node
            node = node.prev if self.backwards else node.next

    def __reversed__(self) -> _NodeList:
        return _NodeList(self.graph, not self.backwards)

    def __len__(self) -> int:
        return self.graph._len


class _Inserting(AbstractContextManager[None]):
    """Where nodes are put; inside ``with``, or for good where it is not used so."""

    def __init__(self, graph: Graph, put: Callable[[Node], None]) -> None:
        self.graph = graph
        self.before = graph._insert
        graph._insert = put

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.graph._insert = self.before


class Graph:
    """A list of nodes. Made by tracing, or node by node.

    Example:
        >>> import rushlight as torch
        >>> graph = torch.fx.Graph()
        >>> x = graph.placeholder("x")
        >>> _ = graph.output(graph.call_function(torch.relu, (x,)))
        >>> print(graph)
        graph():
            %x : [num_users=1] = placeholder[target=x]
            %relu : [num_users=1] = call_function[target=torch.relu](args = (%x,), kwargs = {})
            return relu
    """

    def __init__(
        self, owning_module: Any = None, tracer_cls: Any = None, tracer_extras: Any = None
    ) -> None:
        self.owning_module = owning_module
        self._tracer_cls = tracer_cls
        self._namespace = Namespace()
        self._root = Node(self, "", "root", "", (), {})
        self._insert: Callable[[Node], None] = self._root.prepend
        self._len = 0

    @property
    def nodes(self) -> _NodeList:
        """The nodes in the order in which they run; ``reversed`` and ``len`` work too."""
        return _NodeList(self)

    def find_nodes(self, *, op: str, target: Any = None, sort: bool = True) -> list[Node]:
        """The nodes of that kind, and with that target if one is given."""
        return [n for n in self.nodes if n.op == op and (target is None or n.target == target)]

    def output_node(self) -> Node:
        """The node that returns."""
        return next(node for node in reversed(self.nodes) if node.op == "output")

    def create_node(
        self,
        op: str,
        target: Target,
        args: tuple[Any, ...] | None = None,
        kwargs: dict[str, Any] | None = None,
        name: str | None = None,
        type_expr: Any = None,
    ) -> Node:
        """A further node at the place of insertion, at first the end."""
        if op not in OPS:
            raise AssertionError(f"op {op!r} is none of {sorted(OPS)}")
        given = self._namespace.create_name(name if name is not None else candidate_of(target))
        node = Node(self, given, op, target, args or (), kwargs or {}, type_expr)
        self._insert(node)
        self._len += 1
        return node

    def placeholder(self, name: str, type_expr: Any = None, default_value: Any = ...) -> Node:
        """An argument of the whole; a ``default_value`` makes it optional."""
        args = () if default_value is ... else (default_value,)
        return self.create_node("placeholder", name, args, type_expr=type_expr)

    def get_attr(self, qualified_name: str, type_expr: Any = None) -> Node:
        """A parameter, buffer or other attribute of the module."""
        return self.create_node("get_attr", qualified_name, type_expr=type_expr)

    def call_module(
        self, module_name: str, args: Any = None, kwargs: Any = None, type_expr: Any = None
    ) -> Node:
        """A call of a sub-module."""
        return self.create_node("call_module", module_name, args, kwargs, type_expr=type_expr)

    def call_method(
        self, method_name: str, args: Any = None, kwargs: Any = None, type_expr: Any = None
    ) -> Node:
        """A call of a method of the first argument."""
        return self.create_node("call_method", method_name, args, kwargs, type_expr=type_expr)

    def call_function(
        self,
        the_function: Callable[..., Any],
        args: Any = None,
        kwargs: Any = None,
        type_expr: Any = None,
        name: str | None = None,
    ) -> Node:
        """A call of a function."""
        return self.create_node(
            "call_function", the_function, args, kwargs, name=name, type_expr=type_expr
        )

    def output(self, result: Any, type_expr: Any = None) -> Node:
        """What the whole returns."""
        return self.create_node("output", "output", (result,), type_expr=type_expr)

    def inserting_before(self, n: Node | None = None) -> _Inserting:
        """New nodes go before ``n``, without one to the beginning."""
        return _Inserting(self, self.inserting_place(n, before=True))

    def inserting_after(self, n: Node | None = None) -> _Inserting:
        """New nodes go behind ``n``, each behind the one before, without one to the end."""
        return _Inserting(self, self.inserting_place(n, before=False))

    def inserting_place(self, n: Node | None, *, before: bool) -> Callable[[Node], None]:
        """How a node is put before or behind ``n``."""
        if n is None:
            return self._root.append if before else self._root.prepend
        if n.graph is not self:
            raise AssertionError("Node to insert beside is not in graph.")
        return n.prepend if before else n.append

    def erase_node(self, to_erase: Node) -> None:
        """Takes a node out. Raises RuntimeError while another node uses it."""
        if to_erase.users:
            raise RuntimeError(
                f"Tried to erase Node {to_erase} but it still had {len(to_erase.users)} users in "
                f"the graph: {to_erase.users}!"
            )
        if to_erase.graph is not self:
            raise RuntimeError(f"Attempting to remove {to_erase} from wrong graph!")
        if to_erase._erased:
            return
        to_erase._unlink()
        to_erase._erased = True
        self._len -= 1
        to_erase._set((), {})

    def node_copy(self, node: Node, arg_transform: Callable[[Node], Any] = lambda n: n) -> Node:
        """A node of another graph in this one, its inputs as ``arg_transform`` says."""
        args = map_arg(node.args, arg_transform)
        kwargs = map_arg(node.kwargs, arg_transform)
        made = self.create_node(node.op, node.target, args, kwargs, node.name, node.type)
        made.meta = dict(node.meta)
        return made

    def graph_copy(
        self, g: Graph, val_map: dict[Node, Node], return_output_node: bool = False
    ) -> Any:
        """The nodes of ``g`` in this one; returns what ``g`` returned, in nodes of this one."""
        for node in g.nodes:
            if node in val_map:
                continue
            if node.op == "output":
                result = map_arg(node.args[0], lambda n: val_map[n])
                return (result, node) if return_output_node else result
            val_map[node] = self.node_copy(node, lambda n: val_map[n])
        return None

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Graph:
        made = Graph(tracer_cls=self._tracer_cls)
        known: dict[Node, Node] = {}
        for node in self.nodes:
            known[node] = made.node_copy(node, lambda n: known[n])
        return made

    def eliminate_dead_code(self, is_impure_node: Callable[[Node], bool] | None = None) -> bool:
        """Erases what nobody uses; whether something was erased."""
        self.lint()
        impure = is_impure_node or Node.is_impure
        before = len(self.nodes)
        for node in reversed(self.nodes):
            if not node.users and not impure(node):
                self.erase_node(node)
        return len(self.nodes) < before

    def lint(self) -> None:
        """Raises RuntimeError where the graph is not well formed."""
        seen: set[Node] = set()
        names: set[str] = set()
        for node in self.nodes:
            if node.graph is not self:
                raise RuntimeError(f"Node '{node}' does not belong to this Graph!")
            for used in node.all_input_nodes:
                if used.graph is not self:
                    raise RuntimeError(
                        f"Argument '{used}' of Node '{node}' does not belong to this Graph, but "
                        "was used as an argument! If you are copying nodes from another graph, "
                        "make sure to use ``arg_transform`` on node_copy() to remap values"
                    )
                if used not in seen:
                    raise RuntimeError(
                        f"Argument '{used}' of Node '{node}' was used before it has been defined! "
                        f"Please check that Nodes in the graph are topologically ordered\n{self}"
                    )
            if node.name in names:
                raise RuntimeError(f"Node redefined name {node.name}!")
            seen.add(node)
            names.add(node.name)
            self._lint_target(node)

    def _lint_target(self, node: Node) -> None:
        if self.owning_module is None or node.op not in ("get_attr", "call_module"):
            return
        found = self.owning_module
        for part in str(node.target).split("."):
            if not hasattr(found, part):
                raise RuntimeError(
                    f"Node {node} target {node.target} references nonexistent attribute {part}"
                )
            found = getattr(found, part)

    def python_code(self, root_module: str = "self", **kwargs: Any) -> PythonCode:
        """The graph as the text of a function ``forward``, and that text's globals."""
        return python_code(self.nodes, root_module)

    def print_tabular(self) -> None:
        """Prints a table of the nodes; needs the package tabulate."""
        from tabulate import tabulate  # type: ignore[import-untyped]

        rows = [[n.op, n.name, n.target, n.args, n.kwargs] for n in self.nodes]
        print(tabulate(rows, headers=["opcode", "name", "target", "args", "kwargs"]))

    def __str__(self) -> str:
        lines = [f"    {node.format_node()}" for node in self.nodes]
        return "\n".join(["graph():", *lines])
