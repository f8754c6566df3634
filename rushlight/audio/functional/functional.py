"""``torchaudio.functional.functional``, an address that vocoders import the mel scale from."""

from rushlight.audio.functional.filter_banks import _to_hertz as _mel_to_hz
from rushlight.audio.functional.filter_banks import _to_mel as _hz_to_mel

__all__ = ["_hz_to_mel", "_mel_to_hz"]
