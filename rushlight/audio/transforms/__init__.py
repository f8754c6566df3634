"""torchaudio.transforms: the formulas of ``functional`` as modules."""

from rushlight.audio.transforms.beamforming import PSD, RTFMVDR, SoudenMVDR
from rushlight.audio.transforms.inverse import GriffinLim, InverseMelScale
from rushlight.audio.transforms.level import Fade, MuLawDecoding, MuLawEncoding, Resample, Vol
from rushlight.audio.transforms.masking import FrequencyMasking, SpecAugment, TimeMasking
from rushlight.audio.transforms.measure import LFCC, Loudness, SlidingWindowCmn, SpectralCentroid
from rushlight.audio.transforms.mixing import (
    AddNoise,
    Convolve,
    Deemphasis,
    FFTConvolve,
    Preemphasis,
)
from rushlight.audio.transforms.spectral import (
    MFCC,
    AmplitudeToDB,
    ComputeDeltas,
    InverseSpectrogram,
    MelScale,
    MelSpectrogram,
    Spectrogram,
)
from rushlight.audio.transforms.stretch import PitchShift, Speed, SpeedPerturbation, TimeStretch
from rushlight.audio.transforms.transducer import RNNTLoss
from rushlight.base.left_out import leaving_out

__all__ = [
    "LFCC",
    "MFCC",
    "PSD",
    "RTFMVDR",
    "AddNoise",
    "AmplitudeToDB",
    "ComputeDeltas",
    "Convolve",
    "Deemphasis",
    "FFTConvolve",
    "Fade",
    "FrequencyMasking",
    "GriffinLim",
    "InverseMelScale",
    "InverseSpectrogram",
    "Loudness",
    "MelScale",
    "MelSpectrogram",
    "MuLawDecoding",
    "MuLawEncoding",
    "PitchShift",
    "Preemphasis",
    "RNNTLoss",
    "Resample",
    "SlidingWindowCmn",
    "SoudenMVDR",
    "SpecAugment",
    "SpectralCentroid",
    "Spectrogram",
    "Speed",
    "SpeedPerturbation",
    "TimeMasking",
    "TimeStretch",
    "Vol",
]

_LEFT_OUT = """
    MVDR Vad
"""
__getattr__ = leaving_out(
    "torchaudio.transforms", dict.fromkeys(_LEFT_OUT.split(), "it is one of few uses")
)
