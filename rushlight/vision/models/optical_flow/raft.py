"""RAFT: where each pixel of one image went in the next, better from step to step.

Teed and Deng, "RAFT: Recurrent all-pairs field transforms for optical flow", 2020.
"""

from __future__ import annotations

from typing import Any

import rushlight as torch
from rushlight import nn
from rushlight.nn import functional as F
from rushlight.tensor import Tensor
from rushlight.vision.models.construct import constructor
from rushlight.vision.models.optical_flow.correlation import CorrBlock
from rushlight.vision.models.optical_flow.encoder import (
    BottleneckBlock,
    FeatureEncoder,
    ResidualBlock,
)
from rushlight.vision.models.optical_flow.update import (
    ConvGRU,
    FlowHead,
    MaskPredictor,
    MotionEncoder,
    RecurrentBlock,
    UpdateBlock,
    upsample_flow,
)
from rushlight.vision.models.optical_flow.update import _pass_through_h as _pass_through_h
from rushlight.vision.models.published import published

__all__ = [
    "RAFT", "BottleneckBlock", "ConvGRU", "CorrBlock", "FeatureEncoder", "FlowHead",
    "MaskPredictor", "MotionEncoder", "RecurrentBlock", "ResidualBlock", "UpdateBlock",
]  # fmt: skip

Raft_Large_Weights = published("Raft_Large_Weights", __name__)
Raft_Small_Weights = published("Raft_Small_Weights", __name__)


def _places(image: Tensor, height: int, width: int) -> Any:
    """Column and row of each pixel: (N, 2, H, W)."""
    rows, columns = torch.meshgrid(
        torch.arange(height, device=image.device),
        torch.arange(width, device=image.device),
        indexing="ij",
    )
    return torch.stack((columns, rows)).float()[None].repeat(image.shape[0], 1, 1, 1)


class RAFT(nn.Module):
    """Two images (N, 3, H, W) -> a list of flows (N, 2, H, W), in pixels, the last the best.

    H and W are multiples of 8, at least 128. ``context_encoder`` gives more channels than
    ``update_block.hidden_state_size``: those are the first state. Without ``mask_predictor``
    flows are made finer bilinearly.
    """

    def __init__(
        self,
        *,
        feature_encoder: nn.Module,
        context_encoder: nn.Module,
        corr_block: Any,
        update_block: Any,
        mask_predictor: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.feature_encoder = feature_encoder
        self.context_encoder = context_encoder
        self.corr_block = corr_block
        self.update_block = update_block
        self.mask_predictor = mask_predictor
        if not hasattr(update_block, "hidden_state_size"):
            raise ValueError(
                "RAFT: The update_block parameter should expose a 'hidden_state_size' attribute."
            )

    def _start(self, image: Tensor, size: tuple[int, int]) -> tuple[Any, Any]:
        """The first state and the context, both from the first image."""
        made = self.context_encoder(image)
        if tuple(made.shape[-2:]) != size:
            raise ValueError("RAFT: The context encoder should downsample H and W by 8")
        state = self.update_block.hidden_state_size
        if made.shape[1] <= state:
            raise ValueError(
                f"RAFT: The context encoder outputs {made.shape[1]} channels, but it should have "
                f"strictly more than hidden_state={state} channels"
            )
        return torch.tanh(made[:, :state]), F.relu(made[:, state:])

    def forward(self, image1: Tensor, image2: Tensor, num_flow_updates: int = 12) -> Any:
        height, width = image1.shape[-2:]
        if (height, width) != tuple(image2.shape[-2:]):
            raise ValueError(
                f"RAFT: input images should have the same shape, instead got ({height}, {width}) "
                f"!= {tuple(image2.shape[-2:])}"
            )
        if height % 8 or width % 8:
            raise ValueError(
                "RAFT: input image H and W should be divisible by 8, instead got "
                f"{height} (h) and {width} (w)"
            )
        size = (height // 8, width // 8)
        features: Any = self.feature_encoder(torch.cat([image1, image2], dim=0))
        first, second = torch.chunk(features, chunks=2, dim=0)
        if tuple(first.shape[-2:]) != size:
            raise ValueError("RAFT: The feature encoder should downsample H and W by 8")
        self.corr_block.build_pyramid(first, second)
        state, context = self._start(image1, size)
        before = _places(image1, *size)
        after = before
        flows = []
        for _ in range(num_flow_updates):
            after = after.detach()  # each step learns from its own change alone
            alike = self.corr_block.index_pyramid(centroids_coords=after)
            state, change = self.update_block(state, context, alike, after - before)
            after = after + change
            mask = None if self.mask_predictor is None else self.mask_predictor(state)
            flows.append(upsample_flow(after - before, mask))
        return flows


def _raft(
    feature_encoder: dict[str, Any],
    context_encoder: dict[str, Any],
    radius: int,
    motion: dict[str, Any],
    state: int,
    recurrent: dict[str, Any],
    head: int,
    mask: bool,
    kwargs: dict[str, Any],
) -> RAFT:
    """Parts in torchvision's order, which decides the random numbers; ``kwargs`` may bring any."""
    given = {name: part for name, part in kwargs.items() if part is not None}
    parts: dict[str, Any] = {}

    def part(name: str, make: Any) -> Any:
        parts[name] = given.pop(name) if name in given else make()
        return parts[name]

    part("feature_encoder", lambda: FeatureEncoder(**feature_encoder))
    part("context_encoder", lambda: FeatureEncoder(**context_encoder))
    corr = part("corr_block", lambda: CorrBlock(num_levels=4, radius=radius))

    def update() -> UpdateBlock:
        encoder = MotionEncoder(in_channels_corr=corr.out_channels, **motion)
        wide = encoder.out_channels + context_encoder["layers"][-1] - state
        unit = RecurrentBlock(input_size=wide, hidden_size=state, **recurrent)
        flow = FlowHead(in_channels=state, hidden_size=head)
        return UpdateBlock(motion_encoder=encoder, recurrent_block=unit, flow_head=flow)

    part("update_block", update)
    if mask:
        part("mask_predictor", lambda: MaskPredictor(in_channels=state, hidden_size=256))
    return RAFT(**parts, **given)


@constructor(Raft_Large_Weights)
def raft_large(**kwargs: Any) -> RAFT:
    """RAFT, 5.3 million parameters."""
    layers = (64, 64, 96, 128, 256)
    return _raft(
        {"block": ResidualBlock, "layers": layers, "norm_layer": nn.InstanceNorm2d},
        {"block": ResidualBlock, "layers": layers, "norm_layer": nn.BatchNorm2d},
        4,
        {"corr_layers": (256, 192), "flow_layers": (128, 64), "out_channels": 128},
        128,
        {"kernel_size": ((1, 5), (5, 1)), "padding": ((0, 2), (2, 0))},
        256,
        True,
        kwargs,
    )


@constructor(Raft_Small_Weights)
def raft_small(**kwargs: Any) -> RAFT:
    """RAFT-S, 1.0 million parameters."""
    return _raft(
        {
            "block": BottleneckBlock,
            "layers": (32, 32, 64, 96, 128),
            "norm_layer": nn.InstanceNorm2d,
        },
        {"block": BottleneckBlock, "layers": (32, 32, 64, 96, 160), "norm_layer": None},
        3,
        {"corr_layers": (96,), "flow_layers": (64, 32), "out_channels": 82},
        96,
        {"kernel_size": (3,), "padding": (1,)},
        128,
        False,
        kwargs,
    )
