"""The hot loops as machine code: every sum stays in a register."""

from __future__ import annotations

import platform
import re

import pytest

from rushlight.compiler.contraction.conv_kernel import Conv, conv_kernel
from rushlight.compiler.contraction.depthwise_weight_kernel import depthwise_weight_kernel
from rushlight.compiler.contraction.dot import Dot, dot
from rushlight.compiler.contraction.finish import Finish
from rushlight.compiler.contraction.gemm import Gemm, gemm
from rushlight.compiler.contraction.phased_kernel import Phased, phased_kernel
from rushlight.compiler.contraction.pixels_kernel import Pixels, pixels_kernel
from rushlight.compiler.contraction.pixels_weight_kernel import PixelsWeight, pixels_weight_kernel
from rushlight.compiler.contraction.point_weight_ahead import point_weight_ahead
from rushlight.compiler.contraction.point_weight_kernel import point_weight_kernel
from rushlight.compiler.contraction.tile import Tile
from rushlight.compiler.contraction.weight_kernel import Weight, weight_kernel
from rushlight.compiler.contraction.winograd_kernel import Winograd, winograd_kernel
from rushlight.compiler.contraction.winograd_weight_kernel import winograd_weight_kernel
from rushlight.compiler.launch import Kernel
from rushlight.runtime import code, cpu

pytestmark = pytest.mark.skipif(
    platform.machine().lower() not in ("x86_64", "amd64"), reason="reads x86 assembly"
)
BIASED = Finish("f32", bias="f32", activation="relu")


def _pixels(tile: Tile, beside: int = 1) -> Pixels:
    return Pixels(tile, beside, True, BIASED, True, "f32", "channels")


def _phased(tile: Tile) -> Kernel:
    """Seven taps in steps of two."""
    taps = ((1, 3), (0, 2), (1, 2), (0, 1), (1, 1), (0, 0), (1, 0))
    return phased_kernel(Phased(tile, 2, taps, BIASED, "f32"))


AVX2 = {
    "gemm 6x16": (gemm(Gemm(Tile(6, 2, 8, "f32"), BIASED, False)), 12),
    "gemm 4x24": (gemm(Gemm(Tile(4, 3, 8, "f32"), BIASED, False)), 12),
    "gemm 4x24 and 3x24 at the edge": (gemm(Gemm(Tile(4, 3, 8, "f32"), BIASED, True)), 9),
    "gemm 6x16 and 5x16 at the edge": (gemm(Gemm(Tile(6, 2, 8, "f32"), BIASED, True)), 10),
    "gemm 6x16 long": (gemm(Gemm(Tile(6, 2, 8, "f32"), BIASED, False, True)), 12),
    "depthwise weight": (depthwise_weight_kernel("f32", 8, 9), 9),
    "gemm 12x8": (gemm(Gemm(Tile(12, 1, 8, "f32"), BIASED, False)), 12),
    "gemm f64": (gemm(Gemm(Tile(6, 2, 4, "f64"), Finish("f64"), False)), 12),
    "conv": (conv_kernel(Conv(Tile(6, 2, 8, "f32"), BIASED, True, "f32")), 12),
    "conv, one tap": (conv_kernel(Conv(Tile(6, 2, 8, "f32"), BIASED, False, "f32", True)), 12),
    "weight": (weight_kernel(Weight(Tile(6, 2, 8, "f32"), True, "f32")), 12),
    "weight, as gradients lie": (
        weight_kernel(Weight(Tile(6, 2, 8, "f32"), True, "f32", True, 3)),
        12,
    ),
    "point weight": (point_weight_kernel(Tile(6, 2, 8, "f32"), 1), 12),
    "pixels 6x2": (pixels_kernel(_pixels(Tile(6, 2, 8, "f32"))), 12),
    "pixels 4x2": (pixels_kernel(_pixels(Tile(4, 2, 8, "f32"))), 8),
    "pixels 3x3": (pixels_kernel(_pixels(Tile(3, 3, 8, "f32"))), 9),
    "pixels 6x2 in halves": (pixels_kernel(_pixels(Tile(6, 4, 4, "f32"), 2)), 12),
    "pixels 1x7": (pixels_kernel(_pixels(Tile(1, 7, 8, "f32"))), 7),
    "pixels weight": (
        pixels_weight_kernel(PixelsWeight(Tile(6, 2, 8, "f32"), 1, False, "f32")),
        12,
    ),
    "phased": (_phased(Tile(6, 2, 8, "f32")), 42),
    "winograd": (winograd_kernel(Winograd(Tile(6, 2, 8, "f32"), BIASED, True)), 12),
    "winograd weight": (winograd_weight_kernel(Tile(6, 2, 8, "f32"), "f32", "f32"), 12),
    "dot": (dot(Dot("f32", 8, Finish("f32"))), 12),
}
AVX512 = {
    "gemm 12x32": (gemm(Gemm(Tile(12, 2, 16, "f32"), BIASED, False)), 24),
    "gemm 12x32 long": (gemm(Gemm(Tile(12, 2, 16, "f32"), BIASED, False, True)), 24),
    "gemm 8x48": (gemm(Gemm(Tile(8, 3, 16, "f32"), BIASED, False)), 24),
    "gemm 4x48 at the edge": (gemm(Gemm(Tile(4, 3, 16, "f32"), BIASED, True)), 12),
    "point weight, 14 rows": (point_weight_kernel(Tile(14, 2, 16, "f32"), 1), 28),
    "weight, 7 rows": (weight_kernel(Weight(Tile(7, 2, 16, "f32"), True, "f32")), 14),
    "weight, 13 rows": (weight_kernel(Weight(Tile(13, 2, 16, "f32"), True, "f32")), 26),
    "weight, 9 rows, as gradients lie": (
        weight_kernel(Weight(Tile(9, 2, 16, "f32"), True, "f32", True, 3)),
        18,
    ),
    "conv": (conv_kernel(Conv(Tile(12, 2, 16, "f32"), BIASED, True, "f32")), 24),
    "conv, past the caches": (
        conv_kernel(Conv(Tile(12, 2, 16, "f32"), BIASED.replace(past=True), True, "f32")),
        24,
    ),
    "pixels 10x2 in halves": (pixels_kernel(_pixels(Tile(10, 4, 8, "f32"), 2)), 20),
}


