"""docs/layout.md names the folders of the package, and only files and folders that are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
LAYOUT = (ROOT / "docs" / "layout.md").read_text()
PACKAGE = ROOT / "rushlight"


def test_every_folder_is_named() -> None:
    """Those of the package, and those inside the three that hold most of it."""
    inside = [PACKAGE, PACKAGE / "compiler", PACKAGE / "ops", PACKAGE / "tensor"]
    folders = {path.parent for start in inside for path in start.glob("*/*.py")}
    assert len(folders) > 25
    assert sorted(folder.name for folder in folders if f"{folder.name}/" not in LAYOUT) == []


def test_what_is_named_is_there() -> None:
    words = re.findall(r"`([\w/.*]+(?:/|\.py))`", LAYOUT)
    links = re.findall(r"\]\(([\w/.-]+)\)", LAYOUT)
    assert len(words) > 40
    starts = [PACKAGE, ROOT, ROOT / "tests", *PACKAGE.glob("*/"), PACKAGE / "compiler/contraction"]
    lost = [word for word in words if not any(any(start.glob(word)) for start in starts)]
    lost += [link for link in links if not (ROOT / "docs" / link).exists()]
    assert lost == []
