"""MNASNet-B1: a network found by search on a phone's time (Tan and others, 2018)."""

from __future__ import annotations

from collections.abc import MutableMapping
from functools import partial
from typing import Any

from rushlight import nn
from rushlight.base.warn import warn
from rushlight.tensor import Tensor
from rushlight.vision.models.construct import constructor
from rushlight.vision.models.initial import fan_out
from rushlight.vision.models.published import published

MNASNet0_5_Weights = published("MNASNet0_5_Weights", __name__)
MNASNet0_75_Weights = published("MNASNet0_75_Weights", __name__)
MNASNet1_0_Weights = published("MNASNet1_0_Weights", __name__)
MNASNet1_3_Weights = published("MNASNet1_3_Weights", __name__)

_BN_MOMENTUM = 1 - 0.9997  # the paper's 0.9997 is the share that is kept
# Kernel, stride, expansion, repeats of each stack.
STACKS = ((3, 2, 3, 3), (5, 2, 3, 3), (5, 2, 6, 3), (3, 1, 6, 2), (5, 2, 6, 4), (3, 1, 6, 1))


class _InvertedResidual(nn.Module):
    """Widen, filter each channel by itself, narrow; added to the input where shapes agree."""

    def __init__(
        self,
        in_ch: int,
        out_ch: int,
        kernel_size: int,
        stride: int,
        expansion_factor: int,
        bn_momentum: float = 0.1,
    ) -> None:
        super().__init__()
        if stride not in (1, 2):
            raise ValueError(f"stride should be 1 or 2 instead of {stride}")
        if kernel_size not in (3, 5):
            raise ValueError(f"kernel_size should be 3 or 5 instead of {kernel_size}")
        wide = in_ch * expansion_factor
        self.apply_residual = in_ch == out_ch and stride == 1
        self.layers = nn.Sequential(
            nn.Conv2d(in_ch, wide, 1, bias=False),
            nn.BatchNorm2d(wide, momentum=bn_momentum),
            nn.ReLU(inplace=True),
            nn.Conv2d(
                wide, wide, kernel_size, padding=kernel_size // 2, stride=stride, groups=wide,
                bias=False,
            ),
            nn.BatchNorm2d(wide, momentum=bn_momentum),
            nn.ReLU(inplace=True),
            nn.Conv2d(wide, out_ch, 1, bias=False),
            nn.BatchNorm2d(out_ch, momentum=bn_momentum),
        )  # fmt: skip

    def forward(self, input: Tensor) -> Any:
        out = self.layers(input)
        return out + input if self.apply_residual else out


def _stack(
    in_ch: int,
    out_ch: int,
    kernel_size: int,
    stride: int,
    exp_factor: int,
    repeats: int,
    bn_momentum: float,
) -> Any:
    if repeats < 1:
        raise ValueError(f"repeats should be >= 1, instead got {repeats}")
    blocks = [_InvertedResidual(in_ch, out_ch, kernel_size, stride, exp_factor, bn_momentum)]
    for _ in range(repeats - 1):
        blocks.append(_InvertedResidual(out_ch, out_ch, kernel_size, 1, exp_factor, bn_momentum))
    return nn.Sequential(*blocks)


