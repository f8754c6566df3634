"""torchaudio.transforms: the formulas of ``functional`` as modules."""

from rushlight.audio.transforms.level import Fade, MuLawDecoding, MuLawEncoding, Resample, Vol
from rushlight.audio.transforms.masking import FrequencyMasking, TimeMasking
from rushlight.audio.transforms.spectral import (
    MFCC,
    AmplitudeToDB,
    ComputeDeltas,
    InverseSpectrogram,
    MelScale,
    MelSpectrogram,
    Spectrogram,
)

__all__ = [
    "MFCC",
    "AmplitudeToDB",
    "ComputeDeltas",
    "Fade",
    "FrequencyMasking",
    "InverseSpectrogram",
    "MelScale",
    "MelSpectrogram",
    "MuLawDecoding",
    "MuLawEncoding",
    "Resample",
    "Spectrogram",
    "TimeMasking",
    "Vol",
]
