"""Workers keep off the core of the thread that runs programs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import pytest

from tests.runtime.conftest import COUNT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux says where threads run")

# The worker is the thread that comes with the first program.
START = """
import os, time
from rushlight.runtime import code, pool
from rushlight.runtime.executor import *
text = 'define i64 @z(ptr %a, i64 %b, i64 %e) { ret i64 0 }'
pool.set_num_threads(2)
program = Program([Command(code.load([('z', text)])['z'], 9)] * 50)
cores = os.sched_getaffinity(0)
own = min(cores)
before = set(os.listdir('/proc/self/task'))
assert program.run(0) is None
(worker,) = map(int, set(os.listdir('/proc/self/task')) - before)
"""


several_cores = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2,
    reason="there is one core",
)


@several_cores
def test_a_worker_leaves_the_callers_core(run_script: Callable[..., object]) -> None:
    done = run_script(
        START + "os.sched_setaffinity(0, {own})\n"
        "for _ in range(3):\n"
        "    os.sched_setaffinity(worker, {own})\n"
        "    end = time.monotonic() + 60\n"
        "    while os.sched_getaffinity(worker) == {own} and time.monotonic() < end:\n"
        "        assert program.run(0) is None\n"
        "        time.sleep(0.001)\n"
        "    print(os.sched_getaffinity(worker) == cores - {own})\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n" * 3, "")


def test_one_core_is_shared(run_script: Callable[..., object]) -> None:
    done = run_script(
        "import os\n"
        "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        + START
        + "for _ in range(200):\n"
        "    assert program.run(0) is None\n"
        "    time.sleep(0.0001)\n"
        "print(os.sched_getaffinity(worker) == {own}, pool.workers())\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "True 1\n", "")


@several_cores
def test_a_worker_that_is_put_aside_is_brought_over(run_script: Callable[..., object]) -> None:
    # It gets a tenth of its core: another process wants that all the time.
    done = run_script(
        START
        + "import subprocess, sys\n"
        + "import numpy as np\n"
        + f"count = code.load([('count', {COUNT!r})])['count']\n"
        + "other = max(cores)\n"
        "os.sched_setaffinity(0, {own})\n"
        "spin = f'import os; os.sched_setaffinity(0, {{{other}}})\\nwhile True: pass'\n"
        "counts = np.zeros(4000, np.int64)\n"
        "slots = np.array([counts.ctypes.data], np.int64)\n"
        "long = Program([Command(count, 4000, ((0, 0),))] * 20)\n"
        "neighbour = subprocess.Popen([sys.executable, '-c', spin])\n"
        "try:\n"
        "    os.sched_setaffinity(worker, {other})\n"
        "    os.setpriority(os.PRIO_PROCESS, worker, 10)\n"
        "    for _ in range(40):\n"
        "        assert long.run(slots.ctypes.data) is None\n"
        "        time.sleep(0.001)\n"
        "finally:\n"
        "    neighbour.kill()\n"
        "    neighbour.wait()\n"
        "print((counts == 800).all())\n"
        "end = time.monotonic() + 60\n"
        "while os.sched_getaffinity(worker) == {own} and time.monotonic() < end:\n"
        "    assert program.run(0) is None\n"
        "    time.sleep(0.001)\n"
        "print(own in os.sched_getaffinity(worker))\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\nFalse\n", "")
