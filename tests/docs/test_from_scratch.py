"""The engine in one file keeps running, keeps its promises, and stays readable in one sitting."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

FILE = Path(__file__).parent.parent.parent / "docs" / "from_scratch.py"


def test_it_trains_checks_itself_and_compiles_once() -> None:
    done = subprocess.run([sys.executable, FILE], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    compiled = {
        int(step): int(kernels)
        for step, kernels in re.findall(r"step +(\d+): .* (\d+) kernels compiled", done.stdout)
    }
    assert compiled.pop(1) > 5
    # Step 501 has another batch size.
    assert compiled == dict.fromkeys((2, 3, 500, 501, 502, 1000), 0)
    accuracy = re.search(r"accuracy on its own points: ([\d.]+)%", done.stdout)
    assert accuracy is not None
    assert float(accuracy[1]) > 97
    assert "at most off: kernels" in done.stdout


def test_it_is_short() -> None:
    lines = FILE.read_text().splitlines()
    assert len(lines) <= 500
    assert max(map(len, lines)) <= 100
