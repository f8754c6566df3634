"""Filters and effects: sums over what torchaudio 2.11 computed once, and gradients."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import rushlight as torch
from rushlight.audio import functional as F
from rushlight.audio import transforms as T
from rushlight.tensor import Tensor

TIME = torch.arange(400, dtype=torch.float64)
WAVE = torch.stack(
    [torch.sin(TIME * 0.3 + 0.001 * TIME * TIME) * 0.6, torch.cos(TIME * 0.05) * 0.4]
)
LONG = torch.cat([WAVE] * 4, 1)
FRAMES = WAVE.T.reshape(2, 200, 2)
A = torch.tensor([[2.0, 0.4, 0.2], [1.0, -0.2, 0.3]], dtype=torch.float64)
B = torch.tensor([[0.3, 0.2, -0.5], [0.1, 0.4, 0.3]], dtype=torch.float64)
EYE = torch.eye(3, dtype=torch.float64)
WINDOW = torch.hann_window(64, dtype=torch.float64)
SPECTRUM = torch.stft(WAVE, 64, 16, 64, WINDOW, return_complex=True)
ADVANCE = torch.linspace(0, 3.14159 * 16, 33, dtype=torch.float64)[:, None]
SEEDS = {"griffinlim drawn": 2, "spec augment": 3, "speed": 3}


def griffinlim(count: int, drawn: bool) -> Tensor:
    return F.griffinlim(SPECTRUM.abs(), WINDOW, 64, 16, 64, 1.0, count, 0.9, None, drawn)


CALLS: dict[str, Callable[[], Tensor]] = {
    "lowpass_biquad": lambda: F.lowpass_biquad(WAVE, 8000, 900.0),
    "highpass_biquad": lambda: F.highpass_biquad(WAVE, 8000, 900.0, 0.5),
    "bandpass_biquad": lambda: F.bandpass_biquad(WAVE, 8000, 900.0),
    "bandreject_biquad": lambda: F.bandreject_biquad(WAVE, 8000, 900.0),
    "allpass_biquad": lambda: F.allpass_biquad(WAVE, 8000, 900.0),
    "band_biquad": lambda: F.band_biquad(WAVE, 8000, 900.0),
    "bass_biquad": lambda: F.bass_biquad(WAVE, 8000, 6.0),
    "treble_biquad": lambda: F.treble_biquad(WAVE, 8000, 6.0),
    "equalizer_biquad": lambda: F.equalizer_biquad(WAVE, 8000, 900.0, 5.0),
    "deemph_biquad": lambda: F.deemph_biquad(WAVE, 44100),
    "riaa_biquad": lambda: F.riaa_biquad(WAVE, 44100),
    "lfilter": lambda: F.lfilter(WAVE, A, B),
    "lfilter all": lambda: F.lfilter(WAVE, A, B, batching=False),
    "filtfilt": lambda: F.filtfilt(WAVE, A[0], B[0]),
    "contrast": lambda: F.contrast(WAVE),
    "dcshift": lambda: F.dcshift(WAVE, 0.5, 0.1),
    "dcshift down": lambda: F.dcshift(WAVE, -0.5, 0.1),
    "overdrive": lambda: F.overdrive(WAVE),
    "phase_vocoder": lambda: F.phase_vocoder(SPECTRUM, 1.3, ADVANCE),
    "griffinlim": lambda: griffinlim(5, False),
    "griffinlim drawn": lambda: griffinlim(2, True),
    "convolve": lambda: F.convolve(WAVE, WAVE[:, :30], "same"),
    "fftconvolve": lambda: F.fftconvolve(WAVE, WAVE[:1, :30], "valid"),
    "add_noise": lambda: F.add_noise(
        WAVE, WAVE.flip(0), torch.tensor([3.0, 10.0]), torch.tensor([300, 200])
    ),
    "deemphasis": lambda: F.deemphasis(WAVE, 0.5),
    "cmn": lambda: F.sliding_window_cmn(FRAMES, 20, 7, False, True),
    "cmn center": lambda: F.sliding_window_cmn(FRAMES, 20, 7, True),
    "loudness": lambda: F.loudness(LONG, 1000),
    "pitch": lambda: F.detect_pitch_frequency(LONG.float(), 8000),
    "frechet": lambda: F.frechet_distance(WAVE[0, :3], EYE * 2, WAVE[1, :3], EYE),
    "centroid": lambda: T.SpectralCentroid(8000, 64)(WAVE.float()),
    "pitch_shift": lambda: F.pitch_shift(WAVE.float(), 8000, 12, n_fft=64),
    "spec augment": lambda: T.SpecAugment(2, 8, 1, 9)(SPECTRUM.abs()),
    "speed": lambda: T.SpeedPerturbation(8000, [0.9, 1.1])(WAVE.float())[0],
}
# The sum, the sum by a cosine, the sum of absolute values.
WANTED = {
    "lowpass_biquad": [8.896847656, 8.037703789, 209.067507616],
    "highpass_biquad": [0.220336523, -12.838938062, 72.276131994],
    "bandpass_biquad": [0.719185178, -4.374234074, 145.284389839],
    "bandreject_biquad": [9.251006796, -9.690691047, 162.577306828],
    "allpass_biquad": [8.531821618, -5.316456973, 254.603095411],
    "band_biquad": [8.226359939, -0.859194431, 230.806971712],
    "bass_biquad": [14.748760405, -13.195020382, 334.961192949],
    "treble_biquad": [9.995930021, -15.661359505, 255.847681412],
    "equalizer_biquad": [10.325207794, -15.550679957, 345.819066844],
    "deemph_biquad": [9.311722743, -2.732508875, 198.137357866],
    "riaa_biquad": [23.145098225, 1.852354513, 247.914306773],
    "lfilter": [5.460442771, -5.740683802, 108.167462041],
    "lfilter all": [7.013893493, -22.448868166, 229.272161255],
    "filtfilt": [0.031716119, -1.376721568, 7.924918307],
    "contrast": [16.443059803, -19.925501531, 407.006068256],
    "dcshift": [404.985640001, -12.523541097, 414.522215449],
    "dcshift down": [-385.261520302, -14.824694345, 395.230624249],
    "overdrive": [19.297436907, -20.08369337, 506.762216603],
    "phase_vocoder": [62.867859065, -51.729035973, 896.197664698],
    "griffinlim": [88.757750012, 3.3654531, 239.859227634],
    "griffinlim drawn": [5.515450613, -6.378690234, 237.013967076],
    "convolve": [37.638927314, 1.14606168, 1071.875811759],
    "fftconvolve": [-0.178267231, 1.392189159, 527.88558025],
    "add_noise": [18.512996648, -14.823918235, 282.777880466],
    "deemphasis": [18.761605346, -6.229853203, 428.076334318],
    "cmn": [-65.183478731, -4.484210206, 981.184390005],
    "cmn center": [1.428677949, -0.289860349, 164.525711594],
    "loudness": [-9.328208312, -9.328208312, 9.328208312],
    "pitch": [12954.545532227, 1248.914810556, 12954.545532227],
    "frechet": [0.727107974, 0.727107974, 0.727107974],
    "centroid": [12902.35736084, 369.302175269, 12902.35736084],
    "pitch_shift": [64.215754237, 12.332281573, 233.28540291],
    "spec augment": [961.194565814, -2.449226423, 961.194565814],
    "speed": [11.102241181, -1.068050669, 284.377109659],
}


@pytest.mark.parametrize("name", CALLS)
def test_as_torchaudio(name: str) -> None:
    torch.manual_seed(SEEDS.get(name, 0))
    found = CALLS[name]()
    single = found.dtype == torch.float32
    parts = torch.view_as_real(found) if found.is_complex() else found
    values = parts.double().numpy().ravel()
    sums = [values.sum(), (values * np.cos(np.arange(values.size))).sum(), np.abs(values).sum()]
    tolerance = (1e-5 if single else 1e-8) * max(1.0, abs(WANTED[name][2]))
    np.testing.assert_allclose(sums, WANTED[name], rtol=0, atol=tolerance)


def test_gradients_of_a_filter() -> None:
    inputs = [each.clone().requires_grad_() for each in (WAVE[:, :70], A, B)]
    assert torch.autograd.gradcheck(lambda *each: F.lfilter(*each, clamp=False), inputs)


def test_a_signal_is_found_again() -> None:
    wave = torch.sin(torch.arange(2000) * 0.2)[None]
    torch.manual_seed(0)
    found = T.GriffinLim(n_fft=200, n_iter=60)(T.Spectrogram(n_fft=200)(wave))
    again = T.Spectrogram(n_fft=200, power=1.0)(found)
    wanted = T.Spectrogram(n_fft=200, power=1.0)(wave)
    assert float((again - wanted).abs().mean() / wanted.mean()) < 0.1


def test_bands_are_spread_by_least_squares() -> None:
    scale = T.MelScale(20, 8000, n_stft=129)
    bands = scale(T.Spectrogram(n_fft=256)(WAVE.float()))
    found = T.InverseMelScale(129, 20, 8000)(bands)
    assert found.shape == (2, 129, bands.shape[-1])
    for each, wanted in zip(found, bands, strict=True):
        solved = np.linalg.lstsq(scale.fb.T.double().numpy(), wanted.double().numpy(), None)[0]
        np.testing.assert_allclose(each.numpy(), np.maximum(solved, 0), rtol=1e-4, atol=1e-3)


def test_modules_are_their_functions() -> None:
    short, taps = WAVE[:, :50], WAVE[:, :7]
    assert torch.equal(T.Convolve("valid")(short, taps), F.convolve(short, taps, "valid"))
    assert torch.equal(T.FFTConvolve()(short, taps), F.fftconvolve(short, taps))
    assert torch.equal(T.Preemphasis(0.5)(short), F.preemphasis(short, 0.5))
    assert torch.equal(T.Deemphasis(0.5)(short), F.deemphasis(short, 0.5))
    assert torch.equal(T.Loudness(1000)(LONG), F.loudness(LONG, 1000))
    snr = torch.tensor([1.0, 2.0])
    assert torch.equal(T.AddNoise()(WAVE, WAVE, snr), F.add_noise(WAVE, WAVE, snr))
    cmn = T.SlidingWindowCmn(20, 7, True)
    assert torch.equal(cmn(FRAMES), F.sliding_window_cmn(FRAMES, 20, 7, True))
    stretch = T.TimeStretch(16, 33, 1.3)
    assert torch.equal(stretch(SPECTRUM), F.phase_vocoder(SPECTRUM, 1.3, stretch.phase_advance))
    shift = T.PitchShift(8000, 12, n_fft=64)(WAVE.float())
    assert torch.equal(shift, F.pitch_shift(WAVE.float(), 8000, 12, n_fft=64))
    sped, lengths = T.Speed(8000, 1.25)(WAVE.float(), torch.tensor([400, 10]))
    assert sped.shape == (2, 320) and lengths.tolist() == [320, 8]
    assert T.LFCC(8000, n_filter=30, speckwargs={"n_fft": 64})(WAVE.float()).shape == (2, 40, 13)


@pytest.mark.parametrize("name", ["TPDF", "RPDF", "GPDF"])
def test_dither_is_16_bits(name: str) -> None:
    found = F.dither(WAVE, name) * 2**15
    assert torch.equal(found, found.round())
    assert float((F.dither(WAVE, name, True) - WAVE).abs().max()) < 3e-4


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: F.contrast(WAVE, 101), "0-100"),
        (lambda: F.riaa_biquad(WAVE, 8000), "44.1k"),
        (lambda: F.deemph_biquad(WAVE, 8000), "44100"),
        (lambda: F.convolve(WAVE, WAVE[0]), "same dimension"),
        (lambda: F.convolve(WAVE, WAVE, "half"), "Unrecognized mode"),
        (lambda: F.fftconvolve(WAVE, WAVE[:, :3].repeat(2, 1)), "broadcastable"),
        (lambda: F.lfilter(WAVE, A, B[0]), "same size"),
        (lambda: F.lfilter(WAVE[0], A, B), "number of batches"),
        (lambda: F.add_noise(WAVE, WAVE[:, :3], torch.ones(2)), "Length dimensions"),
        (lambda: F.add_noise(WAVE, WAVE[0], torch.ones(2)), "leading dimensions"),
        (lambda: F.loudness(torch.ones(6, 900), 1000), "5 channels"),
        (lambda: T.GriffinLim(momentum=1.0), "momentum"),
        (lambda: T.TimeStretch()(SPECTRUM), "fixed_rate"),
        (lambda: T.InverseMelScale(129, 20)(FRAMES), "mel bins"),
        (lambda: T.InverseMelScale(129, 20, driver="svd"), "driver"),
        (lambda: T.LFCC(n_lfcc=500), "fft bins"),
        (lambda: F.frechet_distance(WAVE, EYE, WAVE, EYE), "one-dimensional"),
    ],
)
def test_what_is_refused(call: Callable[[], object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
