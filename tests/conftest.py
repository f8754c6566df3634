"""Options and fixtures of every test: golden texts, and how many random programs to try.

pytest --update-golden          write what the tests see; read the diff before you commit
pytest -m oracle --programs N   the long random tests, which are skipped otherwise
"""

from __future__ import annotations

import difflib
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from rushlight.runtime.hot import begin
from rushlight.runtime.hot.link import as_python

_HERE = Path(__file__).parent
# Tests are of the compiler, not of what it has left on the disk; tests/compiler/test_kept.py is.
os.environ.setdefault("RUSHLIGHT_NO_PLANS", "1")
# A shell starts what runs in its background without Ctrl-C, and so would the programs that tests
# start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Golden:
    """The text that a test made last time it was looked at: ``assert text == golden``.

    It lies in ``tests/golden/``, at the test's own path, named after the test.
    """

    def __init__(self, path: Path, update: bool) -> None:
        self.path = path
        self.update = update

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, text: object) -> bool:
        if not isinstance(text, str):
            return NotImplemented
        if self.update:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text(text)
            return True
        return self.path.exists() and self.path.read_text() == text

    def __repr__(self) -> str:
        return f"<golden {self.path.relative_to(_HERE)}>"

    def diff(self, text: str) -> list[str]:
        old = self.path.read_text().splitlines() if self.path.exists() else []
        return list(difflib.unified_diff(old, text.splitlines(), "golden", "now", lineterm=""))


@pytest.fixture
def monkeypatch(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """pytest's own, and machine code that would not see what is put in place is Python again."""
    begin.halt()
    with as_python():
        yield monkeypatch


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """The golden text of this test."""
    folder = request.path.relative_to(_HERE).with_suffix("")
    name = re.sub(r"[^\w.-]+", "_", request.node.name).strip("_")
    return Golden(
        _HERE / "golden" / folder / f"{name}.txt", request.config.getoption("update_golden")
    )


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    for text, golden in ((left, right), (right, left)):
        if op == "==" and isinstance(golden, Golden) and isinstance(text, str):
            head = f"differs from {golden!r}; if it should: pytest --update-golden"
            return [head, *golden.diff(text)]
    return None


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write golden texts instead of comparing"
    )
    parser.addoption(
        "--programs", type=int, default=2000, help="how many programs the oracle tests try"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    asked = config.getoption("markexpr", "")
    reasons = {
        "oracle": "random programs: pytest -m oracle",
        "parity": "beside PyTorch: make parity",
        "slow": "long: pytest -m slow",
    }
    for item in items:
        for marker, reason in reasons.items():
            if marker not in asked and item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))
