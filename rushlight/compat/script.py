"""Run a script as ``python SCRIPT ARGS`` would, with ``import torch`` finding Rushlight."""

from __future__ import annotations

import builtins
import sys
from importlib.machinery import SourceFileLoader
from multiprocessing import set_forkserver_preload, spawn
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from rushlight.base import config
from rushlight.compat.finder import install

INTERRUPTED = 130  # what a shell reports for a process that Ctrl-C ended


def run_script(script: str, arguments: list[str]) -> int:
    """Run the file as ``__main__``; the exit status: 0, or 1 after an uncaught exception.

    SystemExit passes through. The traceback of anything else starts in the script. Raises OSError
    if the file cannot be read.
    """
    content = Path(script).read_bytes()
    install()
    hand_over_to_spawned_processes()
    # As Python does it: argv as typed, __file__ absolute, the import path through symbolic links.
    path = Path(script).absolute()
    sys.argv = [script, *arguments]
    if not sys.flags.safe_path:
        sys.path[0] = str(path.resolve().parent)
    main = _main_module(path)
    sys.modules["__main__"] = main
    try:
        _execute(content, path, main)
    except SystemExit:
        raise
    except BaseException as error:  # this is the top of the user's program: nothing is above it
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
            trace = trace.tb_next
        error = error.with_traceback(trace)
        sys.excepthook(type(error), error, trace)
        return INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1
    return 0


def _execute(content: bytes, path: Path, main: ModuleType) -> None:
    # Bytes, so that a coding line and a byte-order mark mean what they mean to Python.
    code: CodeType = compile(content, str(path), "exec", dont_inherit=True)
    exec(code, main.__dict__)


def _main_module(path: Path) -> ModuleType:
    main = ModuleType("__main__")
    # No __spec__, so that a spawned process finds the script by its __file__.
    vars(main).update(
        __file__=str(path),
        __loader__=SourceFileLoader("__main__", str(path)),
        __builtins__=builtins,
        __cached__=None,
    )
    return main


class _Entered:
    """Unpickled in a spawned process, before it imports the script again."""

    def __init__(self, era: int) -> None:
        self.era = era

    def __reduce__(self) -> tuple[Any, tuple[int]]:
        return (enter, (self.era,))


def enter(era: int) -> None:
    """What a spawned process of a script does first."""
    config.set_era(era)
    install()
    hand_over_to_spawned_processes()


def hand_over_to_spawned_processes() -> None:
    """Make processes that multiprocessing spawns (DataLoader workers) find Rushlight too.

    A forked process has the hook; a spawned one starts bare, unpickles its preparation data, and
    then imports the script.
    """
    prepare = spawn.get_preparation_data
    if getattr(prepare, "enters_rushlight", False):
        return

    def with_entry(name: str) -> dict[str, Any]:
        # First in the dictionary, so that it is unpickled first.
        return {"rushlight": _Entered(config.ERA), **prepare(name)}

    with_entry.enters_rushlight = True  # type: ignore[attr-defined]
    spawn.get_preparation_data = with_entry
    # A fork server would import the script ahead of any preparation data.
    set_forkserver_preload([])
