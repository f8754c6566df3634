"""docs/layout.md names every folder of the package, and only files and folders that are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
LAYOUT = (ROOT / "docs" / "layout.md").read_text()
PACKAGE = ROOT / "rushlight"


def test_every_folder_is_named() -> None:
    folders = {path.parent.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py")} - {Path()}
    # vision/datasets/utils: torchvision's own nesting, one file.
    named = {folder for folder in folders if f"`{folder.name}/" in LAYOUT or f"{folder}/" in LAYOUT}
    assert folders - named == set()


def test_what_is_named_is_there() -> None:
    words = re.findall(r"`([\w/.*]+(?:/|\.py))`", LAYOUT)
    links = re.findall(r"\]\(([\w/.-]+)\)", LAYOUT)
    assert len(words) > 40
    starts = [PACKAGE, ROOT, ROOT / "tests", *PACKAGE.glob("*/"), PACKAGE / "compiler/contraction"]
    lost = [word for word in words if not any(any(start.glob(word)) for start in starts)]
    lost += [link for link in links if not (ROOT / "docs" / link).exists()]
    assert lost == []
