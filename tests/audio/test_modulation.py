"""Phaser and flanger. The sums are torchaudio's; in 48 drawn cases all bits were the same."""

from __future__ import annotations

import pytest

import rushlight as torch
from rushlight.audio import functional as F

X = (torch.arange(240, dtype=torch.double) * 0.37).sin().reshape(2, 120) * 0.8
PHASER = (-211.293822, -800.006535)
FLANGER = (-451.212466, -300.606685)


def total(values: torch.Tensor) -> float:
    return round(float((values * torch.arange(240).reshape(2, 120)).sum()), 6)


def test_phaser() -> None:
    assert total(F.phaser(X, 800)) == PHASER[0]
    assert total(F.phaser(X, 800, 0.6, 2.0, 4.5, 0.8, 1.9, sinusoidal=False)) == PHASER[1]
    echo = F.phaser(torch.eye(1, 9), 1000, 1.0, 1.0, 1.0, 0.5, 2.0)  # one sample before
    assert echo.tolist() == [[0.5**k for k in range(9)]]
    assert F.phaser(X.float()[None], 800).dtype is torch.float32


def test_flanger() -> None:
    assert total(F.flanger(X, 800)) == FLANGER[0]
    quadratic = F.flanger(X, 800, 5.0, 9.0, -60.0, 50.0, 7.0, 80.0, "triangular", "quadratic")
    assert total(quadratic) == FLANGER[1]
    assert F.flanger(X[None, None], 800).shape == (1, 1, 2, 120)


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 4"):
        F.flanger(torch.zeros(5, 9), 800)
    with pytest.raises(ValueError, match="square"):
        F.flanger(X, 800, modulation="square")
    with pytest.raises(ValueError, match="cubic"):
        F.flanger(X, 800, interpolation="cubic")
    with pytest.raises(NotImplementedError, match="phaser of a waveform with gradient"):
        F.phaser(X.clone().requires_grad_(), 800)
    with torch.no_grad():
        assert F.phaser(X.clone().requires_grad_(), 800).shape == X.shape
