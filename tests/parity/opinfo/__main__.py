"""PyTorch's operator test inputs against Rushlight.

    python -m tests.parity.opinfo NAME...          what fails of some operators
    python -m tests.parity.opinfo                  one line for each of all
    python -m tests.parity.opinfo --refused [NAME...]   dtypes that only one of the two refuses
    python -m tests.parity.opinfo --report         the same, written to docs/opinfo_report.md

The inputs are drawn once by PyTorch's Python and kept in a cache folder (``--fresh`` draws anew).
"""

from __future__ import annotations

import argparse
import os
import pickle
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

from tests.parity.opinfo.check import Outcome
from tests.parity.opinfo.jobs import outcomes_of
from tests.parity.opinfo.refused import differences
from tests.parity.opinfo.report import most_used, summary, write

_ROOT = Path(__file__).parent.parent.parent.parent
_CANDIDATES = (os.environ.get("PYTORCH_PYTHON", ""), "/work/peer/bin/python")
_FORM = 2  # of what draw.py writes
COMPLEX = frozenset({"complex64", "complex128"})
ALL_DTYPES = frozenset({
    "float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8",
    "bool", "",
})  # fmt: skip


def folder(times: int = 1) -> Path:
    """Where the drawn inputs are kept, of ``times`` as many samples."""
    return Path(tempfile.gettempdir()) / f"rushlight-opinfo-{_FORM}-{times}"


def peer() -> str | None:
    """A Python that has PyTorch."""
    return next((each for each in _CANDIDATES if each and Path(each).exists()), None)


def draw(names: list[str], times: int = 1) -> None:
    """Let PyTorch's Python write the inputs of ``names`` (of all operators if empty)."""
    python = peer()
    if python is None:
        raise SystemExit("no PyTorch found: set PYTORCH_PYTHON")
    subprocess.run(
        [python, "-m", "tests.parity.opinfo.draw", str(folder(times)), str(times), *names],
        cwd=_ROOT, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip


def refused(names: list[str]) -> list[str]:
    """Where the dtypes that are refused differ, of ``names`` (of all operators if empty)."""
    python = peer()
    if python is None:
        raise SystemExit("no PyTorch found: set PYTORCH_PYTHON")
    with tempfile.TemporaryDirectory() as kept:
        file = Path(kept) / "refused.pkl"
        subprocess.run(
            [python, "-m", "tests.parity.opinfo.draw_refused", str(file), *names],
            cwd=_ROOT, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        drawn = pickle.loads(file.read_bytes())
    return [each for name, cases in drawn.items() for each in differences(name, cases)]


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.parity.opinfo", description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--report", action="store_true", help="write docs/opinfo_report.md")
    parser.add_argument("--fresh", action="store_true", help="draw the inputs anew")
    parser.add_argument("--complex", action="store_true", help="complex dtypes too")
    parser.add_argument("--times", type=int, default=1, help="so many times as many samples")
    parser.add_argument("--jobs", type=int, default=1, help="processes that share the work")
    parser.add_argument("--show", action="store_true", help="failures of each operator")
    parser.add_argument("--strict", action="store_true", help="as close as assert_close wants")
    parser.add_argument("--limit", type=int, default=8, help="failures shown of one operator")
    parser.add_argument("--refused", action="store_true", help="only which dtypes are refused")
    args = parser.parse_args(argv)
    if args.refused:
        warnings.simplefilter("ignore")
        found = refused(args.names)
        print(*found, f"{len(found)} differences", sep="\n")
        return 1 if found else 0
    kept = folder(args.times)
    listing = kept / "names.txt"
    if args.fresh or not listing.exists():
        draw(args.names, args.times)
    names = args.names or listing.read_text().split("\n")
    missing = [name for name in names if not (kept / f"{name}.pkl").exists()]
    if missing:
        draw(missing, args.times)
    dtypes = ALL_DTYPES | COMPLEX if args.complex else ALL_DTYPES
    known = [name for name in names if (kept / f"{name}.pkl").exists()]
    for name in sorted({*names} - {*known}):
        print(f"{name}: no such operator")
    outcomes: list[Outcome] = []
    for outcome, seconds in outcomes_of(kept, dtypes, known, args.jobs, args.strict):
        outcomes.append(outcome)
        print(f"{summary(outcome)}  [{seconds:.1f} s]", flush=True)
        if args.names or args.show:
            for failure in outcome.failures[: args.limit]:
                print(f"    {str(failure)[:300]}")
    if args.report:
        write(_ROOT / "docs" / "opinfo_report.md", outcomes)
    passed = sum(outcome.passes for outcome in outcomes)
    absent = sum(outcome.absent for outcome in outcomes)
    print(most_used(outcomes))
    print(f"{passed} pass, {len(outcomes) - passed - absent} fail, {absent} absent")
    return 0 if passed == len(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
