"""Pooled memory: alignment, reuse, views, limits, counts."""

from __future__ import annotations

import gc
import itertools
import threading
import weakref
from collections.abc import Iterator

import ml_dtypes
import numpy as np
import pytest

from rushlight.runtime import buffer
from rushlight.runtime.buffer import Buffer, Pool, size_class

F4 = np.dtype(np.float32)


@pytest.fixture
def pool() -> Iterator[Pool]:
    made = Pool(limit=64 * 1024 * 1024)
    yield made
    made.clear()


@pytest.mark.parametrize("nbytes", [0, 1, 63, 64, 65, 4096, 100_000, 5_000_000, 40_000_000])
def test_aligned_and_writable_to_the_end(pool: Pool, nbytes: int) -> None:
    block = Buffer(nbytes, pool)
    assert block.address % 64 == 0
    assert block.nbytes == nbytes
    bytes_ = block.array(np.dtype(np.uint8), (nbytes,))
    bytes_[:] = 7
    assert bytes_.sum(dtype=np.int64) == 7 * nbytes


def test_freed_blocks_come_back(pool: Pool) -> None:
    first = Buffer(1000, pool)
    address = first.address
    del first
    assert Buffer(990, pool).address == address
    stats = pool.stats()
    assert (stats.allocations, stats.fresh) == (2, 1)


def test_blocks_do_not_overlap(pool: Pool) -> None:
    blocks = [Buffer(n, pool) for n in np.random.default_rng(0).integers(0, 9000, 300).tolist()]
    spans = sorted((block.address, block.nbytes) for block in blocks)
    for (low, nbytes), (next_low, _) in itertools.pairwise(spans):
        assert low + nbytes <= next_low


def test_size_classes_waste_little() -> None:
    for nbytes in (*range(1, 5000, 7), *range(5000, 50_000_000, 99_991)):
        size = size_class(nbytes)
        assert nbytes <= size <= max(64, nbytes + 63, nbytes * 9 // 8 + 64)
        assert size % 64 == 0
        assert size_class(size) == size


def test_stats_count_live_and_peak(pool: Pool) -> None:
    one, two = Buffer(6400, pool), Buffer(64_000, pool)
    size_one, size_two = size_class(6400), size_class(64_000)
    assert pool.stats().live == size_one + size_two
    del two
    assert pool.stats().live == size_one
    assert pool.stats().peak == size_one + size_two
    assert pool.stats().pooled == size_two
    pool.clear()
    assert pool.stats().pooled == 0
    assert pool.stats().live == size_one
    del one


def test_pool_is_bounded() -> None:
    pool = Pool(limit=1_000_000)
    blocks = [Buffer(100_000, pool) for _ in range(30)]
    blocks.clear()
    assert pool.stats().pooled <= 1_000_000
    assert pool.stats().live == 0
    pool.clear()


def test_blocks_of_ever_new_sizes_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buffer, "_LEAST_POOLED", 1_000_000)
    pool = Pool(limit=1 << 40)
    for nbytes in range(100_000, 2_000_000, 20_000):
        Buffer(nbytes, pool)
        assert pool.stats().pooled <= max(1_000_000, 2 * nbytes * 9 // 8)
    # Nothing is given back where the sizes are the same each time.
    for _ in range(3):
        blocks = [Buffer(nbytes, pool) for nbytes in range(100_000, 2_000_000, 20_000)]
        fresh = pool.stats().fresh
        blocks.clear()
    blocks = [Buffer(nbytes, pool) for nbytes in range(100_000, 2_000_000, 20_000)]
    assert pool.stats().fresh == fresh
    blocks.clear()
    pool.clear()


def test_a_mapping_serves_for_one_that_is_little_smaller(pool: Pool) -> None:
    address = Buffer(10_000_000, pool).address
    smaller = Buffer(9_000_000, pool)
    assert smaller.address == address
    assert pool.stats().live == size_class(10_000_000)
    other = Buffer(9_000_000, pool)
    assert other.address != address
    del smaller, other
    assert pool.stats().live == 0
    assert Buffer(7_000_000, pool).address != address
    assert Buffer(10_000_000, pool).address == address


def test_free_mappings_make_way_for_a_larger_one() -> None:
    pool = Pool(limit=1 << 40)
    blocks = [Buffer(each, pool) for each in (20_000_000, 10_000_000, 5_000_000, 100_000)]
    most = pool.owned
    blocks.clear()
    large = Buffer(34_000_000, pool)  # all but what is no mapping go
    assert pool.owned <= most
    assert pool.stats().pooled == size_class(100_000)
    small = Buffer(5_000_000, pool)  # there is nothing left that could go
    assert pool.stats().live == pool.stats().peak == pool.owned - size_class(100_000)
    del large
    again = Buffer(34_000_000, pool)
    assert pool.stats().pooled == size_class(100_000)
    del small, again
    pool.clear()


def test_mappings_make_way_while_sizes_may_settle_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buffer, "_GIVES_WAY", 2)
    pool = Pool(limit=1 << 40)
    for nbytes, pooled in ((8, 0), (16, 0), (32, 0), (64, 32)):
        large = Buffer(nbytes << 20, pool)
        assert pool.stats().pooled == pooled << 20
        del large
    pool.clear()


