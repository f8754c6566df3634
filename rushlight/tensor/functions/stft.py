"""Spectra of short pieces of a signal: stft, and istft, which puts the signal together again."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.base.warn import warn
from rushlight.ops.legacy_names import legacy_name
from rushlight.tensor.functions.fft import FFT
from rushlight.tensor.functions.padding import pad
from rushlight.tensor.functions.register import public
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


def _shown(value: Any) -> str:
    if value is None:
        return "None"
    return str(int(value)) if isinstance(value, (bool, int)) else str(value)


def _tensor_word(x: Tensor, prefix: str) -> str:
    shape = ", ".join(map(str, x.shape))
    kind = legacy_name(x.dtype)
    return f"torch.{kind}Tensor[{shape}]" if not prefix else f"CPU{kind}Type[{shape}]"


def _window_word(window: Any) -> str:
    if window is None:
        return "None"
    shape = ", ".join(map(str, window.shape))
    return f"torch.{legacy_name(window.dtype)}Tensor{{[{shape}]}}"


def _call(who: str, x: Tensor, prefix: str = "", **told: Any) -> str:
    """The call as PyTorch's messages spell it."""
    parts = [_tensor_word(x, prefix)]
    for name, value in told.items():
        shown = _window_word(value) if name == "window" else _shown(value)
        parts.append(f"{name}={shown}")
    return f"{who}({', '.join(parts)})"


def _centred(window: Any, n_fft: int, win_length: int, like: Any) -> Any:
    """The window in the middle of ``n_fft`` places; ones where none was given."""
    if win_length == n_fft:
        return window
    left = (n_fft - win_length) // 2
    whole = window if window is not None else like.new_ones(win_length)
    return pad(whole, (left, n_fft - win_length - left))


@public(method=True)
def stft(
    input: Any, n_fft: int, hop_length: int | None = None, win_length: int | None = None,
    window: Any = None, center: object = True, pad_mode: str = "reflect", normalized: bool = False,
    onesided: bool | None = None, return_complex: bool | None = None,
    align_to_window: bool | None = None,
) -> Tensor:  # fmt: skip
    """Spectra of pieces of a signal, ``hop_length`` apart: (B?, L) -> (B?, frequencies, pieces).

    Each piece of ``n_fft`` samples is multiplied by ``window``. Raises RuntimeError where the
    window is longer than a piece, or a piece longer than the signal.

    >>> import rushlight as torch
    >>> torch.stft(torch.ones(8), 4, window=torch.ones(4), return_complex=True).shape
    torch.Size([3, 9])
    """
    if window is None:
        warn(
            "A window was not provided. A rectangular window will be applied,which is known to "
            "cause spectral leakage. Other windows such as torch.hann_window or "
            "torch.hamming_window are recommended to reduce spectral leakage.To suppress this "
            "warning and use a rectangular window, explicitly set `window=torch.ones(n_fft, "
            "device=<device>)`."
        )
    if center and align_to_window is not None:
        raise RuntimeError("stft align_to_window should only be set when center = false")
    hop = n_fft // 4 if hop_length is None else hop_length
    length = n_fft if win_length is None else win_length
    signal = input
    if center and signal.ndim in (1, 2):
        half = n_fft // 2
        lead = signal.reshape((1,) * (3 - signal.ndim) + tuple(signal.shape))
        signal = pad(lead, (half, half), mode=pad_mode).reshape(*signal.shape[:-1], -1)
    told = _call(
        "stft", signal, n_fft=n_fft, hop_length=hop, win_length=length, window=window,
        normalized=normalized, onesided=onesided, return_complex=return_complex,
        align_to_window=align_to_window,
    )  # fmt: skip
    _check_stft(told, signal, n_fft, hop, length, window, return_complex)
    several = signal.ndim == 2
    rows = signal if several else signal.unsqueeze(0)
    if align_to_window:
        half = (n_fft - length) // 2
        rows = pad(rows, (half, half))
    seam = rows.unfold(-1, n_fft, hop)
    shaped = _centred(window, n_fft, length, rows)
    if shaped is not None:
        seam = seam * shaped
    real = not seam.is_complex()
    half_only = real if onesided is None else onesided
    if half_only and not real:
        raise RuntimeError("Cannot have onesided output if window or input is complex")
    norm = "ortho" if normalized else None
    spectra = FFT["rfft" if half_only else "fft"](seam, norm=norm).transpose(1, 2)
    made: Tensor = spectra if several else spectra.squeeze(0)
    wants_complex = return_complex if return_complex is not None else True
    return made if wants_complex else function("_view_as_real")(made)


