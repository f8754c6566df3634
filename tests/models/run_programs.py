"""Runs scripts one after the other in one process, under Rushlight or under real PyTorch.

    python run_programs.py rushlight SCRIPT...

A line of JSON for each: its name, what it printed, and how it failed ("" if it did not).
"""

from __future__ import annotations

import contextlib
import io
import json
import runpy
import sys
import traceback
from pathlib import Path


def output_of(script: str) -> dict[str, str]:
    """Run one script as ``__main__``. Whatever ends it, the next one still runs."""
    out, failure = io.StringIO(), ""
    try:
        with contextlib.redirect_stdout(out):
            runpy.run_path(script, run_name="__main__")
    except BaseException:
        failure = traceback.format_exc()
    return {"name": Path(script).stem, "output": out.getvalue(), "failure": failure}


def main(engine: str, scripts: list[str]) -> None:
    """Run every script under ``engine`` ("rushlight" or "pytorch")."""
    if engine == "rushlight":
        from rushlight.compat.finder import install

        install()
    for script in scripts:
        print(json.dumps(output_of(script)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
