"""Where compiled code is kept, for users with and without a home."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rushlight.base import config


def test_first_the_switch_then_the_folder_of_caches_then_home(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(config._values, "CACHE", "own")
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert config.cache_folder() == tmp_path / "own"
    monkeypatch.setitem(config._values, "CACHE", "~/own")  # no shell has seen it
    assert config.cache_folder() == Path("/home/somebody/own")
    monkeypatch.setitem(config._values, "CACHE", "")
    assert config.cache_folder() == Path("/caches/rushlight")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert config.cache_folder() == Path("/home/somebody/.cache/rushlight")


def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(path: Path) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setitem(config._values, "CACHE", "")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "expanduser", none)
    assert config.cache_folder() == Path(f"/tmp/rushlight-{os.geteuid()}")
