"""Two processes taking turns: A B A B ..., so that what else the machine does hits both alike."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

_CHILD = Path(__file__).parent / "child.py"


@final
class Child:
    """A long-lived process of one library; ``ask`` sends a request and waits for the answer."""

    def __init__(self, python: Path, library: str) -> None:
        self.process = subprocess.Popen(
            [str(python), str(_CHILD), library],
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


def children(peer: Path | None) -> list[Child]:
    """Rushlight's process, then PyTorch's if there is one."""
    made = [Child(Path(sys.executable), "rushlight")]
    if peer is not None:
        made.append(Child(peer, "torch"))
    return made


@dataclass
class Outcome:
    """Seconds of each round, ours and theirs (empty without a peer)."""

    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)

    def add(self, seconds: list[float]) -> None:
        self.ours.append(seconds[0])
        self.theirs += seconds[1:]

    def row(self, amount: Any) -> dict[str, Any]:
        """What results.json holds: medians in the row's unit, ratio of times round by round."""
        ratios = [them / us for us, them in zip(self.ours, self.theirs, strict=False)]
        return {
            "rushlight": amount(statistics.median(self.ours)),
            "torch": amount(statistics.median(self.theirs)) if self.theirs else None,
            "ratio": statistics.median(ratios) if ratios else None,
            "spread": [min(ratios), max(ratios)] if ratios else None,
            "rounds": len(self.ours),
        }
