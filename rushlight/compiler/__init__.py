"""From a graph of primitives to a program. ``pipeline.py`` reads top to bottom.

``compile_graph`` is imported when it is first asked for: ``import rushlight`` compiles nothing, and
the compiler's modules are half of what there is to import. ``switches.py`` has torch.compiler's
names, for programs that find them here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rushlight.compiler.backends import list_backends as list_backends
from rushlight.compiler.plan import Fresh, Plan, SameAs, SameAsOutput
from rushlight.compiler.switches import allow_in_graph as allow_in_graph
from rushlight.compiler.switches import assume_constant_result as assume_constant_result
from rushlight.compiler.switches import cudagraph_mark_step_begin as cudagraph_mark_step_begin
from rushlight.compiler.switches import disable as disable
from rushlight.compiler.switches import is_compiling as is_compiling
from rushlight.compiler.switches import is_dynamo_compiling as is_dynamo_compiling
from rushlight.compiler.switches import is_exporting as is_exporting
from rushlight.compiler.switches import reset as reset
from rushlight.compiler.switches import set_stance as set_stance

if TYPE_CHECKING:
    from rushlight.compiler.pipeline import compile_graph

__all__ = ["Fresh", "Plan", "SameAs", "SameAsOutput", "compile_graph"]


def __getattr__(name: str) -> Any:
    if name != "compile_graph":
        raise AttributeError(f"module 'rushlight.compiler' has no attribute '{name}'")
    from rushlight.compiler.pipeline import compile_graph

    globals()[name] = compile_graph
    return compile_graph
