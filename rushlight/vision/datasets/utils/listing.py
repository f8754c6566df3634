"""What is in a folder."""

from __future__ import annotations

from pathlib import Path


def list_dir(root: str | Path, prefix: bool = False) -> list[str]:
    """Names of the folders in ``root``, sorted; with ``prefix`` their paths."""
    found = sorted(each for each in Path(root).expanduser().iterdir() if each.is_dir())
    return [str(each) if prefix else each.name for each in found]


def list_files(root: str | Path, suffix: str | tuple[str, ...], prefix: bool = False) -> list[str]:
    """Names of the files in ``root`` that end so, sorted; with ``prefix`` their paths."""
    found = sorted(each for each in Path(root).expanduser().iterdir() if each.is_file())
    return [str(each) if prefix else each.name for each in found if each.name.endswith(suffix)]
