"""torchaudio.transforms: the formulas of ``functional`` as modules."""

from rushlight.audio.transforms.level import Fade, MuLawDecoding, MuLawEncoding, Resample, Vol
from rushlight.audio.transforms.masking import FrequencyMasking, TimeMasking
from rushlight.audio.transforms.spectral import (
    MFCC,
    AmplitudeToDB,
    ComputeDeltas,
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
    "MelScale",
    "MelSpectrogram",
    "MuLawDecoding",
    "MuLawEncoding",
    "Resample",
    "Spectrogram",
    "TimeMasking",
    "Vol",
]
