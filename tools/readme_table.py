"""Write the table of measured ratios in README.md from benchmarks/results.json.

    python tools/readme_table.py            # rewrite the part between the two markers
    python tools/readme_table.py --check    # exit 1 if the README differs from the results

``results.json``::

    {"machine": "2-core Zen 3", "date": "2026-11-21", "commit": "abc1234", "torch": "2.13.0",
     "rows": [{"name": "tutorial CNN, batch 4, one training step", "unit": "ms",
               "rushlight": 0.61, "torch": 2.20, "ratio": 3.6, "spread": [3.4, 3.9]}]}

``torch`` and ``ratio`` may be null (nothing to compare with); ``spread`` is the lowest and the
highest ratio seen.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BEGIN = "<!-- measured:begin"
END = "<!-- measured:end -->"
EMPTY = "No results are recorded yet: `make bench` measures and fills this table."


def table(results: dict[str, Any] | None) -> str:
    """The Markdown between the markers."""
    if results is None or not results.get("rows"):
        return EMPTY
    lines = ["| | PyTorch | Rushlight | ratio |", "|---|---|---|---|"]
    for row in results["rows"]:
        unit = row.get("unit", "ms")
        lines.append(
            f"| {row['name']} | {_amount(row.get('torch'), unit)} | "
            f"{_amount(row.get('rushlight'), unit)} | {_ratio(row)} |"
        )
    where = ", ".join(
        text
        for text in (
            results.get("machine"),
            results.get("torch") and f"PyTorch {results['torch']}",
            results.get("commit") and f"commit {results['commit']}",
            results.get("date"),
        )
        if text
    )
    return "\n".join([*lines, "", f"Measured on {where}."])


def _amount(value: float | None, unit: str) -> str:
    return "-" if value is None else f"{value:.3g} {unit}"


def _ratio(row: dict[str, Any]) -> str:
    if row.get("ratio") is None:
        return "-"
    spread = row.get("spread")
    return f"**{row['ratio']:.2f}**" + (f" ({spread[0]:.2f} to {spread[1]:.2f})" if spread else "")


def filled(readme: str, inside: str) -> str:
    """The README with ``inside`` between its markers."""
    start = readme.index("\n", readme.index(BEGIN)) + 1
    return readme[:start] + inside + "\n" + readme[readme.index(END) :]


def main() -> int:
    path = ROOT / "benchmarks" / "results.json"
    results = json.loads(path.read_text()) if path.exists() else None
    readme = ROOT / "README.md"
    before = readme.read_text()
    after = filled(before, table(results))
    if "--check" not in sys.argv[1:]:
        readme.write_text(after)
        return 0
    if before != after:
        print("README.md is behind benchmarks/results.json: run python tools/readme_table.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
