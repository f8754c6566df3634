"""Hide stretches of spectrograms while training."""

from __future__ import annotations

from rushlight.audio import functional as F
from rushlight.nn import Module
from rushlight.tensor import Tensor


class _Masking(Module):
    axis: int  # of (C, F, T)

    def __init__(self, mask_param: int, iid_masks: bool, p: float) -> None:
        super().__init__()
        self.mask_param = mask_param
        self.iid_masks = iid_masks
        self.p = p

    def forward(self, specgram: Tensor, mask_value: float = 0.0) -> Tensor:
        """The spectrogram with ``mask_value`` in a random stretch."""
        mask = F.mask_along_axis_iid if self.iid_masks else F.mask_along_axis
        axis = self.axis + specgram.ndim - 3
        return mask(specgram, self.mask_param, mask_value, axis, self.p)


class FrequencyMasking(_Masking):
    """Hide up to ``freq_mask_param`` neighbouring frequencies."""

    axis = 1

    def __init__(self, freq_mask_param: int, iid_masks: bool = False) -> None:
        super().__init__(freq_mask_param, iid_masks, 1.0)


class TimeMasking(_Masking):
    """Hide up to ``time_mask_param`` neighbouring frames, at most a share ``p`` of all."""

    axis = 2

    def __init__(self, time_mask_param: int, iid_masks: bool = False, p: float = 1.0) -> None:
        if not 0.0 <= p <= 1.0:
            raise ValueError(f"The value of p must be between 0.0 and 1.0 ({p} given).")
        super().__init__(time_mask_param, iid_masks, p)


class SpecAugment(Module):
    """Hide several stretches of time and of frequency (D. Park et al., arXiv:1904.08779).

    By the mean, or zeros with ``zero_masking``; others in each sample of a batch with
    ``iid_masks``.
    """

    def __init__(
        self,
        n_time_masks: int,
        time_mask_param: int,
        n_freq_masks: int,
        freq_mask_param: int,
        iid_masks: bool = True,
        p: float = 1.0,
        zero_masking: bool = False,
    ) -> None:
        super().__init__()
        self.n_time_masks = n_time_masks
        self.time_mask_param = time_mask_param
        self.n_freq_masks = n_freq_masks
        self.freq_mask_param = freq_mask_param
        self.iid_masks = iid_masks
        self.p = p
        self.zero_masking = zero_masking

    def forward(self, specgram: Tensor) -> Tensor:
        """The spectrogram with stretches hidden, of time first."""
        value = 0.0 if self.zero_masking else specgram.mean()
        each = specgram.ndim > 2 and self.iid_masks
        mask = F.mask_along_axis_iid if each else F.mask_along_axis
        for count, width, axis in (
            (self.n_time_masks, self.time_mask_param, specgram.ndim - 1),
            (self.n_freq_masks, self.freq_mask_param, specgram.ndim - 2),
        ):
            for _ in range(count):
                specgram = mask(specgram, width, value, axis, self.p)
        return specgram
