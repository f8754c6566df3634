"""The process that runs workloads: one JSON request a line in, one JSON answer a line out.

    python benchmarks/child.py torch        # under the peer's Python
    python benchmarks/child.py rushlight

Requests: {"name", "size", "threads", "seconds"} -> {"seconds": median of a step, "calls", "peak"};
{"copy": threads} -> {"rate": bytes/s read and written by a copy}.
"""

from __future__ import annotations

import importlib
import json
import resource
import statistics
import sys
import threading
import time
from pathlib import Path
from typing import Any

sys.path[:1] = [str(Path(__file__).resolve().parents[1])]

from benchmarks.workload import Step, load  # noqa: E402  (found through the line above)

_WARM_UP = 4


def main() -> None:
    """Answer requests until the input ends."""
    torch = importlib.import_module(sys.argv[1])
    # What a library prints must not get between the answers.
    answers, sys.stdout = sys.stdout, sys.stderr
    steps: dict[tuple[str, int], Step] = {}
    print(json.dumps({"version": torch.__version__}), file=answers, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        if "copy" in request:
            answer: dict[str, Any] = {"rate": copy_rate(request["copy"])}
        else:
            torch.set_num_threads(request["threads"])
            key = (request["name"], request["size"])
            if key not in steps:
                torch.manual_seed(0)
                steps[key] = load()[key[0]].build(torch, key[1])
            answer = timed(steps[key], request["seconds"])
        print(json.dumps(answer), file=answers, flush=True)


def timed(step: Step, seconds: float) -> dict[str, Any]:
    """The median of many steps after a few that do not count."""
    for _ in range(_WARM_UP):
        step()
    times = []
    end = time.perf_counter() + seconds
    while len(times) < 3 or time.perf_counter() < end:
        begin = time.perf_counter()
        step()
        times.append(time.perf_counter() - begin)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": statistics.median(times), "calls": len(times), "peak": peak * 1024}


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
