"""The table of what passes, fails and is absent, operator by operator."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.parity.opinfo.check import Outcome
from tests.parity.opinfo.most_used import listed


def summary(outcome: Outcome) -> str:
    """One line about an operator."""
    if outcome.absent:
        return f"{outcome.name}: absent"
    if outcome.passes:
        return f"{outcome.name}: passes ({outcome.cases} cases)"
    return f"{outcome.name}: {_failed(outcome)}"


def _failed(outcome: Outcome) -> str:
    if not outcome.failures:
        return "no case could be tried"
    bad = len({failure.place for failure in outcome.failures})
    kinds = Counter(failure.aspect for failure in outcome.failures)
    told = ", ".join(f"{kind} {count}" for kind, count in kinds.most_common())
    first = str(outcome.failures[0]).replace("\n", " ")[:160]
    return f"{bad} of {outcome.cases} cases fail ({told}); first: {first}"


def most_used(outcomes: list[Outcome]) -> str:
    """How many of the operators that real programs use most pass, and which do not."""
    wanted = {*listed()}
    among = [outcome for outcome in outcomes if outcome.name in wanted]
    others = [f"`{outcome.name}`" for outcome in among if not outcome.passes]
    told = f"Of the {len(among)} most used **{len(among) - len(others)} pass**"
    return f"{told}; the others: {', '.join(others)}." if others else f"{told}."


def write(target: Path, outcomes: list[Outcome]) -> None:
    """Write the report as Markdown."""
    passed = [outcome for outcome in outcomes if outcome.passes]
    absent = [outcome for outcome in outcomes if outcome.absent]
    failing = [outcome for outcome in outcomes if not outcome.passes and not outcome.absent]
    lines = [
        "# PyTorch's own operator test inputs",
        "",
        "Written by `python -m tests.parity.opinfo --report`: samples of PyTorch's operator list",
        "(`op_db`), its reference and non-contiguous samples, called in Rushlight and compared",
        "with what PyTorch 2.13 gave: values, dtype, shape, gradients (halves and complex numbers",
        "too), second gradients, `out=` of the right, a strided, an empty, a larger shape and of",
        "other dtypes, in-place and method forms, what in-place forms refuse, and the classes of",
        "errors. An operator passes when all of its cases do; most rows below fail in one aspect.",
        "",
        "Not compared: uint16 to uint64, and complex32, which is left out; `logsumexp` of complex",
        "numbers into a real `out=`, which PyTorch fills with something else.",
        "",
        f"Of {len(outcomes)} operators **{len(passed)} pass**, {len(failing)} fail somewhere, "
        f"{len(absent)} are absent. {most_used(outcomes)}",
        "(`tests/parity/opinfo/most_used.py`: names counted over public projects.)",
        "",
        "## Failing",
        "",
        "| operator | what |",
        "|---|---|",
        *(f"| `{each.name}` | {_cell(_failed(each))} |" for each in failing),
        "",
        "## Absent",
        "",
        " · ".join(f"`{each.name}`" for each in absent),
        "",
        "## Passing",
        "",
        " · ".join(f"`{each.name}`" for each in passed),
        "",
    ]
    temporary = target.with_suffix(".tmp")
    temporary.write_text("\n".join(lines))
    temporary.replace(target)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("`", "'")
