"""Spectrograms and what is made of them, beside numbers that PyTorch 2.13 gave once."""

from __future__ import annotations

import math

import numpy as np
import pytest

import rushlight as torch
from rushlight.audio import functional as F
from rushlight.audio import transforms as T
from rushlight.autograd import gradcheck


def chirp(length: int = 2000) -> torch.Tensor:
    t = torch.arange(length, dtype=torch.float64)
    return torch.sin(t * t * 1e-4 + t * 0.1)


def numpy_spectrum(signal: np.ndarray, n_fft: int, hop: int, window: np.ndarray) -> np.ndarray:
    padded = np.pad(signal, n_fft // 2, mode="reflect")
    starts = range(0, len(padded) - n_fft + 1, hop)
    return np.array([np.fft.rfft(padded[k : k + n_fft] * window) for k in starts]).T


def test_a_spectrogram_is_the_fourier_transform_of_each_frame() -> None:
    window = torch.hann_window(100, dtype=torch.float64)
    wide = np.zeros(128)
    wide[14:114] = window.numpy()
    wanted = np.abs(numpy_spectrum(chirp().numpy(), 128, 30, wide))
    for power in (1.0, 2.0, 0.5):
        found = F.spectrogram(chirp(), 0, window, 128, 30, 100, power, False)
        np.testing.assert_allclose(found.numpy(), wanted**power, atol=1e-9)
    scaled = F.spectrogram(chirp(), 0, window, 128, 30, 100, 1.0, "frame_length")
    np.testing.assert_allclose(scaled.numpy(), wanted / math.sqrt(128), atol=1e-9)
    scaled = F.spectrogram(chirp(), 0, window, 128, 30, 100, 2.0, True)
    np.testing.assert_allclose(
        scaled.numpy(), wanted**2 / float(window.square().sum()), atol=1e-9
    )  # fmt: skip


def test_shapes_and_options() -> None:
    wave = chirp().float().reshape(2, 2, 500)
    assert T.Spectrogram()(wave).shape == (2, 2, 201, 3)
    assert T.Spectrogram(n_fft=64, onesided=False, center=False, pad=10)(wave).shape == (
        2, 2, 64, 15
    )  # fmt: skip
    assert T.MelSpectrogram(n_mels=20, hop_length=50)(wave).shape == (2, 2, 20, 11)
    assert set(T.MelSpectrogram(n_mels=20).state_dict()) == {"spectrogram.window", "mel_scale.fb"}
    with pytest.raises(RuntimeError, match="n_fft"):
        T.Spectrogram(center=False)(wave[..., :100])
    with pytest.raises(ValueError, match="Invalid normalized"):
        T.Spectrogram(normalized="rows")(wave)
    with pytest.raises(ValueError, match="Require f_min"):
        T.MelScale(f_min=9000.0)
    with pytest.warns(UserWarning, match="all zero values"):
        T.MelScale(n_mels=300)
    with pytest.raises(ValueError, match="more MFCC coefficients"):
        T.MFCC(n_mfcc=50, melkwargs={"n_mels": 40})


@pytest.mark.parametrize("normalized", [False, True, "frame_length"])
def test_complex_and_back(normalized: bool | str) -> None:
    wave = chirp().float().reshape(2, 1, 1000)
    options = {"n_fft": 128, "hop_length": 32, "normalized": normalized, "pad": 5}
    found = T.Spectrogram(power=None, **options)(wave)
    assert found.is_complex() and found.shape == (2, 1, 65, 32)
    assert torch.allclose(found.abs(), T.Spectrogram(power=1.0, **options)(wave), atol=1e-4)
    assert torch.allclose(T.InverseSpectrogram(**options)(found, 1000), wave, atol=1e-5)
    with pytest.raises(ValueError, match="to be complex"):
        T.InverseSpectrogram(**options)(found.abs())


def test_silence_has_a_gradient_of_zero() -> None:
    silence = torch.zeros(1, 800, requires_grad=True)
    T.Spectrogram(power=1.0)(silence).sum().backward()
    assert float(silence.grad.abs().max()) == 0.0
    wave = chirp(60).requires_grad_()
    window = torch.hann_window(16, dtype=torch.float64)
    assert gradcheck(lambda x: F.spectrogram(x, 0, window, 16, 8, 16, 2.0, False), (wave,))


def test_frozen_numbers() -> None:
    wave = chirp().float()[None]
    banks = F.melscale_fbanks(201, 20.0, 7600.0, 40, 16000, "slaney", "slaney")
    mfcc = T.MFCC(16000, 13, melkwargs={"n_mels": 40})(wave)
    lower, higher = F.resample(wave, 44100, 16000), F.resample(wave, 8000, 11025)
    kaiser = T.Resample(16000, 8000, "sinc_interp_kaiser", 10, 0.9)(wave)
    for name, found in (
        ("banks", banks[30, :12]), ("mfcc", mfcc[0, :, 4]), ("lower", lower[0, 300:308]),
        ("higher", higher[0, 300:308]), ("kaiser", kaiser[0, 300:308]),
    ):  # fmt: skip
        frozen = np.asarray(FROZEN[name])
        # A cosine transform sums numbers of the largest's size: that is what it rounds to.
        atol = max(2e-5, 2e-6 * float(np.abs(frozen).max()))
        np.testing.assert_allclose(found.numpy(), frozen, rtol=2e-5, atol=atol, err_msg=name)
    assert [len(each[0]) for each in (lower, higher, kaiser)] == [726, 2757, 1000]


def test_resampling_refuses() -> None:
    wave = chirp().float()
    assert F.resample(wave, 8000, 8000) is wave
    with pytest.raises(ValueError, match="whole numbers"):
        F.resample(wave, 8000, 5512.5)
    with pytest.raises(TypeError, match="Expected floating point"):
        F.resample(torch.arange(10), 2, 1)
    with pytest.raises(ValueError, match="Invalid resampling method"):
        F.resample(wave, 2, 1, resampling_method="linear")
    with pytest.warns(UserWarning, match="is now called"):
        F.resample(wave, 2, 1, resampling_method="kaiser_window")


def test_decibels() -> None:
    power = torch.tensor([[1.0, 1e-3], [1e-12, 10.0]])
    assert torch.allclose(
        T.AmplitudeToDB()(power), torch.tensor([[0.0, -30.0], [-100.0, 10.0]]), atol=1e-4
    )
    assert float(T.AmplitudeToDB("magnitude", 80.0)(power).min()) == pytest.approx(-60.0)
    # A batch has a top of its own for each sample, channels share one.
    batch = torch.stack([power, power * 100])[:, None]
    lowest = T.AmplitudeToDB(top_db=50.0)(batch).amin((1, 2, 3))
    assert torch.allclose(lowest, torch.tensor([-40.0, -20.0]), atol=1e-4)
    assert torch.allclose(F.DB_to_amplitude(T.AmplitudeToDB()(power[0]), 1.0, 1.0), power[0])
    with pytest.raises(ValueError, match="top_db must be positive"):
        T.AmplitudeToDB(top_db=-1.0)


def test_mu_law_there_and_back() -> None:
    numbers = torch.arange(256)
    assert torch.equal(T.MuLawEncoding()(T.MuLawDecoding()(numbers)), numbers)
    with pytest.warns(UserWarning, match="floating type"):
        assert F.mu_law_encoding(torch.tensor([0, 1]), 16).tolist() == [8, 15]


def test_volume_and_fades() -> None:
    wave = torch.full((2, 10), 0.5)
    assert torch.equal(T.Vol(4.0)(wave), torch.ones(2, 10))
    assert torch.allclose(T.Vol(20.0, "db")(wave * 0.1), wave)
    assert torch.allclose(T.Vol(0.01, "power")(wave), wave * 0.1)
    with pytest.raises(ValueError, match="gain must be positive"):
        T.Vol(-1.0)
    for shape in ("linear", "exponential", "logarithmic", "quarter_sine", "half_sine"):
        faded = T.Fade(4, 3, shape)(wave)
        assert faded.shape == (2, 10) and torch.allclose(faded[:, 3:8], wave[:, 3:8])
        # log10(0.1 + 0) + 1 is not quite nothing in float32.
        assert float(faded[:, [0, -1]].abs().max()) < 1e-7
    half = T.Fade(3, 0, "half_sine")(torch.ones(4))
    assert torch.allclose(half, torch.tensor([0.0, 0.5, 1.0, 1.0]))
    with pytest.raises(ValueError, match="fade_shape must be one of"):
        T.Fade(fade_shape="steps")


def test_masks_draw_as_torchaudio_does() -> None:
    torch.manual_seed(5)
    masked = T.FrequencyMasking(8)(torch.ones(2, 10, 30))
    apart = T.TimeMasking(12, iid_masks=True)(torch.ones(2, 10, 30), mask_value=7.0)
    assert (masked == 0)[0, :, 0].nonzero().flatten().tolist() == FROZEN["rows"]
    assert [(apart == 7)[k, 0].nonzero().flatten().tolist() for k in range(2)] == FROZEN["columns"]
    whole = torch.ones(1, 4, 100)
    assert int((T.TimeMasking(90, p=0.1)(whole) == 0)[0, 0].sum()) <= 10
    with pytest.raises(ValueError, match=r"between 0\.0 and 1\.0"):
        T.TimeMasking(3, p=1.5)


def test_deltas() -> None:
    features = torch.stack([torch.arange(9.0), torch.arange(9.0) * -2])[None]
    assert torch.allclose(
        T.ComputeDeltas()(features)[0, :, 2:7], torch.tensor([[1.0], [-2.0]]).expand(2, 5)
    )


# What torchaudio's formulas gave in PyTorch 2.13.
FROZEN = {
    "banks": [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    "mfcc": [
        -167.975,
        80.2893,
        0.387405,
        -66.2117,
        -79.1555,
        -43.3477,
        4.2113,
        29.916,
        26.557,
        8.63178,
        -6.73216,
        -12.2716,
        -9.74381,
    ],
    "lower": [0.260215, 0.838946, 0.987408, 0.626536, -0.0595505, -0.715827, -0.999398, -0.759508],
    "higher": [0.981238, 0.996314, 1.00003, 0.9933, 0.976113, 0.94767, 0.908659, 0.860267],
    "kaiser": [0.983588, 0.812818, 0.486232, 0.0657249, -0.368159, -0.731574, -0.953616, -0.990296],
    "rows": [0, 1, 2, 3, 4, 5],
    "columns": [[17, 18, 19, 20, 21, 22, 23, 24, 25, 26], [2, 3, 4, 5, 6, 7, 8, 9, 10]],
}
