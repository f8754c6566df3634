"""Random graphs of primitives, from a seed: every op, dtype and kind of shape, with nan and inf.

python -m tests.compiler.random_graphs 0 500      compile seeds 0..499, print what differs
"""

from __future__ import annotations

import sys

from rushlight.ir.text import to_text
from rushlight.ir.verify import verify
from tests.compiler.random_graph import RandomGraph
from tests.compiler.random_steps import STEPS
from tests.compiler.run_plan import run_compiled
from tests.compiler.tracked import mismatch


def check(seed: int) -> str:
    """Compile the graph of ``seed`` and compare; what differs, in words, or nothing."""
    graph = RandomGraph(seed, STEPS)
    sinks = [tracked.node for tracked in graph.sinks]
    verify(sinks)
    # Every third graph may write over its inputs.
    donatable = frozenset(range(len(graph.inputs)) if seed % 3 == 0 else ())
    results = run_compiled(
        sinks, graph.inputs, graph.arrays, graph.scalars, graph.numbers, donatable
    )
    for place, (tracked, got) in enumerate(zip(graph.sinks, results, strict=True)):
        wrong = mismatch(tracked, got)
        if wrong:
            text = to_text(sinks)
            return f"seed {seed}, sink {place} {tracked.node}: {wrong}\n{text}"
    return ""


def main(first: int, count: int) -> int:
    failed = 0
    for seed in range(first, first + count):
        try:
            wrong = check(seed)
        except NotImplementedError as error:
            wrong = f"seed {seed}: not implemented: {error}"
        except Exception as error:  # a sweep reports every seed, whatever it raises
            wrong = f"seed {seed}: {type(error).__name__}: {error}"
        if wrong:
            failed += 1
            print(wrong, flush=True)
    print(f"{failed} of {count} differ")
    return failed


if __name__ == "__main__":
    sys.exit(bool(main(int(sys.argv[1]), int(sys.argv[2]))))
