"""`torch.hub.tqdm`: programs take their progress bar from there."""

import builtins
from types import ModuleType
from typing import Any

import pytest

import rushlight as torch
from rushlight.hub_progress import PlainBar


def test_a_plain_bar_iterates_counts_and_shows(capsys: pytest.CaptureFixture[str]) -> None:
    bar = PlainBar([1, 2, 3, 4], desc="epoch")
    for item in bar:
        bar.set_postfix({"loss": f"{item / 2}"}, lr=1)
    assert (len(bar), bar.n) == (4, 4)
    shown = capsys.readouterr().err
    assert "epoch 25.0% loss=0.5, lr=1" in shown and shown.endswith("epoch 100.0% loss=2.0, lr=1\n")


def test_a_plain_bar_counts_by_hand(capsys: pytest.CaptureFixture[str]) -> None:
    with PlainBar(total=8, disable=True) as bar:
        bar.update(3)
    assert bar.n == 3 and capsys.readouterr().err == ""
    with pytest.raises(TypeError, match="without an iterable"):
        next(iter(bar))


def test_the_name_is_there_with_and_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    assert callable(torch.hub.tqdm)
    real = builtins.__import__

    def absent(name: str, *args: Any, **kwargs: Any) -> ModuleType:
        if name == "tqdm":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", absent)
    assert torch.hub.tqdm is PlainBar
    with pytest.raises(AttributeError, match="tqbm"):
        _ = torch.hub.tqbm
