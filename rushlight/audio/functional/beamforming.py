"""Several microphones as one: spectral densities, transfer functions, filters and their use.

Spectra are complex, (..., C, F, T): channels, frequencies, times. The filters let the target pass
unchanged and as little noise as possible (minimum variance, distortionless response).
"""

from __future__ import annotations

import rushlight as torch
from rushlight.tensor import Tensor


def psd(
    specgram: Tensor, mask: Tensor | None = None, normalize: bool = True, eps: float = 1e-10
) -> Tensor:
    """How the channels go together at each frequency, (..., C, F, T) -> (..., F, C, C).

    ``mask`` (..., F, T) says how much each time counts; with ``normalize`` its sum is one. Raises
    ValueError for a mask of other sizes.

    >>> import rushlight as torch
    >>> psd(torch.ones(2, 1, 3, dtype=torch.cfloat)).real
    tensor([[[3., 3.],
             [3., 3.]]])
    """
    each = specgram.transpose(-3, -2)
    if mask is None:
        return each @ each.mH
    if mask.shape[:-1] != each.shape[:-2] or mask.shape[-1] != each.shape[-1]:
        raise ValueError(
            f"psd: a mask {tuple(mask.shape)} for a spectrum {tuple(specgram.shape)}; (..., F, T) "
            "for (..., C, F, T) is wanted"
        )
    if normalize:
        mask = mask / (mask.sum(dim=-1, keepdim=True) + eps)
    return (each * mask[..., None, :]) @ each.mH


def _loaded(matrix: Tensor, share: float, least: float = 1e-8) -> Tensor:
    """A little of the trace added to the diagonal, so that systems of equations have a solution."""
    added = _trace(matrix).real[..., None, None] * share + least
    return matrix + added * torch.eye(matrix.shape[-1], dtype=matrix.dtype)


def _trace(matrix: Tensor) -> Tensor:
    return torch.diagonal(matrix, dim1=-1, dim2=-2).sum(-1)


def _complex(who: str, *tensors: Tensor) -> None:
    for each in tensors:
        if not each.is_complex():
            raise TypeError(f"{who}: complex numbers are wanted, this is {each.dtype}")


def _densities(who: str, *matrices: Tensor) -> None:
    """ValueError or TypeError if these are not (..., F, C, C), all of one size, and complex."""
    for each in matrices:
        if each.ndim < 3 or each.shape[-1] != each.shape[-2] or each.shape != matrices[0].shape:
            raise ValueError(
                f"{who}: densities are (..., F, C, C), alike for target and noise; got "
                + " and ".join(str(tuple(matrix.shape)) for matrix in matrices)
            )
    _complex(who, *matrices)


def _at(values: Tensor, reference: int | Tensor, inner: int = 1) -> Tensor:
    """(..., C) -> (...): one channel, or several by their shares (batch, C), which hold for the
    ``inner`` axes before the last."""
    if isinstance(reference, int):
        return values[..., reference]
    shares = reference.to(values.dtype)
    return (values * shares[(..., *[None] * inner, slice(None))]).sum(-1)


def mvdr_weights_souden(
    psd_s: Tensor, psd_n: Tensor, reference_channel: int | Tensor, diagonal_loading: bool = True,
    diag_eps: float = 1e-7, eps: float = 1e-8,
) -> Tensor:  # fmt: skip
    """The filter (..., F, C) from the densities (..., F, C, C) of target and noise.

    Souden, Benesty and Affes, "On optimal frequency-domain multichannel linear filtering for noise
    reduction" (2009).
    """
    _densities("mvdr_weights_souden", psd_s, psd_n)
    noise = _loaded(psd_n, diag_eps, eps) if diagonal_loading else psd_n
    ratio = torch.linalg.solve(noise, psd_s)
    weights = ratio / (_trace(ratio)[..., None, None] + eps)
    return _at(weights, reference_channel, 2)


def mvdr_weights_rtf(
    rtf: Tensor, psd_n: Tensor, reference_channel: int | Tensor | None = None,
    diagonal_loading: bool = True, diag_eps: float = 1e-7, eps: float = 1e-8,
) -> Tensor:  # fmt: skip
    """The filter (..., F, C) from the relative transfer function (..., F, C) of the target."""
    _densities("mvdr_weights_rtf", psd_n)
    noise = _loaded(psd_n, diag_eps, eps) if diagonal_loading else psd_n
    numerator = torch.linalg.solve(noise, rtf.unsqueeze(-1)).squeeze(-1)
    denominator = (rtf.conj() * numerator).sum(-1)
    weights = numerator / (denominator.real.unsqueeze(-1) + eps)
    if reference_channel is None:
        return weights
    return weights * _at(rtf, reference_channel).conj()[..., None]


def rtf_evd(psd_s: Tensor) -> Tensor:
    """The relative transfer function: the eigenvector of the largest eigenvalue, (..., F, C)."""
    _densities("rtf_evd", psd_s)
    _, vectors = torch.linalg.eigh(psd_s)
    return vectors[..., -1]


def rtf_power(
    psd_s: Tensor, psd_n: Tensor, reference_channel: int | Tensor, n_iter: int = 3,
    diagonal_loading: bool = True, diag_eps: float = 1e-7,
) -> Tensor:  # fmt: skip
    """The relative transfer function (..., F, C) by the power method. ValueError for ``n_iter``
    below 1."""
    _densities("rtf_power", psd_s, psd_n)
    if n_iter <= 0:
        raise ValueError(f"rtf_power: n_iter is at least 1, not {n_iter}")
    noise = _loaded(psd_n, diag_eps) if diagonal_loading else psd_n
    ratio = torch.linalg.solve(noise, psd_s)
    found = _at(ratio, reference_channel, 2).unsqueeze(-1)
    if n_iter >= 2:
        for _ in range(n_iter - 2):
            found = ratio @ found
        found = psd_s @ found
    else:
        found = noise @ found
    return found.squeeze(-1)


def apply_beamforming(beamform_weights: Tensor, specgram: Tensor) -> Tensor:
    """The channels (..., C, F, T) as one, (..., F, T), by a filter (..., F, C)."""
    if beamform_weights.shape[:-2] != specgram.shape[:-3]:
        raise ValueError(
            f"apply_beamforming: weights {tuple(beamform_weights.shape)} and a spectrum "
            f"{tuple(specgram.shape)} differ in batches; (..., F, C) and (..., C, F, T) are wanted"
        )
    _complex("apply_beamforming", beamform_weights, specgram)
    each = specgram.transpose(-3, -2)
    return (beamform_weights.conj().unsqueeze(-2) @ each).squeeze(-2)
