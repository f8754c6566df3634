"""The process that runs workloads: one JSON request a line in, one JSON answer a line out.

    python benchmarks/child.py torch channels_last        # under the peer's Python
    python benchmarks/child.py rushlight eager

Requests: {"name", "size", "threads", "seconds"} -> {"seconds": median of a step, "calls", "peak"},
or {"skipped": why}; {"name", "size", "threads", "roofline": true} -> what the plans of a step do;
{"copy": threads} -> {"rate": bytes/s read and written by a copy}.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import shutil
import statistics
import sys
import threading
import time
from pathlib import Path
from typing import Any

sys.path[:1] = [str(Path(__file__).resolve().parents[1])]

from benchmarks.catalogue import WORKLOADS  # noqa: E402  (the line above)
from benchmarks.workload import COMPILE, Step, set_form  # noqa: E402

_WARM_UP = 6  # the fifth run of a plan begins what runtime/hot does
_WARM_SECONDS = 0.1  # where steps are slow, one does
_WATCHED = 4  # steps whose kernels are timed


def main() -> None:
    """Answer requests until the input ends."""
    library, form = sys.argv[1:]
    torch = importlib.import_module(library)
    set_form(form)
    # What a library prints must not get between the answers.
    answers, sys.stdout = sys.stdout, sys.stderr
    steps: dict[tuple[str, int], Step] = {}
    print(json.dumps({"version": torch.__version__}), file=answers, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        if "copy" in request:
            answer: dict[str, Any] = {"rate": copy_rate(request["copy"])}
        elif form == COMPILE and not _compiler():
            answer = {"skipped": "torch.compile needs a C++ compiler, and there is none"}
        else:
            torch.set_num_threads(request["threads"])
            key = (request["name"], request["size"])
            if key not in steps:
                torch.manual_seed(0)
                steps[key] = WORKLOADS[key[0]].build(torch, key[1])
            if "roofline" in request:
                answer = plans_of(steps[key])
            else:
                answer = timed(steps[key], request["seconds"])
        print(json.dumps(answer), file=answers, flush=True)


def _compiler() -> str | None:
    return shutil.which(os.environ.get("CXX", "g++"))


def timed(step: Step, seconds: float) -> dict[str, Any]:
    """The median of many steps after a few that do not count."""
    end = time.perf_counter() + _WARM_SECONDS
    for number in range(_WARM_UP):
        step()
        if number and time.perf_counter() > end:
            break
    hot = sys.modules.get("rushlight.runtime.hot.begin")
    if hot is not None:  # what the first run on a machine compiles beside the program
        hot.begin(wait=True)
    times = []
    end = time.perf_counter() + seconds
    while len(times) < 2 or time.perf_counter() < end:
        begin = time.perf_counter()
        step()
        times.append(time.perf_counter() - begin)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": statistics.median(times), "calls": len(times), "peak": peak * 1024}


def plans_of(step: Step) -> dict[str, float]:
    """Of one step of Rushlight: operations and bytes of its plans, and its least time: each kernel
    at the limit of arithmetic or memory that this process measures now."""
    kernels = importlib.import_module("rushlight.profiler.kernels")
    roofline = importlib.import_module("rushlight.profiler.roofline")
    machine = roofline.peaks()
    step()
    with kernels.KernelTimes() as times:
        for _ in range(_WATCHED):
            step()
    rows = times.rows()
    least = sum(
        row.calls * machine.least_seconds(row.flops // row.calls, row.bytes // row.calls)
        for row in rows
    )
    return {
        "least": least / _WATCHED,
        "kernels": sum(row.seconds for row in rows) / _WATCHED,
        "flops": sum(row.flops for row in rows) / _WATCHED,
        "bytes": sum(row.bytes for row in rows) / _WATCHED,
        "peak_flops": machine.flops,
        "peak_bandwidth": machine.memory,
    }


def copy_rate(threads: int) -> float:
    """Bytes a second that NumPy copies, read and written both counted: the best of several."""
    import numpy as np

    source, target = np.ones((2, 16 << 20), np.float32)
    size = len(source) // threads
    parts = [slice(n * size, (n + 1) * size) for n in range(threads)]
    best = float("inf")
    for _ in range(5):
        hands = [threading.Thread(target=np.copyto, args=(target[p], source[p])) for p in parts]
        begin = time.perf_counter()
        for hand in hands:
            hand.start()
        for hand in hands:
            hand.join()
        best = min(best, time.perf_counter() - begin)
    return 2 * source.nbytes / best


if __name__ == "__main__":
    main()
