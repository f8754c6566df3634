"""Programs: results, errors, host functions, forks, several Python threads."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

import numpy as np
import pytest

from rushlight.runtime import pool
from rushlight.runtime.executor import Command, Failure, HostCall, Program

Kernels = dict[str, int]
SetThreads = Callable[[int], None]


def table(*arrays: np.ndarray) -> np.ndarray:
    return np.array([array.ctypes.data for array in arrays], np.int64)


@pytest.mark.parametrize("count", [1, 2, 7])
def test_saxpy_is_the_same_for_any_number_of_threads(
    kernels: Kernels, threads: SetThreads, count: int
) -> None:
    threads(count)
    x = np.random.default_rng(0).standard_normal(30_000).astype(np.float32)
    y = np.ones_like(x)
    program = Program([Command(kernels["saxpy"], 30, ((0, 0), (1, 0)), (1000,))])
    slots = table(x, y)
    for _ in range(20):
        assert program.run(slots.ctypes.data) is None
    want = np.ones_like(x)
    for _ in range(20):
        want = np.float32(2) * x + want
    assert np.array_equal(y, want)


def test_offsets_and_new_slots_between_runs(kernels: Kernels) -> None:
    x, y, z = np.ones(20, np.float32), np.zeros(20, np.float32), np.zeros(20, np.float32)
    program = Program([Command(kernels["saxpy"], 2, ((0, 0), (1, 40)), (5,))])
    slots = table(x, y)
    program.run(slots.ctypes.data)
    slots[1] = z.ctypes.data
    program.run(slots.ctypes.data)
    want = np.concatenate([np.zeros(10), np.full(10, 2.0)])
    assert np.array_equal(y, want)
    assert np.array_equal(z, want)


@pytest.mark.parametrize("count", [2, 3, 8])
def test_every_unit_is_done_once(kernels: Kernels, threads: SetThreads, count: int) -> None:
    threads(count)
    rng = np.random.default_rng(count)
    chunks = [int(n) for n in rng.integers(0, 200, 300)]
    counts = np.zeros((len(chunks), 200), np.int64)
    commands = [Command(kernels["count"], n, ((k, 0),)) for k, n in enumerate(chunks) if n]
    program = Program(commands)
    slots = np.array([row.ctypes.data for row in counts], np.int64)
    for _ in range(50):
        assert program.run(slots.ctypes.data) is None
    for row, n in zip(counts, chunks, strict=True):
        assert (row[:n] == 50).all()
        assert (row[n:] == 0).all()


@pytest.mark.parametrize("serial", [False, True])
def test_first_error_ends_the_program(kernels: Kernels, threads: SetThreads, serial: bool) -> None:
    threads(3)
    counts = np.zeros(10, np.int64)
    program = Program(
        [
            Command(kernels["count"], 10, ((0, 0),)),
            Command(kernels["fail"], 50, (), (17,), serial),
            Command(kernels["count"], 10, ((0, 0),)),
        ]
    )
    slots = table(counts)
    for turn in range(1, 100):
        # Units 17 to 49 all fail: the lowest is reported whatever the threads do.
        assert program.run(slots.ctypes.data) == Failure(command=1, code=117)
        assert (counts == turn).all()


def test_no_commands_and_no_chunks(kernels: Kernels) -> None:
    assert Program([]).run(0) is None
    assert Program([Command(kernels["zero"], 0)]).run(0) is None


@pytest.mark.parametrize("chunks", [-1, 2**31])
def test_chunks_that_do_not_fit(kernels: Kernels, chunks: int) -> None:
    with pytest.raises(RuntimeError, match="chunks, needs 0 to"):
        Program([Command(kernels["zero"], chunks)])


def test_host_function_sees_its_arguments(kernels: Kernels) -> None:
    x, y = np.arange(6, dtype=np.float32), np.zeros(6, np.float32)
    seen: list[tuple[int, ...]] = []

    def record(arguments: int) -> None:
        words = (np.ctypeslib.ctypes.c_int64 * 3).from_address(arguments)
        seen.append((*words, threading.get_ident()))

    host = HostCall(record)
    program = Program(
        [
            Command(kernels["saxpy"], 3, ((0, 0), (1, 0)), (2,)),
            Command(host.address, 1, ((0, 8), (1, 0)), (7,), serial=True),
            Command(kernels["saxpy"], 3, ((0, 0), (1, 0)), (2,)),
        ]
    )
    slots = table(x, y)
    assert program.run(slots.ctypes.data) is None
    assert seen == [(x.ctypes.data + 8, y.ctypes.data, 7, threading.get_ident())]
    assert np.array_equal(y, 4 * x)


def test_host_function_that_raises(kernels: Kernels) -> None:
    def refuse(arguments: int) -> None:
        raise KeyError("no")

    host = HostCall(refuse)
    program = Program([Command(kernels["zero"], 4), Command(host.address, 1, serial=True)])
    assert program.run(0) == Failure(command=1, code=HostCall.FAILED)
    assert isinstance(host.error, KeyError)


def test_host_function_may_run_a_program(kernels: Kernels, threads: SetThreads) -> None:
    threads(2)
    counts = np.zeros(40, np.int64)
    slots = table(counts)
    inner = Program([Command(kernels["count"], 40, ((0, 0),))])
    host = HostCall(lambda arguments: assert_none(inner.run(slots.ctypes.data)))
    count = Command(kernels["count"], 40, ((0, 0),))
    outer = Program([count, Command(host.address, 1, serial=True), count])
    for _ in range(100):
        assert outer.run(slots.ctypes.data) is None
    assert host.error is None
    assert (counts == 300).all()


def assert_none(value: object) -> None:
    assert value is None


def test_python_threads_take_turns(kernels: Kernels, threads: SetThreads) -> None:
    threads(3)
    counts = np.zeros(100, np.int64)
    slots = table(counts)
    program = Program([Command(kernels["count"], 100, ((0, 0),))] * 5)
    failures: list[object] = []

    def work() -> None:
        for _ in range(200):
            failures.append(program.run(slots.ctypes.data))

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == [None] * 800
    assert (counts == 4000).all()


def test_number_of_threads(kernels: Kernels, threads: SetThreads) -> None:
    program = Program([Command(kernels["zero"], 50)])
    for count in (1, 4, 2, 1, 3):
        threads(count)
        assert pool.get_num_threads() == count
        program.run(0)
        assert pool.workers() == count - 1
    with pytest.raises(RuntimeError, match="expects a positive integer, got 0"):
        threads(0)


def test_after_fork(kernels: Kernels, threads: SetThreads) -> None:
    threads(2)
    counts = np.zeros(64, np.int64)
    slots = table(counts)
    program = Program([Command(kernels["count"], 64, ((0, 0),))] * 3)
    program.run(slots.ctypes.data)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            before = pool.workers()
            good = all(program.run(slots.ctypes.data) is None for _ in range(100))
            if good and before == 0 and pool.workers() == 1 and (counts == 303).all():
                status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert program.run(slots.ctypes.data) is None
    assert (counts == 6).all()
    assert pool.workers() == 1


def test_denormals_are_kept_unless_told_otherwise(kernels: Kernels, threads: SetThreads) -> None:
    threads(2)
    x = np.full(4096, 2e-38, np.float32)
    y = np.zeros_like(x)
    slots = table(x, y)
    program = Program([Command(kernels["halve"], 4096, ((0, 0), (1, 0)))])
    want = np.float32(2e-38) * np.float32(0.5)
    assert want > 0
    program.run(slots.ctypes.data)
    assert (y == want).all()
    assert pool.set_flush_denormal(True)
    try:
        program.run(slots.ctypes.data)
        assert (y == 0).all()
        # The calling thread is as it was.
        assert np.float32(2e-38) * np.float32(0.5) == want
    finally:
        pool.set_flush_denormal(False)
    program.run(slots.ctypes.data)
    assert (y == want).all()


def test_profile_gives_a_time_per_command(kernels: Kernels) -> None:
    program = Program([Command(kernels["zero"], 1)] * 3)
    program.profile()
    program.run(0)
    assert program.times is not None
    assert program.times.shape == (4,)
    assert (np.diff(program.times) >= 0).all()
    assert program.times[0] > 0
    program.profile(False)
    program.run(0)
    assert program.times is None


def test_exit_with_workers_alive(run_script: Callable[..., object]) -> None:
    done = run_script(
        "from rushlight.runtime import code, pool\n"
        "from rushlight.runtime.executor import *\n"
        "text = 'define i64 @z(ptr %a, i64 %b, i64 %e) { ret i64 0 }'\n"
        "pool.set_num_threads(4)\n"
        "p = Program([Command(code.load([('z', text)])['z'], 9)] * 50)\n"
        "for _ in range(100): assert p.run(0) is None\n"
        "print(pool.workers())\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "3\n", "")


def test_clear_leaves_the_pool_alone(run_script: Callable[..., object]) -> None:
    done = run_script(
        "from rushlight.runtime import code, pool\n"
        "from rushlight.runtime.executor import *\n"
        "text = 'define i64 @z(ptr %a, i64 %b, i64 %e) { ret i64 0 }'\n"
        "pool.set_num_threads(3)\n"
        "for _ in range(3):\n"
        "    p = Program([Command(code.load([('z', text)])['z'], 9)] * 50)\n"
        "    for _ in range(100): assert p.run(0) is None\n"
        "    del p; code.clear()\n"
        "print(pool.workers())\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "2\n", "")


def test_no_more_threads_allowed(run_script: Callable[..., object]) -> None:
    done = run_script(
        "import os, resource\n"
        "from rushlight.runtime import code, pool\n"
        "from rushlight.runtime.executor import *\n"
        "text = 'define i64 @z(ptr %a, i64 %b, i64 %e) { ret i64 0 }'\n"
        "pool.set_num_threads(4)\n"
        "p = Program([Command(code.load([('z', text)])['z'], 9)] * 50)\n"
        "resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))\n"
        "if os.getuid() == 0: os.setuid(54321)  # the limit does not hold for root\n"
        "for _ in range(100): assert p.run(0) is None\n"
        "print(pool.workers())\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "0\n", "")


def test_commands_are_read_back_whatever_ran_since(kernels: Kernels, threads: SetThreads) -> None:
    commands = (
        Command(kernels["count"], 7, ((0, 0), (0, 8)), (3, -5, 2**40)),
        Command(kernels["count"], 0, serial=True),
        Command(kernels["count"], 2**31 - 1, ((2, -64),), (), True),
        Command(kernels["count"], 1, (), (1, 2)),
    )
    program = Program(commands)
    assert program.commands == commands
    program.share([True, False, True, False])
    program.profile()
    assert program.commands == commands
