"""Workers that raise, die, hang or are interrupted: an error in the main process, never a wait."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from rushlight.utils.data import DataLoader, Dataset

ROOT = Path(__file__).parents[3]


class Does(Dataset):
    """Sample 5 calls ``action``."""

    def __init__(self, action) -> None:
        self.action = action

    def __len__(self) -> int:
        return 20

    def __getitem__(self, index: int) -> int:
        if index == 5:
            self.action()
        return index


class Own(Exception):
    """An exception that cannot be made from a text."""

    def __init__(self, number: int, other: int) -> None:
        super().__init__(number)


def raises(error: BaseException):
    def action() -> None:
        raise error

    return action


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.parametrize("workers", [1, 2])
def test_an_exception_comes_back_with_its_traceback(workers: int) -> None:
    loader = DataLoader(Does(raises(ValueError("bad sample"))), batch_size=2, num_workers=workers)
    with pytest.raises(ValueError, match="Caught ValueError in DataLoader worker process") as info:
        list(loader)
    assert "bad sample" in str(info.value)
    assert "in __getitem__" in str(info.value)


def test_the_others_batches_still_come_after_an_exception() -> None:
    iterator = iter(DataLoader(Does(raises(KeyError("k"))), num_workers=2))
    got = []
    for _ in range(20):
        try:
            got.append(next(iterator).item())
        except KeyError as error:
            assert "Original Traceback" in str(error)
    assert got == [0, 1, 2, 3, 4, *range(6, 20)]


def test_exceptions_of_any_kind() -> None:
    class Local(Exception):
        pass

    for error in (Own(1, 2), Local("x")):
        with pytest.raises(RuntimeError, match=f"Caught {type(error).__name__}"):
            list(DataLoader(Does(raises(error)), num_workers=1))
    with pytest.raises(RuntimeError, match=r"Caught StopIteration|StopIteration"):
        list(DataLoader(Does(raises(RuntimeError("StopIteration"))), num_workers=1))


def test_a_worker_init_that_raises() -> None:
    def init(worker: int) -> None:
        raise OSError(f"worker {worker} has no disk")

    with pytest.raises(OSError, match="has no disk"):
        list(DataLoader(range(4), num_workers=2, worker_init_fn=init))


def test_a_batch_that_cannot_be_pickled() -> None:
    loader = DataLoader(range(4), num_workers=1, collate_fn=lambda batch: lambda: batch)
    with pytest.raises(Exception, match="DataLoader worker process 0"):
        list(loader)


@pytest.mark.parametrize(
    ("action", "text"),
    [
        (lambda: os.kill(os.getpid(), signal.SIGKILL), r"pid \d+\) is killed by signal: Killed"),
        (lambda: os.kill(os.getpid(), signal.SIGSEGV), "Segmentation fault"),
        (lambda: os._exit(3), "exited unexpectedly with exit code 3"),
    ],
)
def test_a_dead_worker_is_named(action, text: str) -> None:
    with pytest.raises(RuntimeError, match=text):
        list(DataLoader(Does(action), num_workers=2))


def test_a_slow_worker_times_out_and_is_ended() -> None:
    iterator = iter(DataLoader(Does(lambda: time.sleep(600)), num_workers=1, timeout=0.3))
    pid = iterator.crew.processes[0].pid
    with pytest.raises(RuntimeError, match=r"timed out after 0.3 seconds"):
        list(iterator)
    assert not alive(pid)


def test_a_loop_that_is_left_ends_its_workers() -> None:
    iterator = iter(DataLoader(range(100), num_workers=2))
    pids = [process.pid for process in iterator.crew.processes]
    assert next(iterator).item() == 0
    del iterator
    assert not any(alive(pid) for pid in pids)


def test_files_are_given_back() -> None:
    # In a process of its own: in this one others open files, too.
    source = """
        from pathlib import Path
        from rushlight.utils.data import DataLoader
        for _ in range(4):
            list(DataLoader(range(10), num_workers=2))
            print(len(list(Path("/proc/self/fd").iterdir())))
        """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(source)], cwd=ROOT, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    counts = [int(each) for each in done.stdout.split()]
    assert len(counts) == 4 and max(counts[1:]) <= counts[0]


SCRIPT = """
import sys, time
sys.path[:0] = {path!r}
from rushlight.utils.data import DataLoader, IterableDataset
class Slow(IterableDataset):
    def __iter__(self):
        while True:
            time.sleep(0.02)
            yield 1
iterator = iter(DataLoader(Slow(), num_workers=2))
print(*[process.pid for process in iterator.crew.processes], flush=True)
for _ in iterator:
    pass
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_orphans(how: int, tmp_path: Path) -> None:
    script = SCRIPT.format(path=[str(ROOT)])
    program = tmp_path / "program.py"
    program.write_text(script)
    process = subprocess.Popen(
        [sys.executable, str(program)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    with process:
        pids = [int(each) for each in process.stdout.readline().split()]
        assert len(pids) == 2, process.stderr.read()
        time.sleep(0.1)
        if how == signal.SIGINT:
            os.killpg(process.pid, how)  # Ctrl-C reaches the whole group
        else:
            process.send_signal(how)
        errors = process.stderr.read()
    until = time.monotonic() + 300
    while any(alive(pid) for pid in pids) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(alive(pid) for pid in pids)
    if how == signal.SIGINT:
        assert errors.count("Traceback") == 1  # the main program's own, none of a worker
        assert "KeyboardInterrupt" in errors
