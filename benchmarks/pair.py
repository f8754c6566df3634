"""Processes taking turns: A B C A B C ..., so that what else the machine does hits all alike."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, final

from benchmarks.workload import EAGER

_CHILD = Path(__file__).parent / "child.py"
OURS = "rushlight"


@final
class Child:
    """A long-lived process of one library; ``ask`` sends a request and waits for the answer."""

    def __init__(self, python: Path, library: str, form: str = EAGER) -> None:
        self.process = subprocess.Popen(
            [str(python), str(_CHILD), library, form],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.version: str = self._answer()["version"]

    def ask(self, **request: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.process.args} ended; its error is above")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        self.process.communicate()


def children(peer: Path | None, forms: tuple[str, ...] = (EAGER,)) -> dict[str, Child]:
    """Rushlight's process, then one of PyTorch's for each form, if there is PyTorch."""
    made = {OURS: Child(Path(sys.executable), OURS)}
    if peer is not None:
        made |= {form: Child(peer, "torch", form) for form in forms}
    return made


def close(made: dict[str, Child]) -> None:
    """End the processes."""
    for child in made.values():
        child.close()
