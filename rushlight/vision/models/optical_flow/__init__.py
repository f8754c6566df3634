"""torchvision.models.optical_flow: where the pixels of one image went in the next."""

from rushlight.vision.models.optical_flow import raft
from rushlight.vision.models.optical_flow.raft import (
    RAFT,
    Raft_Large_Weights,
    Raft_Small_Weights,
    raft_large,
    raft_small,
)

__all__ = [
    "RAFT",
    "Raft_Large_Weights",
    "Raft_Small_Weights",
    "raft",
    "raft_large",
    "raft_small",
]
