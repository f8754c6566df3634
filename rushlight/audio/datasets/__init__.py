"""torchaudio.datasets: recordings in their published layout."""

from rushlight.audio.datasets.speech_commands import SPEECHCOMMANDS

__all__ = ["SPEECHCOMMANDS"]
