"""Writes docs/op_report.md: op by op what agrees with PyTorch on the op's own samples.

    python tools/op_report.py

Needs PyTorch in another interpreter (PYTORCH_PYTHON).
"""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(_ROOT))

from rushlight.ops import OPS, load_rare  # noqa: E402
from rushlight.ops.table import Op  # noqa: E402
from tests.ops.cases import bad_samples, both_widths  # noqa: E402
from tests.ops.expressions import expression  # noqa: E402
from tests.parity.agreement import ASPECTS, differences  # noqa: E402
from tests.parity.samples_peer import Peer  # noqa: E402
from tests.parity.test_every_op import KNOWN  # noqa: E402

load_rare()

_HEAD = """# Every operation beside PyTorch

Written by `tools/op_report.py` from the samples that stand beside each op in `rushlight/ops/`.
Compared are values (up to some roundings), dtypes, shapes, strides of views, gradients, gradients
of gradients and the class of errors. `inner` ops are not seen by users and have no counterpart.

"""
_COLUMNS = "| op | samples | must raise | against PyTorch |\n|---|---|---|---|\n"


def row(op: Op, peer: Peer, totals: Counter[str]) -> str:
    """One op's line of the table."""
    if op.samples_rule is None:
        totals["without samples"] += 1
        return f"| `{op.name}` | | | no samples |"
    count = len(list(both_widths(op)))
    bad = len(list(bad_samples(op))) if op.bad_inputs_rule is not None else 0
    text = expression(op)
    if text.startswith("own("):
        totals["inner"] += 1
        return f"| `{op.name}` | {count} | {bad} | inner |"
    found = Counter(each.aspect for each in differences(op, peer))
    if not found:
        totals["agree in everything"] += 1
        return f"| `{op.name}` | {count} | {bad} | agrees |"
    totals["differ somewhere"] += 1
    told = "; ".join(
        f"{aspect} of {found[aspect]}: {KNOWN.get((op.name, aspect), 'not explained')}"
        for aspect in ASPECTS
        if found[aspect]
    )
    return f"| `{op.name}` | {count} | {bad} | {told} |"


def report(peer: Peer) -> Iterator[str]:
    """The lines of the page."""
    files: dict[str, list[Op]] = {}
    for op in OPS.values():
        files.setdefault(op.body.__module__.split(".")[2], []).append(op)
    totals: Counter[str] = Counter()
    tables = []
    for file, ops in sorted(files.items()):
        rows = "\n".join(row(op, peer, totals) for op in sorted(ops, key=lambda each: each.name))
        tables.append(f"## {file}\n\n{_COLUMNS}{rows}\n")
    summary = ", ".join(f"{count} {what}" for what, count in totals.most_common())
    yield f"{_HEAD}{len(OPS)} operations: {summary}.\n"
    yield from tables


def main() -> int:
    """Run all samples on both sides and write the page."""
    warnings.simplefilter("ignore")
    peer = Peer.start()
    if peer is None:
        print("op_report: no Python with PyTorch found; set PYTORCH_PYTHON", file=sys.stderr)
        return 1
    (_ROOT / "docs" / "op_report.md").write_text("\n".join(report(peer)))
    peer.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