def _check_stft(
    told: str, signal: Any, n_fft: int, hop: int, length: int, window: Any, return_complex: Any
) -> None:
    kind = signal.dtype
    if not (kind.is_floating_point or kind.is_complex):
        raise RuntimeError(f"{told} : expected a tensor of floating point or complex values")
    if signal.ndim not in (1, 2):
        raise RuntimeError(f"{told} : expected a 1D or 2D tensor")
    if not 0 < n_fft <= signal.shape[-1]:
        raise RuntimeError(
            f"{told} : expected 0 < n_fft < {signal.shape[-1]}, but got n_fft={n_fft}"
        )
    if hop <= 0:
        raise RuntimeError(f"{told} : expected hop_length > 0, but got hop_length={hop}")
    if not 0 < length <= n_fft:
        raise RuntimeError(
            f"{told} : expected 0 < win_length <= n_fft, but got win_length={length}"
        )
    if window is not None and tuple(window.shape) != (length,):
        raise RuntimeError(
            f"{told} : expected a 1D window tensor of size equal to win_length={length}, but got "
            f"window with size {list(window.shape)}"
        )
    if return_complex is None and not kind.is_complex and not (
        window is not None and window.is_complex()
    ):  # fmt: skip
        raise RuntimeError(
            "stft requires the return_complex parameter be given for real inputs, and will "
            "further require that return_complex=True in a future PyTorch release."
        )
    if return_complex is not None and not return_complex:
        warn(
            "stft with return_complex=False is deprecated. In a future pytorch release, stft will "
            "return complex tensors for all inputs, and return_complex=False will raise an error.\n"
            "Note: you can still call torch.view_as_real on the complex output to recover the old "
            "return format."
        )


