"""torchaudio.functional: the formulas under the transforms."""

from rushlight.audio.functional.companding import mu_law_decoding, mu_law_encoding
from rushlight.audio.functional.decibel import DB_to_amplitude, amplitude_to_DB, gain
from rushlight.audio.functional.deltas import compute_deltas
from rushlight.audio.functional.filter_banks import create_dct, linear_fbanks, melscale_fbanks
from rushlight.audio.functional.masking import mask_along_axis, mask_along_axis_iid
from rushlight.audio.functional.resampling import resample
from rushlight.audio.functional.spectrum import inverse_spectrogram, spectrogram

__all__ = [
    "DB_to_amplitude",
    "amplitude_to_DB",
    "compute_deltas",
    "create_dct",
    "gain",
    "inverse_spectrogram",
    "linear_fbanks",
    "mask_along_axis",
    "mask_along_axis_iid",
    "melscale_fbanks",
    "mu_law_decoding",
    "mu_law_encoding",
    "resample",
    "spectrogram",
]
