"""torch.nn.functional's losses with PyTorch's full signatures, over the ops of ops/loss/."""

from rushlight.tensor.functions.loss import (
    classification,
    embedding,
    likelihood,
    margin,
    regression,
)

__all__ = ["classification", "embedding", "likelihood", "margin", "regression"]
