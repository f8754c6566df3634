"""torch.utils.serialization.config: ``load.mmap``, ``load.endianness``, ``save.compute_crc32``."""

from rushlight.serialization.settings import load, save

__all__ = ["load", "save"]
