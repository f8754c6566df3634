"""Choices that another CPU class would make, asked on any."""

from __future__ import annotations

import pytest

from rushlight.compiler.contraction import choose
from rushlight.runtime import cpu


@pytest.mark.parametrize("columns", [32, 64, 144, 256])
def test_heights_fit_on_avx512(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    """Few multiply-adds are done for rows that are not there: 9 taps, 21, 64 filters."""
    wide = cpu.named("avx512")
    monkeypatch.setattr(choose.cpu, "host", lambda: wide)
    for rows in (4, 9, 10, 21, 26, 27, 64, 147, 384):
        tile = choose.tile("f32", columns, rows, True)
        done = -(-rows // tile.rows) * tile.rows * -(-columns // tile.columns) * tile.columns
        assert done <= 1.13 * rows * columns, (rows, tile)
        # Fewer sums than a multiply-add takes cycles, twice, wait for each other.
        assert 8 <= tile.rows * tile.vectors <= 28


def test_many_rows_have_the_tallest_tile_that_leaves_addresses_in_registers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wide = cpu.named("avx512")
    monkeypatch.setattr(choose.cpu, "host", lambda: wide)
    for columns in (32, 64, 256, 1024):
        tile = choose.tile("f32", columns)
        assert (tile.rows, tile.vectors) == (12, 2)


def test_rows_that_vary_have_few_heights(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel each would be compiled: steps of recurrent layers have up to 32 rows."""
    for isa in ("avx512", "avx2"):
        host = cpu.named(isa)
        monkeypatch.setattr(choose.cpu, "host", lambda host=host: host)
        for columns in (32, 64, 100, 256):
            found = {choose.tile("f32", columns, rows) for rows in range(1, 33)}
            assert len(found) <= 4, (isa, columns, found)
