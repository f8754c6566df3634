"""torchaudio.datasets: recordings in their published layout."""

from rushlight.audio.datasets.by_hand import CMUARCTIC, GTZAN, LIBRITTS
from rushlight.audio.datasets.speech import COMMONVOICE, LIBRISPEECH, LJSPEECH, YESNO
from rushlight.audio.datasets.speech_commands import SPEECHCOMMANDS
from rushlight.base.left_out import leaving_out

__all__ = [
    "CMUARCTIC", "COMMONVOICE", "GTZAN", "LIBRISPEECH", "LIBRITTS", "LJSPEECH", "SPEECHCOMMANDS",
    "YESNO",
]  # fmt: skip

_OTHERS = """
    CMUDict DR_VCTK FluentSpeechCommands IEMOCAP LibriLightLimited LibriMix
    LibriSpeechBiasing MUSDB_HQ QUESST14 Snips TEDLIUM VCTK_092 VoxCeleb1Identification
    VoxCeleb1Verification
"""
__getattr__ = leaving_out(
    "torchaudio.datasets",
    dict.fromkeys(_OTHERS.split(), "it is one of few uses; torchaudio.load reads its files"),
)
