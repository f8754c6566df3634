"""Claim: matmul of f32 is as fast as PyTorch's (MKL) on one thread and on two, large and small.

    python benchmarks/gemm.py [--threads 1] [--rounds 3]

Kernels alone, without the engine. PyTorch runs in /work/peer/bin/python (or $PEER); rounds
alternate, the best time of each counts.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.kernel_times import Case, compare
from rushlight.compiler.contraction import Epilogue, matmul
from tests.compiler.contraction import machine

# rows, depth, columns, whether B is stored transposed (a linear layer's forward), and A (its
# weight gradient)
SHAPES = [
    (1024, 1024, 1024, False, False),
    (512, 512, 512, False, False),
    (256, 256, 256, False, False),
    (128, 784, 500, True, False),
    (128, 500, 784, False, False),
    (500, 128, 784, False, True),
    (4, 3072, 1024, True, False),
    (4, 1024, 3072, False, False),
    (1024, 4, 3072, False, True),
    (4, 1024, 512, True, False),
    (4, 400, 120, True, False),
    (4, 120, 400, False, False),
    (120, 4, 400, False, True),
    (4, 84, 10, True, False),
    (8, 784, 10, True, False),
    (10, 8, 784, False, True),
]

_PEER = """
a = torch.randn((k, m) if ta else (m, k)); b = torch.randn((n, k) if tb else (k, n))
a = a.T if ta else a; b = b.T if tb else b; out = torch.empty(m, n)
def call(): torch.mm(a, b, out=out)
"""


def cases() -> list[Case]:
    rng = np.random.default_rng(0)
    found = []
    for m, k, n, tb, ta in SHAPES:
        a = machine.aligned(rng.standard_normal((k, m) if ta else (m, k)).astype("f"))
        b = machine.aligned(rng.standard_normal((n, k) if tb else (k, n)).astype("f"))
        a, b = (a.T if ta else a), (b.T if tb else b)
        out = machine.aligned(np.zeros((m, n), "f"))
        ready = machine.Prepared(matmul(*map(machine.operand, (a, b, out)), Epilogue()))
        name = f"{'T' if ta else ' '}{m}x{k} @ {'T' if tb else ' '}{k}x{n}"
        setting = f"m, k, n, tb, ta = {m}, {k}, {n}, {tb}, {ta}"
        found.append(Case(name, 2 * m * k * n, ready.run, setting + "\n" + _PEER))
    return found


if __name__ == "__main__":
    compare(cases())
