"""torchaudio.functional: the formulas under the transforms."""

from rushlight.audio.functional.alignment import TokenSpan, forced_align, merge_tokens
from rushlight.audio.functional.beamforming import (
    apply_beamforming,
    mvdr_weights_rtf,
    mvdr_weights_souden,
    psd,
    rtf_evd,
    rtf_power,
)
from rushlight.audio.functional.biquads import (
    allpass_biquad,
    band_biquad,
    bandpass_biquad,
    bandreject_biquad,
    bass_biquad,
    deemph_biquad,
    equalizer_biquad,
    highpass_biquad,
    lowpass_biquad,
    riaa_biquad,
    treble_biquad,
)
from rushlight.audio.functional.companding import mu_law_decoding, mu_law_encoding
from rushlight.audio.functional.decibel import DB_to_amplitude, amplitude_to_DB, gain
from rushlight.audio.functional.deltas import compute_deltas
from rushlight.audio.functional.effects import contrast, dcshift, dither, overdrive
from rushlight.audio.functional.filter_banks import create_dct, linear_fbanks, melscale_fbanks
from rushlight.audio.functional.filtering import biquad, filtfilt, lfilter
from rushlight.audio.functional.masking import mask_along_axis, mask_along_axis_iid
from rushlight.audio.functional.measure import (
    detect_pitch_frequency,
    edit_distance,
    frechet_distance,
    loudness,
    sliding_window_cmn,
    spectral_centroid,
)
from rushlight.audio.functional.mixing import (
    add_noise,
    convolve,
    deemphasis,
    fftconvolve,
    preemphasis,
    speed,
)
from rushlight.audio.functional.modulation import flanger, phaser
from rushlight.audio.functional.phase import griffinlim, phase_vocoder, pitch_shift
from rushlight.audio.functional.resampling import resample
from rushlight.audio.functional.spectrum import inverse_spectrogram, spectrogram
from rushlight.audio.functional.transducer import rnnt_loss
from rushlight.base.left_out import leaving_out

__all__ = [
    "DB_to_amplitude",
    "TokenSpan",
    "add_noise",
    "allpass_biquad",
    "amplitude_to_DB",
    "apply_beamforming",
    "band_biquad",
    "bandpass_biquad",
    "bandreject_biquad",
    "bass_biquad",
    "biquad",
    "compute_deltas",
    "contrast",
    "convolve",
    "create_dct",
    "dcshift",
    "deemph_biquad",
    "deemphasis",
    "detect_pitch_frequency",
    "dither",
    "edit_distance",
    "equalizer_biquad",
    "fftconvolve",
    "filtfilt",
    "flanger",
    "forced_align",
    "frechet_distance",
    "gain",
    "griffinlim",
    "highpass_biquad",
    "inverse_spectrogram",
    "lfilter",
    "linear_fbanks",
    "loudness",
    "lowpass_biquad",
    "mask_along_axis",
    "mask_along_axis_iid",
    "melscale_fbanks",
    "merge_tokens",
    "mu_law_decoding",
    "mu_law_encoding",
    "mvdr_weights_rtf",
    "mvdr_weights_souden",
    "overdrive",
    "phase_vocoder",
    "phaser",
    "pitch_shift",
    "preemphasis",
    "psd",
    "resample",
    "riaa_biquad",
    "rnnt_loss",
    "rtf_evd",
    "rtf_power",
    "sliding_window_cmn",
    "spectral_centroid",
    "spectrogram",
    "speed",
    "treble_biquad",
]

_LEFT_OUT = """
    vad
"""
__getattr__ = leaving_out(
    "torchaudio.functional", dict.fromkeys(_LEFT_OUT.split(), "it is one of few uses")
)
