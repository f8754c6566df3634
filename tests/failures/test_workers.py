"""A worker that is killed, and Ctrl-C, in the middle of a training: all processes end."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

SHARED = Path("/dev/shm")


def group_members(group: int) -> list[str]:
    """Names of the living processes of a process group."""
    members = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, fields = stat.read_text().rsplit(")", 1)
        except (FileNotFoundError, ProcessLookupError):
            continue
        state, _, owner = fields.split()[:3]
        if int(owner) == group and state != "Z":
            members.append(name)
    return members


def shared() -> set[str]:
    """Names of the shared memory that is there."""
    return {path.name for path in SHARED.iterdir()} if SHARED.exists() else set()


def wait_for_the_group_to_end(group: int) -> list[str]:
    until = time.monotonic() + 300
    while group_members(group) and time.monotonic() < until:
        time.sleep(0.05)
    return group_members(group)


def test_a_killed_worker_is_an_error_that_names_it(start) -> None:
    process = start("""
        import os, signal
        class Deadly(Rows):
            def __getitem__(self, index):
                if index == 40:
                    os.kill(os.getpid(), signal.SIGKILL)
                return super().__getitem__(index)
        train(Deadly(), workers=2)
        """)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    last = errors.strip().splitlines()[-1]
    assert last.startswith("RuntimeError: DataLoader worker (pid")
    assert "is killed by signal: Killed" in last
    assert wait_for_the_group_to_end(process.pid) == []


def test_a_worker_killed_from_outside(start) -> None:
    process = start("""
        import multiprocessing, time
        def after(step):
            if step == 1:
                print(multiprocessing.active_children()[0].pid, flush=True)
            time.sleep(0.2)
        class Slow(Rows):
            def __len__(self):
                return 4000
        train(Slow(), workers=2, after=after)
        """)
    os.kill(int(process.stdout.readline()), signal.SIGKILL)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "is killed by signal: Killed" in errors.strip().splitlines()[-1]
    assert wait_for_the_group_to_end(process.pid) == []


def test_an_exception_in_a_worker_shows_both_tracebacks(run) -> None:
    status, _, errors = run("""
        class Bad(Rows):
            def __getitem__(self, index):
                return {}["missing"] if index == 40 else super().__getitem__(index)
        train(Bad(), workers=2)
        """)
    assert status == 1
    assert "KeyError: Caught KeyError in DataLoader worker process" in errors
    assert 'return {}["missing"]' in errors


def test_ctrl_c_ends_the_program_and_its_workers(start) -> None:
    before = shared()
    process = start("""
        class Long(Rows):
            def __len__(self):
                return 1_000_000
        train(Long(), workers=2, after=lambda step: step == 5 and print("under way", flush=True))
        """)
    assert process.stdout.readline() == "under way\n", process.stderr.read()
    assert len(group_members(process.pid)) >= 3
    os.killpg(process.pid, signal.SIGINT)  # what a terminal does
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 130
    assert errors.strip().splitlines()[-1] == "KeyboardInterrupt"
    assert errors.count("Traceback") == 1  # the program's own, none of a worker
    assert wait_for_the_group_to_end(process.pid) == []
    assert not [name for name in shared() - before if str(process.pid) in name]


def test_training_goes_on_after_an_interrupt_that_is_caught(run) -> None:
    status, out, errors = run("""
        import os, signal
        def interrupt(step):
            if step == 3:
                os.kill(os.getpid(), signal.SIGINT)
        try:
            train(Rows(), workers=2, after=interrupt)
        except KeyboardInterrupt:
            print("caught")
        print(f"{train(Rows(), workers=0)[1]:.6f} {train(Rows(), workers=2)[1]:.6f}")
        """)
    assert (status, errors) == (0, "")
    first, second = out.splitlines()
    assert first == "caught"
    assert len(set(second.split())) == 1
