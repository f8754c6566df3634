"""docs/benchmarks.png from benchmarks/results.json and history/: ratios now, and over time.

    python tools/plot_benchmarks.py

Left: how many times faster than PyTorch each step is (1 is as fast; a diamond is what issue 5
wants). Right: the geometric mean of the rows that every run in the history has in common.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results.json"
HISTORY = ROOT / "benchmarks" / "history"
PICTURE = ROOT / "docs" / "benchmarks.png"
_OURS, _COMPILED = "#c2410c", "#64748b"
_TIMED = ("ms", "us", "s")


def bars(results: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows that are steps, inference or whole programs beside PyTorch."""
    return [
        row
        for row in results["rows"]
        if row.get("ratio")
        and row["unit"] in _TIMED
        and not row["name"].endswith(", 1 thread")
        and "first step" not in row["name"]
    ]


def means(runs: list[dict[str, Any]]) -> list[tuple[str, float]]:
    """(when, geometric mean of the ratios) for each run that holds what all of them share.

    Runs with fewer than half of the widest run's rows (somebody measured one thing) are left out.
    """
    ratios = [{row["name"]: row["ratio"] for row in bars(run)} for run in runs]
    widest = max(ratios, key=len, default={})
    kept = [
        (run, found)
        for run, found in zip(runs, ratios, strict=True)
        if 2 * len(found.keys() & widest.keys()) >= len(widest) > 0
    ]
    shared = set.intersection(*(set(found) for _, found in kept)) if kept else set()
    if not shared:
        return []
    return [
        (
            f"{run['date']}\n{run.get('time', '')}",
            math.exp(sum(math.log(found[name]) for name in shared) / len(shared)),
        )
        for run, found in kept
    ]


def draw(results: dict[str, Any], runs: list[dict[str, Any]], path: Path) -> None:
    """Write the picture."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows, points = bars(results)[::-1], means(runs)
    places = range(len(rows))
    figure, panels = pyplot.subplots(
        1, 2 if points else 1, figsize=(13 if points else 10, 2 + 0.34 * len(rows)),
        width_ratios=(3, 1) if points else None, layout="constrained", squeeze=False,
    )  # fmt: skip
    left = panels[0][0]
    ratios = [row["ratio"] for row in rows]
    left.barh(places, [ratio - 1 for ratio in ratios], 0.62, left=1, color=_OURS,
              label="eager PyTorch, its better format")  # fmt: skip
    for name, marker, color, text in (
        ("ratio_compile", "o", _COMPILED, "torch.compile"), ("wanted", "D", "black", "wanted"),
    ):  # fmt: skip
        found = [(row[name], k) for k, row in zip(places, rows, strict=True) if row.get(name)]
        if found:
            left.scatter(*zip(*found, strict=True), marker=marker, color=color, s=22, label=text,
                         zorder=3)  # fmt: skip
    left.set_yticks(places, [f"{row['name']}  ({row['ratio']:.2f})" for row in rows], fontsize=8)
    left.axvline(1, color="black", linewidth=0.8)
    left.set_xscale("log", base=2)
    left.set_xlim(min([0.5, *ratios]) / 1.1, max([8, *ratios]) * 1.1)
    left.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    left.set_xlabel("times faster")
    left.set_title(f"{results['machine']}, {results['date']}", fontsize=9)
    figure.legend(loc="outside lower center", ncols=3, fontsize=8)
    if points:
        right = panels[0][1]
        right.plot([when for when, _ in points], [mean for _, mean in points], "o-", color=_OURS)
        right.set_ylim(bottom=0)
        right.set_title("geometric mean, run by run", fontsize=9)
        right.tick_params(axis="x", labelsize=6, rotation=60)
    temporary = path.with_suffix(".tmp.png")
    figure.savefig(temporary, dpi=110, metadata={"Software": None})
    temporary.replace(path)
    pyplot.close(figure)


def main() -> int:
    if not RESULTS.exists():
        print("no results yet: python -m benchmarks")
        return 1
    runs = [json.loads(each.read_text()) for each in sorted(HISTORY.glob("*.json"))]
    draw(json.loads(RESULTS.read_text()), runs, PICTURE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
