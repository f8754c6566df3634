"""The demonstration from end to end, on a part of its images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import rushlight as torch
from rushlight.demo import run as demo
from rushlight.demo.model import SmallCNN
from rushlight.demo.pictures import draw_guesses, draw_losses
from rushlight.demo.progress import progress
from rushlight.vision.datasets import FashionMNISTSmall


@pytest.fixture
def few(monkeypatch) -> None:
    """A data set of 320 images a split."""

    class Few(FashionMNISTSmall):
        def __init__(self, train=True, transform=None) -> None:
            super().__init__(train, transform)
            self.data, self.targets = self.data[:320], self.targets[:320]

    monkeypatch.setattr("rushlight.demo.training.FashionMNISTSmall", Few)


@pytest.mark.usefixtures("few")
def test_everything_is_written(tmp_path: Path, capsys) -> None:
    pytest.importorskip("matplotlib")
    outcome = demo(tmp_path / "out", epochs=3)
    assert outcome.accuracy > 0.3  # chance is 0.1
    assert set(outcome.by_class) == set(FashionMNISTSmall.classes)
    assert [file.name for file in outcome.files] == ["model.pt", "loss.png", "predictions.png"]
    assert all(file.stat().st_size > 1000 for file in outcome.files)
    SmallCNN().load_state_dict(torch.load(outcome.files[0]))
    # Not a terminal: nothing is printed while training.
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("few")
def test_the_same_seed_gives_the_same_weights(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    files = [demo(tmp_path / name, epochs=1, seed=3).files[0] for name in ("a", "b")]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_the_bar_is_silent_without_a_terminal(capsys) -> None:
    with progress(10) as report:
        report(5, 0.5, 100.0)
    assert capsys.readouterr().err == ""


def test_pictures(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    draw_losses([1.0, 0.5], tmp_path / "short.png")
    draw_guesses(
        np.zeros((3, 4, 4), np.uint8), [0, 1, 1], [0, 0, 1], ["a", "b"], tmp_path / "guesses.png"
    )
    assert len(list(tmp_path.iterdir())) == 2
