"""``torch.distributions.utils``: what writers of distributions import from there."""

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
    sum_rightmost as _sum_rightmost,  # noqa: F401 - probabilistic libraries import it
)

__all__ = [
    "broadcast_all", "clamp_probs", "lazy_property", "logits_to_probs", "probs_to_logits",
    "tril_matrix_to_vec", "vec_to_tril_matrix",
]  # fmt: skip