def hot_loops(kernel: Kernel, isa: str, products: int) -> list[str]:
    """Blocks that end by jumping to their own start and hold a whole tile's products."""
    text = code.assembly(kernel.text, cpu.named(isa))
    blocks = re.split(r"\n(?=\.LBB)", text)
    loops = []
    for block in blocks:
        label = block.split(":", 1)[0]
        again = re.search(rf"\tj\w+\t{re.escape(label)}\b", block)
        block = block[: again.end()] if again else ""
        found = len(re.findall(r"vfmadd\d+p[sd]", block))
        if found >= products:
            loops.append(block)
    return loops


def check(kernel: Kernel, isa: str, products: int) -> None:
    loops = hot_loops(kernel, isa, products)
    assert loops, "no loop with a whole tile of products"
    for loop in loops:
        stores = re.findall(r"\tv?mov\w*\t%[xyz]mm\d+, [^%]*\(", loop)
        assert not stores, f"vector registers are stored in the hot loop:\n{loop}"
        reloads = re.findall(r"\tv\w+\t[^,\n]*\(%rsp\)[^\n]*%[xyz]mm", loop)
        assert not reloads, f"sums are read from the stack in the hot loop:\n{loop}"


@pytest.mark.parametrize("name", AVX2)
def test_no_spills_on_avx2(name: str) -> None:
    check(*_of(AVX2, name, "avx2"))


@pytest.mark.parametrize("name", AVX512)
def test_no_spills_on_avx512(name: str) -> None:
    check(*_of(AVX512, name, "avx512"))


def _of(kernels: dict[str, tuple[Kernel, int]], name: str, isa: str) -> tuple[Kernel, str, int]:
    kernel, products = kernels[name]
    return kernel, isa, products


def test_inputs_of_one_tap_are_asked_for_in_time() -> None:
    """One line in each round of the hot loop, wherever it is; other convolutions ask for none."""
    for streams in (True, False):
        kernel = conv_kernel(Conv(Tile(6, 2, 8, "f32"), BIASED, False, "f32", streams))
        (loop,) = hot_loops(kernel, "avx2", 12)
        assert len(re.findall(r"\tprefetch", loop)) == streams


def test_a_vector_of_the_next_band_is_copied_in_each_step() -> None:
    """By some of the tiles, the others only ask for one; and what it takes stays in registers."""
    kernel = point_weight_ahead(Tile(13, 2, 16, "f32"), 2)
    text = code.assembly(kernel.text, cpu.named("avx512"))
    loops = [each for each in re.split(r"\n(?=\.LBB)", text) if each.count("vfmadd") >= 26]
    assert [each.count("prefetch") for each in loops] == [1, 1]
    copies = [len(re.findall(r"\tvmov\w+\t%zmm\d+, \(%", each)) for each in loops]
    assert sorted(copies) == [0, 1]
    busy = loops[copies.index(1)]
    assert "(%rsp)" not in busy.split("\tj", 1)[0]


@pytest.mark.parametrize(("isa", "tile"), [
    ("avx2", Tile(6, 2, 8, "f32")), ("avx512", Tile(13, 2, 16, "f32")),
])  # fmt: skip
def test_the_next_band_is_asked_for_while_this_one_is_summed(isa: str, tile: Tile) -> None:
    """One line in each round; a tile's rows are one address, however many there are."""
    (loop,) = hot_loops(point_weight_kernel(tile, 1), isa, tile.rows * tile.vectors)
    assert len(re.findall(r"\tprefetch", loop)) == 1
    assert "(%rsp)" not in loop and "(%rbp)" not in loop
    bases = set(re.findall(r"\t(?:vbroadcast|vmov|vfmadd).*?\((%\w+)", loop))
    assert len(bases) <= 3, loop


@pytest.mark.parametrize(("isa", "tile"), [
    ("avx2", Tile(6, 2, 8, "f32")), ("avx512", Tile(12, 2, 16, "f32")),
])  # fmt: skip
def test_sums_go_through_memory_once_a_part(isa: str, tile: Tile) -> None:
    """Neither copied between registers nor fetched to be stored elsewhere: LLVM did both."""
    text = code.assembly(gemm(Gemm(tile, BIASED, False, True)).text, cpu.named(isa))
    loads = re.findall(r"\tvmov[au]p[sd]\t[^%\n]*\([^\n]*\), %[yz]mm", text)
    copies = re.findall(r"\tvmov[au]p[sd]\t%[yz]mm\d+, %[yz]mm", text)
    assert not copies
    # Those of B, of the bias, and of the loops over the rows of a tile that is not whole.
    assert len(loads) <= tile.rows * tile.vectors
