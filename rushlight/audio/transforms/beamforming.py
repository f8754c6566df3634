"""Several microphones as one, as modules: ``functional.beamforming``."""

from __future__ import annotations

from typing import Any

from rushlight.audio.functional import beamforming as F
from rushlight.nn import Module
from rushlight.tensor import Tensor


class PSD(Module):
    """How the channels go together: ``functional.psd``. (..., C, F, T) -> (..., F, C, C).

    With ``multi_mask`` there is a mask for each channel, (..., C, F, T), of which the mean counts.
    """

    def __init__(
        self, multi_mask: bool = False, normalize: bool = True, eps: float = 1e-15
    ) -> None:
        super().__init__()
        self.multi_mask = multi_mask
        self.normalize = normalize
        self.eps = eps

    def forward(self, specgram: Tensor, mask: Tensor | None = None) -> Tensor:
        if mask is not None and self.multi_mask:
            mask = mask.mean(dim=-3)
        return F.psd(specgram, mask, self.normalize, self.eps)


class SoudenMVDR(Module):
    """The target alone by ``functional.mvdr_weights_souden``: (..., C, F, T) -> (..., F, T)."""

    def forward(
        self,
        specgram: Tensor,
        psd_s: Tensor,
        psd_n: Tensor,
        reference_channel: int | Tensor,
        diagonal_loading: bool = True,
        diag_eps: float = 1e-7,
        eps: float = 1e-8,
    ) -> Any:
        weights = F.mvdr_weights_souden(
            psd_s, psd_n, reference_channel, diagonal_loading, diag_eps, eps
        )
        return F.apply_beamforming(weights, specgram)


class RTFMVDR(Module):
    """The target alone by ``functional.mvdr_weights_rtf``: (..., C, F, T) -> (..., F, T)."""

    def forward(
        self,
        specgram: Tensor,
        rtf: Tensor,
        psd_n: Tensor,
        reference_channel: int | Tensor,
        diagonal_loading: bool = True,
        diag_eps: float = 1e-7,
        eps: float = 1e-8,
    ) -> Any:
        weights = F.mvdr_weights_rtf(rtf, psd_n, reference_channel, diagonal_loading, diag_eps, eps)
        return F.apply_beamforming(weights, specgram)
