"""Claim: convolution and both gradients are faster than PyTorch's (oneDNN) on ResNet's shapes.

    python benchmarks/conv_kernels.py [--threads 1] [--rounds 3] [--only dw]

Kernels alone, without the engine: ours on channels-last memory, PyTorch in its default layout
and, in the rows marked *, in channels_last.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.kernel_times import Case, compare
from rushlight.compiler.contraction import Epilogue, conv, conv_input_grad, conv_weight_grad
from tests.compiler.contraction import machine

# images, height and width, input channels, output channels, taps, stride, padding
RESNET = [
    (8, 56, 64, 64, 3, 1, 1),
    (8, 28, 128, 128, 3, 1, 1),
    (8, 14, 256, 256, 3, 1, 1),
    (8, 7, 512, 512, 3, 1, 1),
    (8, 56, 64, 256, 1, 1, 0),
    (8, 56, 256, 64, 1, 1, 0),
    (8, 56, 64, 128, 3, 2, 1),
    (8, 56, 256, 512, 1, 2, 0),
    (8, 224, 3, 64, 7, 2, 3),
    (4, 32, 3, 6, 5, 1, 0),
    (4, 14, 6, 16, 5, 1, 0),
]

# The layers that the seven of DESIGN section 2 do not stand for.
VGG = [
    (4, 224, 3, 64, 3, 1, 1),
    (4, 224, 64, 64, 3, 1, 1),
    (4, 112, 64, 128, 3, 1, 1),
    (4, 28, 256, 512, 3, 1, 1),
    (4, 14, 512, 512, 3, 1, 1),
]
# The same, then groups and dilation; a depthwise layer has as many groups as channels.
GROUPED = [
    (8, 224, 3, 32, 3, 2, 1, 1, 1),
    (8, 112, 32, 32, 3, 1, 1, 32, 1),
    (8, 112, 96, 96, 3, 2, 1, 96, 1),
    (8, 56, 144, 144, 3, 1, 1, 144, 1),
    (8, 14, 576, 576, 3, 1, 1, 576, 1),
    (8, 7, 960, 960, 3, 1, 1, 960, 1),
    (8, 112, 16, 96, 1, 1, 0, 1, 1),
    (8, 56, 144, 24, 1, 1, 0, 1, 1),
    (8, 14, 384, 64, 1, 1, 0, 1, 1),
    (8, 7, 320, 1280, 1, 1, 0, 1, 1),
    (4, 56, 128, 128, 3, 1, 1, 32, 1),
    (4, 14, 512, 512, 3, 1, 1, 32, 1),
    (4, 28, 256, 256, 3, 2, 1, 8, 1),
    (4, 28, 256, 256, 3, 1, 2, 1, 2),
    (4, 28, 256, 256, 3, 1, 4, 256, 4),
]
SHAPES = [(*shape, 1, 1) for shape in RESNET + VGG] + GROUPED

_PEER = """
x = torch.randn(n, c, h, h); w = torch.randn(k, c // groups, r, r)
if last:
    x = x.to(memory_format=torch.channels_last); w = w.to(memory_format=torch.channels_last)
g = torch.randn_like(F.conv2d(x, w, None, s, p, d, groups))
def both(dx, dw):
    options = (None, [s, s], [p, p], [d, d], False, [0, 0], groups)
    torch.ops.aten.convolution_backward(g, x, w, *options, [dx, dw, False])
def call():
    if what == "forward": F.conv2d(x, w, None, s, p, d, groups)
    else: both(what == "dx", what == "dw")
"""


def cases() -> list[Case]:
    rng = np.random.default_rng(0)
    found = []
    for n, h, c, k, r, s, p, groups, d in SHAPES:
        first = c == 3  # what a data loader gives: channels before rows
        x = machine.aligned(
            rng.standard_normal((n, c, h, h) if first else (n, h, h, c)).astype("f")
        )
        dx = machine.aligned(np.zeros_like(x))
        if first:
            x, dx = np.moveaxis(x, 1, -1), np.moveaxis(dx, 1, -1)
        w = machine.aligned(rng.standard_normal((k, c // groups, r, r)).astype("f"))
        size = (h + 2 * p - (r - 1) * d - 1) // s + 1
        g = machine.aligned(rng.standard_normal((n, size, size, k)).astype("f"))
        out, dw = machine.aligned(np.zeros_like(g)), machine.aligned(np.zeros_like(w))
        options = ((s, s), ((p, p), (p, p)), (d, d), groups, Epilogue())
        launches = {
            "forward": conv(*map(machine.operand, (x, w, out)), *options),
            "dx": conv_input_grad(*map(machine.operand, (g, w, dx)), *options),
            "dw": conv_weight_grad(*map(machine.operand, (g, x, dw)), *options),
        }
        flops = 2 * n * size * size * k * c // groups * r * r
        for what, steps in launches.items():
            for last in (False, True):
                name = f"{what:7} {n}x{h}x{h} {c}->{k} {r}x{r}/{s}{'*' if last else ''}"
                name += f" g{groups}" * (groups > 1) + f" d{d}" * (d > 1)
                setting = f"n, h, c, k, r, s, p = {n}, {h}, {c}, {k}, {r}, {s}, {p}\n"
                setting += f"groups, d = {groups}, {d}\n"
                setting += f"what, last = {what!r}, {last}\n"
                found.append(Case(name, flops, machine.Prepared(steps).run, setting + _PEER))
    return found


if __name__ == "__main__":
    compare(cases())
