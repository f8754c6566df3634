"""What was measured, on disk: results.json (the newest of each row), history/ (a file a run)."""

from __future__ import annotations

import datetime
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results.json"
HISTORY = ROOT / "benchmarks" / "history"


def write(rows: list[dict[str, Any]], versions: dict[str, str], commit: str) -> None:
    """Keep the rows, then write README's table, the page and the plot anew."""
    now = datetime.datetime.now(datetime.UTC)
    date = str(now.date())
    facts = {"machine": machine(), "date": date, "commit": commit, "torch": versions.get("torch")}
    new = {row["name"]: rounded(row) | {"commit": commit, "date": date} for row in rows}
    old = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"rows": []}
    if facts["torch"] is None:
        facts["torch"] = old.get("torch")
    run = {**facts, "time": now.strftime("%H:%M"), "load": os.getloadavg(), "rows": [*new.values()]}
    HISTORY.mkdir(exist_ok=True)
    _replace(HISTORY / f"{now:%Y-%m-%dT%H%M}_{commit.split(' ')[0] or 'unknown'}.json", run)
    kept = [new.pop(row["name"], row) for row in old["rows"]]
    _replace(RESULTS, {**facts, "rows": [*kept, *new.values()]})
    for tool in ("readme_table.py", "plot_benchmarks.py"):
        subprocess.run([sys.executable, str(ROOT / "tools" / tool)], check=True)


def _replace(path: Path, content: dict[str, Any]) -> None:
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(content, indent=1) + "\n")
    temporary.replace(path)


def rounded(row: dict[str, Any]) -> dict[str, Any]:
    """Four digits: more are noise."""

    def four(value: Any) -> Any:
        if isinstance(value, float):
            return float(f"{value:.4g}")
        return [four(each) for each in value] if isinstance(value, list) else value

    return {key: four(value) for key, value in row.items()}


def commit_now() -> str:
    """The commit, and whether the package has changes that are not in it."""
    words = ("git", "describe", "--always", "--abbrev=7", "--exclude=*", "--dirty= (edited)")
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def machine() -> str:
    """Cores and name, and whether it was busy."""
    name = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                name = line.split(":", 1)[1].strip()
                break
    cores = len(os.sched_getaffinity(0))
    load = os.getloadavg()[1]
    # The suite itself keeps at most all cores busy: more than that is somebody else.
    busy = f", busy with other work (load average {load:.1f})" if load > cores + 0.5 else ""
    return f"{cores} cores of {name}{busy}"
