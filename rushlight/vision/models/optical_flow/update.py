"""One step of RAFT: from what was found so far to a better flow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import rushlight as torch
from rushlight import nn
from rushlight.nn import functional as F
from rushlight.tensor import Tensor
from rushlight.vision.ops.blocks import Conv2dNormActivation


def _conv(wide: int, out: int, size: int) -> nn.Module:
    return Conv2dNormActivation(wide, out, size, norm_layer=None)


class MotionEncoder(nn.Module):
    """The flow and what was alike around it: (N, 2, H, W), (N, C, H, W) -> (N, K, H, W)."""

    def __init__(
        self,
        *,
        in_channels_corr: int,
        corr_layers: Sequence[int] = (256, 192),
        flow_layers: Sequence[int] = (128, 64),
        out_channels: int = 128,
    ) -> None:
        super().__init__()
        if len(flow_layers) != 2:
            raise ValueError(
                "MotionEncoder: The expected number of flow_layers is 2, instead got "
                f"{len(flow_layers)}"
            )
        if len(corr_layers) not in (1, 2):
            raise ValueError(
                "MotionEncoder: The number of corr_layers should be 1 or 2, instead got "
                f"{len(corr_layers)}"
            )
        self.convcorr1 = _conv(in_channels_corr, corr_layers[0], 1)
        two = len(corr_layers) == 2
        self.convcorr2 = _conv(corr_layers[0], corr_layers[1], 3) if two else nn.Identity()
        self.convflow1 = _conv(2, flow_layers[0], 7)
        self.convflow2 = _conv(flow_layers[0], flow_layers[1], 3)
        # The flow itself is the last two channels.
        self.conv = _conv(corr_layers[-1] + flow_layers[-1], out_channels - 2, 3)
        self.out_channels = out_channels

    def forward(self, flow: Tensor, corr_features: Tensor) -> Any:
        corr = self.convcorr2(self.convcorr1(corr_features))
        seen = torch.cat([corr, self.convflow2(self.convflow1(flow))], dim=1)
        return torch.cat([self.conv(seen), flow], dim=1)


class ConvGRU(nn.Module):
    """A gated unit of convolutions: state (N, C, H, W), input (N, C', H, W) -> state."""

    def __init__(
        self, *, input_size: int, hidden_size: int, kernel_size: Any, padding: Any
    ) -> None:
        super().__init__()
        wide = hidden_size + input_size
        self.convz = nn.Conv2d(wide, hidden_size, kernel_size, padding=padding)
        self.convr = nn.Conv2d(wide, hidden_size, kernel_size, padding=padding)
        self.convq = nn.Conv2d(wide, hidden_size, kernel_size, padding=padding)

    def forward(self, h: Tensor, x: Tensor) -> Any:
        both = torch.cat([h, x], dim=1)
        z = torch.sigmoid(self.convz(both))
        r = torch.sigmoid(self.convr(both))
        q = torch.tanh(self.convq(torch.cat([r * h, x], dim=1)))
        return (1 - z) * h + z * q


def _pass_through_h(h: Any, _: Any) -> Any:
    return h


class RecurrentBlock(nn.Module):
    """One gated unit, or two: along rows, then along columns."""

    def __init__(
        self,
        *,
        input_size: int,
        hidden_size: int,
        kernel_size: Sequence[Any] = ((1, 5), (5, 1)),
        padding: Sequence[Any] = ((0, 2), (2, 0)),
    ) -> None:
        super().__init__()
        if len(kernel_size) != len(padding):
            raise ValueError(
                "RecurrentBlock: kernel_size should have the same length as padding, instead got "
                f"len(kernel_size) = {len(kernel_size)} and len(padding) = {len(padding)}"
            )
        if len(kernel_size) not in (1, 2):
            raise ValueError(
                "RecurrentBlock: kernel_size should be of length 1 or 2, instead got "
                f"{len(kernel_size)}"
            )
        for place, (taps, edge) in enumerate(zip(kernel_size, padding, strict=True), 1):
            unit = ConvGRU(
                input_size=input_size, hidden_size=hidden_size, kernel_size=taps, padding=edge
            )
            setattr(self, f"convgru{place}", unit)
        if len(kernel_size) == 1:
            self.convgru2 = _pass_through_h
        self.hidden_size = hidden_size

    def forward(self, h: Tensor, x: Tensor) -> Any:
        return self.convgru2(self.convgru1(h, x), x)


class FlowHead(nn.Module):
    """From the state to how the flow changes: (N, C, H, W) -> (N, 2, H, W)."""

    def __init__(self, *, in_channels: int, hidden_size: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, hidden_size, 3, padding=1)
        self.conv2 = nn.Conv2d(hidden_size, 2, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Any:
        return self.conv2(self.relu(self.conv1(x)))


class UpdateBlock(nn.Module):
    """State, context, what was alike, flow -> new state, change of the flow."""

    def __init__(
        self, *, motion_encoder: nn.Module, recurrent_block: RecurrentBlock, flow_head: nn.Module
    ) -> None:
        super().__init__()
        self.motion_encoder = motion_encoder
        self.recurrent_block = recurrent_block
        self.flow_head = flow_head
        self.hidden_state_size = recurrent_block.hidden_size

    def forward(
        self, hidden_state: Tensor, context: Tensor, corr_features: Tensor, flow: Tensor
    ) -> tuple[Any, Any]:
        x = torch.cat([context, self.motion_encoder(flow, corr_features)], dim=1)
        hidden_state = self.recurrent_block(hidden_state, x)
        return hidden_state, self.flow_head(hidden_state)


class MaskPredictor(nn.Module):
    """How 8 x 8 fine pixels mix the 9 coarse ones: (N, C, H, W) -> (N, 576, H, W).

    ``multiplier`` scales the result, and so the gradient that comes this way.
    """

    def __init__(self, *, in_channels: int, hidden_size: int, multiplier: float = 0.25) -> None:
        super().__init__()
        self.convrelu = _conv(in_channels, hidden_size, 3)
        self.conv = nn.Conv2d(hidden_size, 8 * 8 * 9, 1, padding=0)
        self.multiplier = multiplier

    def forward(self, x: Tensor) -> Any:
        return self.multiplier * self.conv(self.convrelu(x))


def upsample_flow(flow: Any, up_mask: Any = None, factor: int = 8) -> Any:
    """(N, C, H, W) -> (N, C, factor H, factor W), in fine pixels.

    Bilinear, or each fine pixel a mean of the 9 coarse ones around it, weighted by ``up_mask``
    (N, 9 factor^2, H, W).
    """
    n, channels, height, width = flow.shape
    fine = (height * factor, width * factor)
    if up_mask is None:
        return factor * F.interpolate(flow, size=fine, mode="bilinear", align_corners=True)
    shares = torch.softmax(up_mask.view(n, 1, 9, factor, factor, height, width), dim=2)
    around = F.unfold(factor * flow, kernel_size=3, padding=1)
    around = around.view(n, channels, 9, 1, 1, height, width)
    mixed: Any = torch.sum(shares * around, dim=2)  # (N, C, factor, factor, H, W)
    return mixed.permute(0, 1, 4, 2, 5, 3).reshape(n, channels, *fine)
