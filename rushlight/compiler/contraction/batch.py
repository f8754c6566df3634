"""Batch axes of a matmul: up to three that a kernel walks, whatever the strides."""

from __future__ import annotations

from rushlight.compiler.contraction.emit import Body


def offsets(body: Body, word: dict[str, str], matrix: str) -> dict[str, str]:
    """How far into a, b, out and residual matrix number ``matrix`` of the batch begins.

    From the words batch1, batch2 (sizes of the inner axes) and a_batch0 ... (steps in bytes).
    """
    rest, index2 = body.split(matrix, word["batch2"])
    index0, index1 = body.split(rest, word["batch1"])
    found = {}
    for name in ("a", "b", "out", "residual"):
        terms = [
            body.mul(index, word[f"{name}_batch{axis}"])
            for axis, index in enumerate((index0, index1, index2))
        ]
        found[name] = body.add(body.add(terms[0], terms[1]), terms[2])
    return found
