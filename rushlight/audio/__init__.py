"""torchaudio's names: sound files, data sets, spectrograms and what is made of them."""

from rushlight.audio import datasets, functional, transforms
from rushlight.audio.files import AudioMetaData, info, list_audio_backends, load, save

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
