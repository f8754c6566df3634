"""``torch.fx``: a module's steps as a graph that can be read, changed and run again."""

from __future__ import annotations

from rushlight.fx import graph, graph_module, interpreter, node, proxy, tracer
from rushlight.fx.graph import Graph
from rushlight.fx.graph_module import GraphModule, symbolic_trace
from rushlight.fx.interpreter import Interpreter, Transformer
from rushlight.fx.node import Node, map_arg
from rushlight.fx.patches import wrap
from rushlight.fx.proxy import Proxy
from rushlight.fx.subgraph_rewriter import replace_pattern
from rushlight.fx.tracer import Tracer

__all__ = [
    "Graph", "GraphModule", "Interpreter", "Node", "Proxy", "Tracer", "Transformer", "graph",
    "graph_module", "interpreter", "map_arg", "node", "proxy", "replace_pattern",
    "symbolic_trace", "tracer", "wrap",
]  # fmt: skip
