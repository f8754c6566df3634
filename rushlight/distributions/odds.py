"""What distributions of yes and no share: a chance, given as such or as log-odds."""

from __future__ import annotations

from typing import Any

from rushlight.distributions.arguments import (
    broadcast_all,
    exactly_one,
    lazy_property,
    logits_to_probs,
    probs_to_logits,
)
from rushlight.distributions.distribution import Distribution


class Odds(Distribution):
    """Keeps ``probs`` or ``logits``, whichever was given, and computes the other when asked."""

    def _take(self, probs: Any, logits: Any, *others: Any) -> tuple[Any, ...]:
        """Keep the one that was given; returns the others, all broadcast to one shape."""
        self._by_probs = exactly_one(probs, logits)
        param, *rest = broadcast_all(probs if self._by_probs else logits, *others)
        setattr(self, "probs" if self._by_probs else "logits", param)
        return tuple(rest)

    @property
    def _param(self) -> Any:
        return self.__dict__["probs" if self._by_probs else "logits"]

    @lazy_property
    def logits(self) -> Any:
        """Log-odds."""
        return probs_to_logits(self.probs, is_binary=True)

    @lazy_property
    def probs(self) -> Any:
        """Chances."""
        return logits_to_probs(self.logits, is_binary=True)

    @property
    def param_shape(self) -> Any:
        """The shape of the chances."""
        return self._param.size()
