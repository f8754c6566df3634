"""Write what was measured from benchmarks/results.json: README's short table, docs/benchmarks.md.

    python tools/readme_table.py            # rewrite the table and the page
    python tools/readme_table.py --check    # exit 1 if one of them differs from the results

``results.json``::

    {"machine": "2-core Zen 3", "date": "2026-11-21", "commit": "abc1234", "torch": "2.13.0",
     "rows": [{"name": "tutorial CNN, batch 4, step", "unit": "ms",
               "rushlight": 0.61, "torch": 2.20, "ratio": 3.6, "spread": [3.4, 3.9]}]}

``torch`` and ``ratio`` may be null (nothing to compare with); ``spread`` is the lowest and the
highest ratio seen. A row whose name ends in ", 1 thread" is folded into the row without it.
``ratio_compile`` (against torch.compile) and ``of_roofline`` are there where they were measured.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BEGIN = "<!-- measured:begin"
END = "<!-- measured:end -->"
EMPTY = "No results are recorded yet: `make bench` measures and fills this table."
ONE_THREAD = ", 1 thread"
# What a user meets, in the order of the table; everything else is in docs/benchmarks.md only.
HEADLINES = (
    "*, step", "*, inference", "the same GPT writes*", "*whole program", "*batch 128, peak memory",
    "*beside a busy process", "import", "*, first step, *", "one op *", "matmul *", "relu(*",
    "softmax(*", "layer_norm*",
)  # fmt: skip
_PAGE = """# Everything that is measured

Written by tools/readme_table.py from [benchmarks/results.json](../benchmarks/results.json); do not
edit. `python -m benchmarks` measures again. A ratio above 1 means that Rushlight is faster, or
takes less memory; in brackets the lowest and the highest of the rounds. PyTorch is eager PyTorch
in the better of its memory formats and numbers of threads; where torch.compile was measured, the
ratio against it stands beside. The last column is the share of the machine's limit that a step
reaches: each of its kernels at the peak of multiply-adds or of the memory that holds its data,
both measured in the same run (`rushlight/profiler/roofline.py`); it can be more than 100% where
convolutions are counted as plain sums and done by Winograd's algorithm, which multiplies less
([decision 10](decisions/0010-winograd.md)). How it is measured:
[decision 8](decisions/0008-how-speed-is-measured.md). Each run is kept in
[benchmarks/history](../benchmarks/history).

![ratios](benchmarks.png)

"""


def table(results: dict[str, Any] | None) -> str:
    """The short table between README's markers: one row a claim, threads side by side."""
    if results is None or not results.get("rows"):
        return EMPTY
    lines = ["| | PyTorch | Rushlight | ratio | on 1 thread |", "|---|---|---|---|---|"]
    named = {row["name"]: row for row in results["rows"]}
    for name in _headlines(named):
        both, one = named.get(name), named.get(name + ONE_THREAD)
        shown = both or one
        assert shown is not None
        unit = shown.get("unit", "ms")
        cells = (_amount(shown.get(who), unit) for who in ("torch", "rushlight"))
        ratios = (_ratio(row, spread=False) if row else "" for row in (both, one))
        lines.append(f"| {' | '.join((name, *cells, *ratios))} |")
    return "\n".join([*lines, "", _where(results)])


def page(results: dict[str, Any] | None) -> str:
    """docs/benchmarks.md: every row."""
    if results is None or not results.get("rows"):
        return _PAGE + EMPTY + "\n"
    lines = [
        "| | PyTorch | Rushlight | ratio | to torch.compile | of the limit |",
        "|---|---|---|---|---|---|",
    ]
    for row in results["rows"]:
        unit = row.get("unit", "ms")
        compiled, reached = row.get("ratio_compile"), row.get("of_roofline")
        cells = (
            row["name"],
            _amount(row.get("torch"), unit),
            _amount(row.get("rushlight"), unit),
            _ratio(row, spread=True),
            f"{compiled:.2f}" if compiled else "",
            f"{reached:.0%}" if reached else "",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return _PAGE + "\n".join([*lines, "", _where(results)]) + "\n"


def _headlines(names: dict[str, Any]) -> Iterator[str]:
    folded = dict.fromkeys(name.removesuffix(ONE_THREAD) for name in names)
    for pattern in HEADLINES:
        yield from (name for name in folded if fnmatchcase(name, pattern))


def _where(results: dict[str, Any]) -> str:
    commits = Counter(row.get("commit", "") for row in results["rows"])
    others = ", ".join(
        f"{count} rows {commit}" for commit, count in commits.items()
        if commit and commit != results.get("commit")
    )  # fmt: skip
    facts = (
        results.get("machine"),
        results.get("torch") and f"PyTorch {results['torch']}",
        results.get("commit") and f"commit {results['commit']}" + (others and f" ({others})"),
        results.get("date"),
    )
    return f"Measured on {', '.join(text for text in facts if text)}."


def _amount(value: float | None, unit: str) -> str:
    return "-" if value is None else f"{float(f'{value:.3g}'):,g} {unit}"


def _ratio(row: dict[str, Any], *, spread: bool) -> str:
    if row.get("ratio") is None:
        return "-"
    ends = row.get("spread")
    range_ = f" ({ends[0]:.2f} to {ends[1]:.2f})" if spread and ends else ""
    return f"**{row['ratio']:.2f}**{range_}"


def filled(readme: str, inside: str) -> str:
    """The README with ``inside`` between its markers."""
    start = readme.index("\n", readme.index(BEGIN)) + 1
    return readme[:start] + inside + "\n" + readme[readme.index(END) :]


def main() -> int:
    path = ROOT / "benchmarks" / "results.json"
    results = json.loads(path.read_text()) if path.exists() else None
    readme, full = ROOT / "README.md", ROOT / "docs" / "benchmarks.md"
    fresh = {readme: filled(readme.read_text(), table(results)), full: page(results)}
    behind = [each for each, text in fresh.items() if not each.exists() or each.read_text() != text]
    if "--check" not in sys.argv[1:]:
        for each in behind:
            each.write_text(fresh[each])
        return 0
    for each in behind:
        print(f"{each.name} is behind benchmarks/results.json: run python tools/readme_table.py")
    return 1 if behind else 0


if __name__ == "__main__":
    sys.exit(main())
