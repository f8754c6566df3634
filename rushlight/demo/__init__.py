"""The demonstration: train a small network on real images, show what came of it."""

from rushlight.demo.training import Outcome, run

__all__ = ["Outcome", "run"]
