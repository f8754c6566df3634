"""torchaudio's names: sound files, data sets, spectrograms and what is made of them."""

from rushlight.audio import datasets, functional, transforms
from rushlight.audio.files import AudioMetaData, info, list_audio_backends, load, save
from rushlight.base.left_out import leaving_out

__version__ = "2.8.0"  # whose interface this is

__all__ = [
    "AudioMetaData",
    "datasets",
    "functional",
    "info",
    "list_audio_backends",
    "load",
    "save",
    "transforms",
]

_LEFT_OUT = """
    compliance models pipelines
"""
__getattr__ = leaving_out(
    "torchaudio",
    dict.fromkeys(_LEFT_OUT.split(), "of torchaudio there are files, data sets and transforms"),
)
