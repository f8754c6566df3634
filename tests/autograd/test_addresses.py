"""Names under the addresses at which PyTorch defines them."""

from __future__ import annotations

import rushlight as torch
from rushlight import functional
from rushlight.autograd import anomaly_mode, grad_mode


def test_modes_are_the_ones_of_torch() -> None:
    assert grad_mode.no_grad is torch.no_grad
    assert grad_mode.inference_mode is torch.inference_mode
    assert anomaly_mode.detect_anomaly is torch.autograd.detect_anomaly


def test_functional_has_the_way_back_from_spectra() -> None:
    window = torch.ones(4)
    spectrum = functional.stft(torch.arange(16.0), 4, return_complex=True, window=window)
    back = functional.istft(spectrum, 4, window=window)
    torch.testing.assert_close(back, torch.arange(16.0))
