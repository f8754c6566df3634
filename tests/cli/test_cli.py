"""The command line: help that answers, mistakes in one line with status 2."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from rushlight import cli
from rushlight.base.version import VERSION
from rushlight.cli import op
from rushlight.cli.commands import COMMANDS


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert all(f"{name} {text}" in lines for name, text in COMMANDS.items())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([name, "--help"]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"Usage: rushlight {name} ")
    assert f"\n\n  {COMMANDS[name]}\n" in text


def test_nothing_asked_shows_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 0
    assert capsys.readouterr().out.startswith("Usage: rushlight")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"rushlight {VERSION}\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["frob"], "rushlight: No such command 'frob'"),
        (["run"], "rushlight run: Missing argument 'SCRIPT'"),
        (["run", "not_there.py"], "rushlight run: Invalid value for 'SCRIPT': File 'not_there.py'"),
        (["run", "--frob", "x.py"], "rushlight run: No such option"),
        (["run", "--era", "old", "x.py"], "rushlight run: Invalid value for '--era'"),
        (["op", "sigmoidd"], "rushlight op: no operation is called 'sigmoidd'; did you mean sigm"),
        (
            ["profile", "--trace", "no/t", __file__],
            "rushlight profile: Invalid value for '--trace'",
        ),
        (["profile", "--rows", "-1", __file__], "rushlight profile: Invalid value for '--rows'"),
    ],
)
def test_a_mistake_is_one_line(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(arguments) == 2
    text = capsys.readouterr()
    assert text.out == ""
    assert text.err.startswith(says)
    assert text.err.count("\n") == 1


def test_output_that_goes_nowhere_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*args: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(op, "import_every_op", full)
    assert cli.main(["op"]) == 1
    assert capsys.readouterr().err == "rushlight op: [Errno 28] No space left on device\n"


def test_import_needs_neither_click_nor_rich() -> None:
    source = (
        "import sys; import rushlight, rushlight.compat; "
        "print([n for n in ('click', 'rich', 'matplotlib', 'PIL') if n in sys.modules])"
    )
    root = Path(cli.__file__).parent.parent.parent
    done = subprocess.run([sys.executable, "-c", source], cwd=root, capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr


def test_without_click_the_command_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "click", None)
    monkeypatch.delitem(sys.modules, "rushlight.cli.commands", raising=False)
    assert cli.main(["--help"]) == 2
    assert capsys.readouterr().err.count("pip install 'rushlight[cli]'") == 1
