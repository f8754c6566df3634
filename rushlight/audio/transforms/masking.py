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
