"""Filters of several microphones. The numbers are torchaudio's."""

from __future__ import annotations

from typing import Any

import pytest

import rushlight as torch
from rushlight.audio import functional as F


def spectra() -> tuple[Any, Any, Any]:
    torch.manual_seed(1)
    target = torch.randn(2, 3, 9, dtype=torch.cdouble)
    noise = torch.randn(2, 3, 9, dtype=torch.cdouble)
    return target, noise, torch.rand(3, 9, dtype=torch.double)


def sums(values: Any) -> list[float]:
    places = torch.arange(values.numel()).reshape(values.shape)
    return [round(x.item(), 6) for x in (values.abs().sum(), (values * places).real.sum())]


def test_as_torchaudio() -> None:
    target, noise, mask = spectra()
    s, n = F.psd(target, mask), F.psd(noise)
    shares = torch.tensor([0.3, 0.7], dtype=torch.double)
    souden = F.mvdr_weights_souden(s, n, 0)
    power = F.rtf_power(s, n, shares, 1)
    found = {
        "psd": s, "loud": F.psd(target, mask, normalize=False), "souden": souden,
        "shares": F.mvdr_weights_souden(s, n, shares, diagonal_loading=False), "power": power,
        "power3": F.rtf_power(s, n, 1), "rtf": F.mvdr_weights_rtf(power, n, shares),
        "one": F.apply_beamforming(souden, target),
    }  # fmt: skip
    assert {name: sums(each) for name, each in found.items()} == NUMBERS
    vectors = F.rtf_evd(s)
    assert torch.allclose(
        (s @ vectors[..., None])[..., 0], torch.linalg.eigvalsh(s)[..., -1:] * vectors
    )


NUMBERS = {
    "psd": [9.565091, 44.557687],
    "loud": [41.611124, 183.000371],
    "souden": [2.455788, 3.724681],
    "shares": [1.437265, 2.845569],
    "power": [3.401771, 10.396694],
    "power3": [0.319431, 0.185395],
    "rtf": [3.116948, 7.826128],
    "one": [19.225647, 16.27598],
}


def test_errors_name_the_function() -> None:
    target, noise, mask = spectra()
    s, n = F.psd(target), F.psd(noise)
    with pytest.raises(ValueError, match="psd: a mask"):
        F.psd(target, mask[:, :3])
    with pytest.raises(ValueError, match="rtf_power: densities"):
        F.rtf_power(s, n[..., :1], 0)
    with pytest.raises(ValueError, match="at least 1"):
        F.rtf_power(s, n, 0, 0)
    with pytest.raises(TypeError, match="complex"):
        F.rtf_evd(s.real)
    with pytest.raises(ValueError, match="differ in batches"):
        F.apply_beamforming(F.rtf_evd(s), target[None])
