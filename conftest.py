"""Modules are imported as Python imports them before pytest looks for their doctests.

pytest's own import of ``rushlight/func/vmap.py`` leaves the module in its package under the name
of the function ``vmap``, where nobody imported it before: a file run alone failed.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

_ROOT = Path(__file__).parent


def pytest_collect_file(file_path: Path) -> None:
    parts = file_path.relative_to(_ROOT).parts if file_path.is_relative_to(_ROOT) else ()
    if parts[:1] == ("rushlight",) and file_path.suffix == ".py":
        import_module(".".join((*parts[:-1], file_path.stem)).removesuffix(".__init__"))