def _round_to_multiple_of(val: float, divisor: int, round_up_bias: float = 0.9) -> int:
    """The nearest multiple of ``divisor``, up where that is below ``round_up_bias * val``.

    >>> _round_to_multiple_of(83, 8), _round_to_multiple_of(84, 8)
    (80, 88)
    """
    if not 0.0 < round_up_bias < 1.0:
        raise ValueError(
            f"round_up_bias should be greater than 0.0 and smaller than 1.0 instead of "
            f"{round_up_bias}"
        )
    near = max(divisor, int(val + divisor / 2) // divisor * divisor)
    return near if near >= round_up_bias * val else near + divisor


def _get_depths(alpha: float) -> list[int]:
    """Channels of the stem's two layers and of the stacks."""
    return [_round_to_multiple_of(c * alpha, 8) for c in (32, 16, 24, 40, 80, 96, 192, 320)]


def _stem(wide: int, narrow: int) -> list[nn.Module]:
    return [
        nn.Conv2d(3, wide, 3, padding=1, stride=2, bias=False),
        nn.BatchNorm2d(wide, momentum=_BN_MOMENTUM),
        nn.ReLU(inplace=True),
        nn.Conv2d(wide, wide, 3, padding=1, stride=1, groups=wide, bias=False),
        nn.BatchNorm2d(wide, momentum=_BN_MOMENTUM),
        nn.ReLU(inplace=True),
        nn.Conv2d(wide, narrow, 1, padding=0, stride=1, bias=False),
        nn.BatchNorm2d(narrow, momentum=_BN_MOMENTUM),
    ]


class MNASNet(nn.Module):
    """Images (N, 3, H, W) -> scores (N, num_classes); ``alpha`` times the paper's channels."""

    # Files of version 1 have a stem of 32 and 16 channels at any alpha.
    _version = 2

    def __init__(self, alpha: float, num_classes: int = 1000, dropout: float = 0.2) -> None:
        super().__init__()
        if alpha <= 0.0:
            raise ValueError(f"alpha should be greater than 0.0 instead of {alpha}")
        self.alpha = alpha
        self.num_classes = num_classes
        channels = _get_depths(alpha)
        layers = _stem(channels[0], channels[1])
        for before, after, row in zip(channels[1:], channels[2:], STACKS, strict=False):
            layers.append(_stack(before, after, *row, _BN_MOMENTUM))
        layers += [
            nn.Conv2d(channels[-1], 1280, 1, padding=0, stride=1, bias=False),
            nn.BatchNorm2d(1280, momentum=_BN_MOMENTUM),
            nn.ReLU(inplace=True),
        ]
        self.layers = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            nn.Dropout(p=dropout, inplace=True), nn.Linear(1280, num_classes)
        )
        fan_out(
            self,
            partial(nn.init.kaiming_uniform_, mode="fan_out", nonlinearity="sigmoid"),
        )

    def forward(self, x: Tensor) -> Any:
        return self.classifier(self.layers(x).mean([2, 3]))

    def _load_from_state_dict(
        self,
        state_dict: MutableMapping[str, Any],
        prefix: str,
        local_metadata: MutableMapping[str, Any],
        *rest: Any,
    ) -> None:
        version = local_metadata.get("version")
        if version not in (1, 2):
            raise ValueError(f"version should be set to 1 or 2 instead of {version}")
        if version == 1 and self.alpha != 1.0:
            self._take_old_stem()
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)

    def _take_old_stem(self) -> None:
        """Become what a file of version 1 holds, and be saved as that again."""
        first_stack = _stack(16, _get_depths(self.alpha)[2], *STACKS[0], _BN_MOMENTUM)
        for place, layer in enumerate([*_stem(32, 16), first_stack]):
            self.layers[place] = layer
        self._version = 1
        warn(
            "This file holds the first version of MNASNet, whose stem is wider. It is loaded and "
            "works as it did; weights of the present version are published too."
        )


@constructor(MNASNet0_5_Weights)
def mnasnet0_5(**kwargs: Any) -> MNASNet:
    """MNASNet of half the width, 2.2 million parameters."""
    return MNASNet(0.5, **kwargs)


@constructor(MNASNet0_75_Weights)
def mnasnet0_75(**kwargs: Any) -> MNASNet:
    """MNASNet of three quarters of the width, 3.2 million parameters."""
    return MNASNet(0.75, **kwargs)


@constructor(MNASNet1_0_Weights)
def mnasnet1_0(**kwargs: Any) -> MNASNet:
    """MNASNet, 4.4 million parameters."""
    return MNASNet(1.0, **kwargs)


@constructor(MNASNet1_3_Weights)
def mnasnet1_3(**kwargs: Any) -> MNASNet:
    """MNASNet of 1.3 times the width, 6.3 million parameters."""
    return MNASNet(1.3, **kwargs)