@public(method=True)
def istft(
    input: Any, n_fft: int, hop_length: int | None = None, win_length: int | None = None,
    window: Any = None, center: bool = True, normalized: bool = False,
    onesided: bool | None = None, length: int | None = None, return_complex: bool = False,
) -> Tensor:  # fmt: skip
    """The signal that has these ``stft`` spectra: (B?, frequencies, pieces) -> (B?, L).

    Pieces are added where they overlap and divided by the overlap of the squared windows, which
    may be nowhere zero: RuntimeError.

    >>> import rushlight as torch
    >>> x, w = torch.arange(8.), torch.ones(4)
    >>> torch.istft(torch.stft(x, 4, window=w, return_complex=True), 4, window=w).round()
    tensor([0., 1., 2., 3., 4., 5., 6., 7.])
    """
    if window is None:
        warn(
            "A window was not provided. A rectangular window will be applied.Please provide the "
            "same window used by stft to make the inversion lossless.To suppress this warning and "
            "use a rectangular window, explicitly set `window=torch.ones(n_fft, device=<device>)`."
        )
    hop = n_fft // 4 if hop_length is None else hop_length
    size = n_fft if win_length is None else win_length
    told = _call(
        "istft", input, "CPU", n_fft=n_fft, hop_length=hop, win_length=size, window=window,
        center=center, normalized=normalized, onesided=onesided, length=length,
        return_complex=return_complex,
    )  # fmt: skip
    _check_istft(told, input, n_fft, hop, size, window, onesided, return_complex)
    several = input.ndim == 3
    spectra = (input if several else input.unsqueeze(0)).transpose(1, 2)
    count = spectra.shape[1]
    norm = "ortho" if normalized else None
    if return_complex:
        pieces = FFT["ifft"](spectra, norm=norm)
    else:  # of a whole spectrum the second half is not looked at
        pieces = FFT["irfft"](spectra[..., : n_fft // 2 + 1], n_fft, norm=norm)
    shaped = window if window is not None else _ones_like(pieces, size)
    shaped = _centred(shaped, n_fft, size, pieces)
    total = n_fft + hop * (count - 1)
    signal = _overlapped(pieces * shaped, hop, total)
    squares = (shaped * shaped).expand(1, count, n_fft)
    weight = _overlapped(squares, hop, total)
    start = n_fft // 2 if center else 0
    end = total - start if length is None else start + length
    signal, weight = signal[:, start:end], weight[:, start:end]
    least = function("abs")(weight).min().item() if weight.numel() else 1.0
    if least <= 1e-11:
        raise RuntimeError(f"{told} window overlap add min: 1\n[ CPUBoolType{{}} ]")
    signal = signal / weight
    if length is not None and end > total:
        warn(
            "The length of signal is shorter than the length parameter. Result is being padded "
            "with zeros in the tail. Please check your center and hop_length settings."
        )
        signal = pad(signal, (0, end - total))
    made: Tensor = signal if several else signal.squeeze(0)
    return made


def _ones_like(pieces: Any, size: int) -> Any:
    return pieces.new_ones(size)


def _overlapped(pieces: Any, hop: int, total: int) -> Any:
    """(B, pieces, n_fft) added up at their places: (B, total)."""
    rows, count, size = pieces.shape
    places = np.arange(count)[:, None] * hop + np.arange(size)
    index = Tensor._from_array(places.reshape(-1))
    return pieces.new_zeros(rows, total).index_add(1, index, pieces.reshape(rows, -1))


def _check_istft(
    told: str, x: Any, n_fft: int, hop: int, size: int, window: Any, onesided: bool | None,
    return_complex: bool,
) -> None:  # fmt: skip
    if not x.is_complex():
        raise RuntimeError(
            "istft requires a complex-valued input tensor matching the output from stft with "
            "return_complex=True."
        )
    if not x.numel():
        raise RuntimeError(f"{told} : input tensor cannot be empty.")
    if x.ndim not in (2, 3):
        raise RuntimeError(
            f"{told} : expected a tensor with 2 or 3 dimensions, but got {x.ndim}"
        )  # fmt: skip
    half_only = onesided if onesided is not None else x.shape[-2] != n_fft
    if half_only and n_fft // 2 + 1 != x.shape[-2]:
        raise RuntimeError(
            f"{told} : expected the frequency dimension (3rd to the last) of the input tensor to "
            f"match n_fft / 2 + 1 when onesided=True, but got {x.shape[-2]}"
        )
    if not half_only and n_fft != x.shape[-2]:
        raise RuntimeError(
            f"{told} : expected the frequency dimension (3rd to the last) of the input tensor to "
            f"match n_fft when onesided=False, but got {x.shape[-2]}"
        )
    if not 0 < hop <= size:
        raise RuntimeError(f"{told} : expected 0 < hop_length <= win_length")
    if not 0 < size <= n_fft:
        raise RuntimeError(f"{told} : expected 0 < win_length <= n_fft")
    if window is not None and tuple(window.shape) != (size,):
        raise RuntimeError(
            f"{told} : Invalid window shape. window has to be 1D and length of `win_length`"
        )
    if return_complex and half_only:
        raise RuntimeError("Cannot have onesided output if window or input is complex")
    if not return_complex and window is not None and window.is_complex():
        raise RuntimeError(
            "Complex windows are incompatible with return_complex=False"
        )  # fmt: skip