def test_more_than_there_is(pool: Pool) -> None:
    before = pool.stats()
    with pytest.raises(RuntimeError, match=r"can't allocate memory: you tried to allocate \d+"):
        Buffer(1 << 60, pool)
    assert pool.stats() == before


def test_view_keeps_the_memory(pool: Pool) -> None:
    block = Buffer(400, pool)
    view = block.array(F4, (5, 10), offset=80, strides=(40, 4))
    assert view.ctypes.data == block.address + 80
    assert view.strides == (40, 4)
    assert view.flags.writeable
    assert block.exposures == 1
    inner = view[1:]
    del view
    assert block.exposures == 1
    live = pool.stats().live
    del block
    gc.collect()
    assert pool.stats().live == live
    inner[:] = 1
    del inner
    assert pool.stats().live == 0


def test_exposures_end_with_the_last_view(pool: Pool) -> None:
    block = Buffer(400, pool)
    views = [block.array(F4, (100,)) for _ in range(3)]
    assert block.exposures == 3
    views.clear()
    assert block.exposures == 0


def test_view_outside_the_memory(pool: Pool) -> None:
    with pytest.raises((TypeError, ValueError)):
        Buffer(400, pool).array(F4, (101,))


def test_views_of_other_dtypes(pool: Pool) -> None:
    block = Buffer(64, pool)
    half = block.array(np.dtype(ml_dtypes.bfloat16), (4,))
    half[:] = 1.5
    assert block.array(np.dtype(np.uint16), (1,))[0] == 0x3FC0
    assert block.array(np.dtype(np.bool_), (0, 3)).shape == (0, 3)
    assert block.array(F4, ()).shape == ()


def test_wrapped_array_lives_as_long_as_the_buffer() -> None:
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    block = Buffer.wrap(array)
    assert (block.address, block.nbytes, block.owner) == (array.ctypes.data, 48, array)
    assert np.array_equal(block.array(F4, (12,)), np.arange(12))
    turned = Buffer.wrap(array[::-1, ::2])
    # From the lowest byte to the highest that the view reaches.
    assert (turned.address, turned.nbytes) == (array.ctypes.data, 44)
    own, there = array.ctypes.data, weakref.ref(array)
    del array, turned
    assert there() is not None
    del block
    assert there() is None
    assert own not in itertools.chain(*buffer.pool.spare.values())  # it was never the pool's


def test_threads_share_the_pool(pool: Pool) -> None:
    def work() -> None:
        kept = []
        for n in range(3000):
            kept.append(Buffer(64 * (1 + n % 7), pool))
            if n % 5 == 0:
                kept.clear()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert pool.stats().allocations == 12_000
    assert pool.stats().live == 0
    addresses = [address for blocks in pool.spare.values() for address in blocks]
    assert len(addresses) == len(set(addresses))
