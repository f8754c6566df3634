"""``torch.distributions.utils``: what writers of distributions import from there."""

from typing import Any

from rushlight.distributions.arguments import (
    broadcast_all,
    clamp_probs,
    lazy_property,
    logits_to_probs,
    probs_to_logits,
    tril_matrix_to_vec,
    vec_to_tril_matrix,
)
from rushlight.distributions.arguments import (
    standard_normal as _normal,
)
from rushlight.distributions.arguments import (
    sum_rightmost as _sum_rightmost,  # noqa: F401 - probabilistic libraries import it
)


def _standard_normal(shape: Any, dtype: Any, device: Any = None) -> Any:
    """Normal numbers, as libraries draw them."""
    return _normal(shape, dtype)


__all__ = [
    "broadcast_all", "clamp_probs", "lazy_property", "logits_to_probs", "probs_to_logits",
    "tril_matrix_to_vec", "vec_to_tril_matrix",
]  # fmt: skip
