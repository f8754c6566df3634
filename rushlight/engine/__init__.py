"""The engine: records operations, recognises what it has seen, runs whole plans."""

from rushlight.engine.flush import clear, flush, stats
from rushlight.engine.trace import local

__all__ = ["clear", "flush", "local", "stats"]
