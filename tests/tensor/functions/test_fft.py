"""torch.fft beside NumPy, its gradients beside the transposed transform, and the refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rushlight as torch

RNG = np.random.default_rng(0)
REAL = RNG.standard_normal((3, 4, 5))
COMPLEX = REAL + 1j * RNG.standard_normal((3, 4, 5))
ONE = {"fft": COMPLEX, "ifft": COMPLEX, "rfft": REAL, "irfft": COMPLEX, "hfft": COMPLEX,
       "ihfft": REAL}  # fmt: skip
MANY = {"fftn": COMPLEX, "ifftn": COMPLEX, "rfftn": REAL, "irfftn": COMPLEX}


@pytest.mark.parametrize("norm", [None, "backward", "ortho", "forward"])
@pytest.mark.parametrize("name", ONE)
def test_one_dim(name: str, norm: Any) -> None:
    for n in (None, 3, 4, 7):
        for dim in (-1, 0):
            ours = getattr(torch.fft, name)(torch.tensor(ONE[name]), n, dim, norm)
            assert np.allclose(ours.numpy(), getattr(np.fft, name)(ONE[name], n, dim, norm))


@pytest.mark.parametrize("norm", [None, "ortho", "forward"])
@pytest.mark.parametrize("name", MANY)
def test_many_dims(name: str, norm: Any) -> None:
    for s, dim in ((None, None), ((3, 6), (0, 2)), (None, (2, 0))):
        ours = getattr(torch.fft, name)(torch.tensor(MANY[name]), s, dim, norm)
        theirs = getattr(np.fft, name)(MANY[name], s, dim, norm)
        assert np.allclose(ours.numpy(), theirs)


def test_two_dims_and_sizes_that_stay() -> None:
    x = torch.tensor(COMPLEX)
    assert torch.equal(torch.fft.fft2(x), torch.fft.fftn(x, dim=(-2, -1)))
    assert torch.fft.fftn(x, (-1, 3), (0, 1)).shape == (3, 3, 5)
    assert torch.allclose(torch.fft.ihfft2(torch.fft.hfft2(x, (4, 8))), torch.fft.ihfft2(
        torch.fft.hfft2(x, (4, 8)), (4, 8)))  # fmt: skip


def test_float32_gives_complex64_and_whole_numbers_too() -> None:
    assert torch.fft.fft(torch.ones(3)).dtype is torch.complex64
    assert torch.fft.rfft(torch.arange(3)).dtype is torch.complex64
    assert torch.fft.hfft(torch.arange(3)).dtype is torch.float32


@pytest.mark.parametrize("name", [*ONE, *MANY])
def test_gradient_is_the_adjoint(name: str) -> None:
    numbers = {**ONE, **MANY}[name]
    x = torch.tensor(numbers, requires_grad=True)
    y = getattr(torch.fft, name)(x, norm="ortho")
    seed = RNG.standard_normal(y.shape)
    if y.is_complex():
        seed = seed + 1j * RNG.standard_normal(y.shape)
    (found,) = torch.autograd.grad(y, x, torch.tensor(seed))
    step = RNG.standard_normal(numbers.shape)
    if numbers.dtype.kind == "c":
        step = step + 1j * RNG.standard_normal(numbers.shape)
    moved = getattr(torch.fft, name)(torch.tensor(step), norm="ortho").numpy()
    # <g, F v> = <F* g, v> in the real inner product
    left = (np.conj(seed) * moved).sum().real
    right = (np.conj(found.numpy()) * step).sum().real
    assert left == pytest.approx(right)


def test_second_gradient() -> None:
    x = torch.tensor(REAL, requires_grad=True)
    power = (torch.fft.rfft(x).abs() ** 2).sum()
    (first,) = torch.autograd.grad(power, x, create_graph=True)
    (second,) = torch.autograd.grad((first**2).sum(), x)
    half = torch.fft.rfft(torch.fft.irfft(torch.fft.rfft(x), 5))
    assert half.shape == (3, 4, 3) and second.shape == x.shape
    h = 1e-6
    moved = torch.tensor(REAL + h * (np.arange(60).reshape(3, 4, 5) == 7), requires_grad=True)
    (other,) = torch.autograd.grad((torch.fft.rfft(moved).abs() ** 2).sum(), moved)
    slope = ((other**2).sum() - (first**2).sum()).item() / h
    assert second.reshape(-1)[7].item() == pytest.approx(slope, rel=1e-4)


def test_frequencies_and_shifts() -> None:
    assert np.allclose(torch.fft.fftfreq(5, 0.3).numpy(), np.fft.fftfreq(5, 0.3))
    assert np.allclose(torch.fft.rfftfreq(6, 0.3).numpy(), np.fft.rfftfreq(6, 0.3))
    for dim in (None, 1, (0, 2)):
        x = torch.tensor(REAL)
        assert np.array_equal(torch.fft.fftshift(x, dim).numpy(), np.fft.fftshift(REAL, dim))
        assert np.array_equal(torch.fft.ifftshift(x, dim).numpy(), np.fft.ifftshift(REAL, dim))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: torch.fft.fft(x, 0), RuntimeError, "Invalid number of data points"),
        (lambda x: torch.fft.fft(x, norm="a"), RuntimeError, "Invalid normalization mode"),
        (lambda x: torch.fft.fft(x.half()), RuntimeError, "Unsupported dtype Half"),
        (lambda x: torch.fft.rfft(x + 0j), RuntimeError, "rfft expects a real input"),
        (lambda x: torch.fft.fftn(x, dim=(0, 0)), RuntimeError, "must be unique"),
        (lambda x: torch.fft.fftn(x, (1,), (0, 1)), RuntimeError, "must have the same length"),
        (lambda x: torch.fft.rfftn(x, dim=()), RuntimeError, "at least one axis"),
        (lambda x: torch.fft.fft(x, dim=5), IndexError, "Dimension out of range"),
        (lambda x: torch.fft.fft(x[0, 0, 0]), IndexError, "tensor has no dimensions"),
    ],
)
def test_refusals(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call(torch.tensor(REAL))


@pytest.mark.parametrize("onesided", [True, False])
@pytest.mark.parametrize("normalized", [True, False])
def test_a_signal_comes_back_from_its_spectra(onesided: bool, normalized: bool) -> None:
    signal = torch.tensor(RNG.standard_normal((2, 40)), requires_grad=True)
    window = torch.hann_window(8, dtype=torch.float64)
    how: dict[str, Any] = {
        "hop_length": 3, "window": window, "normalized": normalized, "onesided": onesided,
    }  # fmt: skip
    spectra = torch.stft(signal, 8, return_complex=True, **how)
    assert spectra.shape == (2, 5 if onesided else 8, 14)
    back = torch.istft(spectra, 8, length=39, **how)
    assert torch.allclose(back, signal[:, :39])
    (found,) = torch.autograd.grad(back.sum(), signal)
    assert torch.allclose(found, torch.tensor([[1.0] * 39 + [0.0]] * 2, dtype=torch.float64))


def test_one_piece_is_one_transform() -> None:
    x = torch.tensor(REAL[0])
    made = torch.stft(x, 5, 5, window=torch.ones(5), center=False, return_complex=True)
    assert torch.allclose(made[..., 0], torch.fft.rfft(x))


def test_spectra_are_asked_for_rightly() -> None:
    x, w = torch.ones(2, 8), torch.ones(4)
    with pytest.raises(RuntimeError, match="requires the return_complex parameter"):
        torch.stft(x, 4, window=w)
    with pytest.raises(RuntimeError, match="expected 0 < win_length <= n_fft"):
        torch.stft(x, 4, win_length=5, window=w, return_complex=True)
    with pytest.raises(RuntimeError, match="requires a complex-valued input"):
        torch.istft(x, 4, window=w)
    with pytest.raises(RuntimeError, match="window overlap add min"):
        torch.istft(torch.zeros(3, 5, dtype=torch.cfloat), 4, window=torch.zeros(4))
    with pytest.warns(UserWarning, match="A window was not provided"):
        torch.stft(x, 4, return_complex=True)
