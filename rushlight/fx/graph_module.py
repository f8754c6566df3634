"""A module whose forward is the code of a graph."""

from __future__ import annotations
import __future__

import copy
import itertools
import linecache
from typing import Any

from rushlight.fx.graph import Graph
from rushlight.fx.tracer import Tracer
from rushlight.nn import Module
from rushlight.tensor.tensor import Tensor

_numbers = itertools.count(1)
_REMINDER = "# To see more debug info, please use `graph_module.print_readable()`"


class GraphModule(Module):
    """The parts of ``root`` that a graph names, and the graph's code as their forward.

    ``root`` is a module, or a dict from names to modules and tensors. Assigning ``graph``, or
    calling ``recompile()`` after changing it, writes the code anew.

    Example:
        >>> import rushlight as torch
        >>> traced = torch.fx.symbolic_trace(lambda x: torch.relu(x) + 1)
        >>> print(traced.code.strip())
        def forward(self, x):
            relu = torch.relu(x);  x = None
            add = relu + 1;  relu = None
            return add
        >>> traced(torch.tensor([-2.0, 3.0]))
        tensor([1., 4.])
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> GraphModule:
        # A class of its own each: ``forward`` is put on the class, as a method is.
        if "_of_one_graph" in vars(cls):
            return super().__new__(cls)
        made = type(cls.__name__, (cls,), {"_of_one_graph": True, "__module__": cls.__module__})
        return super().__new__(made)

    def __init__(self, root: Any, graph: Graph, class_name: str = "GraphModule") -> None:
        super().__init__()
        type(self).__name__ = class_name
        if isinstance(root, Module):
            self.training = root.training
        for node in graph.nodes:
            if node.op in ("get_attr", "call_module"):
                self._take(root, str(node.target))
        self._tracer_cls: Any = graph._tracer_cls
        self.meta: dict[str, Any] = {}
        self.graph = graph

    def _take(self, root: Any, target: str) -> None:
        """Puts what ``root`` has under the name ``target`` into this module."""
        *path, last = target.split(".")
        if isinstance(root, Module):
            found: Any = root
            for part in (*path, last):
                if not hasattr(found, part):
                    return
                found = getattr(found, part)
        elif target in root:
            found = root[target]
        else:
            raise RuntimeError(
                f"Node references target {target} but that target was not provided in ``root``!"
            )
        place: Module = self
        for part in path:
            inside = getattr(place, part, None)
            if inside is None:
                inside = Module()
                setattr(place, part, inside)
            place = inside
        if type(found) is Tensor and not found.requires_grad:
            place.register_buffer(last, found)
        else:
            setattr(place, last, found)

    @property
    def graph(self) -> Graph:
        """The graph; the one assigned is copied where another module owns it."""
        return self._graph

    @graph.setter
    def graph(self, g: Graph) -> None:
        if not isinstance(g, Graph):
            raise AssertionError(f"Expected a Graph instance, but got {type(g)}")
        self.__dict__["_graph"] = g
        g.owning_module = self
        self.recompile()

    @property
    def code(self) -> str:
        """The Python text of forward."""
        return str(self._code)

    def recompile(self) -> Any:
        """Writes forward anew from the graph; returns the text and its globals."""
        made = self.graph.python_code("self")
        self.__dict__["_code"] = made.src
        file = f"<eval_with_key>.{next(_numbers)}"
        lines = made.src.splitlines(keepends=True)
        linecache.cache[file] = (len(made.src), None, lines, file)
        flags = __future__.annotations.compiler_flag
        names = dict(made.globals)
        exec(compile(made.src, file, "exec", flags=flags, dont_inherit=True), names)
        type(self).forward = names["forward"]
        return made

    def delete_all_unused_submodules(self) -> None:
        """Takes out the modules that no node calls."""
        used: set[str] = set()
        for node in self.graph.nodes:
            if node.op in ("call_module", "get_attr"):
                parts = str(node.target).split(".")
                used.update(".".join(parts[: k + 1]) for k in range(len(parts)))
                if node.op == "call_module":
                    inside = self.get_submodule(str(node.target))
                    used.update(f"{node.target}.{n}" for n, _ in inside.named_modules() if n)
        for name in [name for name, _ in self.named_modules() if name and name not in used]:
            self.delete_submodule(name)

    def delete_submodule(self, target: str) -> bool:
        """Takes out one module; whether it was there."""
        *path, last = target.split(".")
        place: Any = self
        for part in path:
            place = getattr(place, part, None)
        if not isinstance(getattr(place, last, None), Module):
            return False
        delattr(place, last)
        return True

    def add_submodule(self, target: str, m: Module) -> bool:
        """Puts a module in, with the empty ones on the way to it."""
        *path, last = target.split(".")
        place: Any = self
        for part in path:
            if not hasattr(place, part):
                setattr(place, part, Module())
            place = getattr(place, part)
        setattr(place, last, m)
        return True

    def print_readable(self, print_output: bool = True, **kwargs: Any) -> str:
        """The code as a class; printed unless ``print_output`` is false."""
        body = "\n".join(f"    {line}" for line in self.code.strip().splitlines())
        text = f"class {type(self).__name__}(torch.nn.Module):\n{body}\n"
        if print_output:
            print(text)
        return text

    def __deepcopy__(self, memo: dict[int, Any]) -> GraphModule:
        parts = Module()
        for name, value in self.__dict__.items():
            if name not in ("_graph", "_code", "meta"):
                parts.__dict__[name] = copy.deepcopy(value, memo)
        made = GraphModule(parts, copy.deepcopy(self.graph), type(self).__name__)
        made.meta = dict(self.meta)
        made.training = self.training
        return made

    def __reduce__(self) -> Any:
        parts = {k: v for k, v in self.__dict__.items() if k not in ("_graph", "_code", "graph")}
        return _rebuilt, (parts, self.code, type(self).__name__)

    def __str__(self) -> str:
        return "\n".join([super().__repr__(), self.code, _REMINDER])


def _rebuilt(parts: dict[str, Any], code: str, class_name: str) -> GraphModule:
    raise NotImplementedError(
        "a torch.fx.GraphModule cannot be unpickled, as that would run its code: save its "
        "state_dict and trace the model again"
    )


def symbolic_trace(root: Any, concrete_args: dict[str, Any] | None = None) -> GraphModule:
    """The steps of a module or function as a module that can be read and changed.

    It is run once with objects that stand for tensors, so an ``if`` on a value raises
    ``TraceError``; ``concrete_args`` fixes arguments, by name.

    Example:
        >>> import rushlight as torch
        >>> traced = torch.fx.symbolic_trace(torch.nn.Sequential(torch.nn.ReLU()))
        >>> [node.op for node in traced.graph.nodes]
        ['placeholder', 'call_module', 'output']
    """
    tracer = Tracer()
    graph = tracer.trace(root, concrete_args)
    name = type(root).__name__ if isinstance(root, Module) else root.__name__
    return GraphModule(tracer.root, graph, name)
