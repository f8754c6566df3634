"""The doctor tells a healthy machine from one whose compiled code is wrong."""

from __future__ import annotations

import os
import stat
import types
from pathlib import Path

import pytest

from rushlight import cli
from rushlight.base import config
from rushlight.cli import doctor


def test_a_healthy_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(config, "cache_folder", lambda: tmp_path / "cache")
    assert cli.main(["doctor"]) == 0
    text = capsys.readouterr().out
    assert "All is well." in text
    assert "equal to NumPy's result" in text
    assert f"{tmp_path}/cache/code: 0 kernels and plans" in text


def test_a_wrong_kernel_is_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    right = doctor._square_plus

    def wrong(symbol: str, lanes: int) -> str:
        return right(symbol, lanes).replace("fadd", "fsub")

    monkeypatch.setattr(doctor, "_square_plus", wrong)
    assert cli.main(["doctor"]) == 1
    text = capsys.readouterr().out
    assert "WRONG kernel     a compiled kernel is wrong: status 0, largest difference 6" in text


def test_a_refused_kernel_is_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "_square_plus", lambda symbol, lanes: f"define nonsense {symbol}")
    assert cli.main(["doctor"]) == 1
    assert "WRONG kernel     LLVM cannot compile a kernel" in capsys.readouterr().out


def test_a_broken_engine_is_found() -> None:
    finding = doctor.engine(types.SimpleNamespace())
    assert not finding.right
    assert finding.text.startswith("AttributeError: ")


def test_a_cache_that_others_can_write_is_reported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(stat.S_IRWXU | stat.S_IRWXO)
    monkeypatch.setattr(config, "cache_folder", lambda: folder)
    assert "can be written by others" in doctor.cache().text


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_cache_that_cannot_be_written_is_reported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    monkeypatch.setattr(config, "cache_folder", lambda: tmp_path / "cache")
    assert "cannot make" in doctor.cache().text


def test_a_missing_requirement_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "REQUIRED", ("numpy", "not-a-distribution"))
    needs = doctor.versions()[1]
    assert not needs.right
    assert "not-a-distribution missing" in needs.text
