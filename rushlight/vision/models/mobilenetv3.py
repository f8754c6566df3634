"""MobileNetV3: MobileNetV2 with gates and hard swish (Howard and others, 2019)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from rushlight import nn
from rushlight.tensor import Tensor
from rushlight.vision.models._utils import _make_divisible
from rushlight.vision.models.construct import constructor
from rushlight.vision.models.initial import fan_out, narrow_normal
from rushlight.vision.models.published import published
from rushlight.vision.ops.blocks import Conv2dNormActivation, SqueezeExcitation

MobileNet_V3_Large_Weights = published("MobileNet_V3_Large_Weights", __name__)
MobileNet_V3_Small_Weights = published("MobileNet_V3_Small_Weights", __name__)

Layer = Callable[..., nn.Module]
# Input, kernel, expanded, output channels, gate, activation, stride: tables 1 and 2 of the paper.
Row = tuple[int, int, int, int, bool, str, int]
LARGE: tuple[Row, ...] = (
    (16, 3, 16, 16, False, "RE", 1), (16, 3, 64, 24, False, "RE", 2),
    (24, 3, 72, 24, False, "RE", 1), (24, 5, 72, 40, True, "RE", 2),
    (40, 5, 120, 40, True, "RE", 1), (40, 5, 120, 40, True, "RE", 1),
    (40, 3, 240, 80, False, "HS", 2), (80, 3, 200, 80, False, "HS", 1),
    (80, 3, 184, 80, False, "HS", 1), (80, 3, 184, 80, False, "HS", 1),
    (80, 3, 480, 112, True, "HS", 1), (112, 3, 672, 112, True, "HS", 1),
)  # fmt: skip
LARGE_TAIL: tuple[Row, ...] = (
    (112, 5, 672, 160, True, "HS", 2), (160, 5, 960, 160, True, "HS", 1),
    (160, 5, 960, 160, True, "HS", 1),
)  # fmt: skip
SMALL: tuple[Row, ...] = (
    (16, 3, 16, 16, True, "RE", 2), (16, 3, 72, 24, False, "RE", 2),
    (24, 3, 88, 24, False, "RE", 1), (24, 5, 96, 40, True, "HS", 2),
    (40, 5, 240, 40, True, "HS", 1), (40, 5, 240, 40, True, "HS", 1),
    (40, 5, 120, 48, True, "HS", 1), (48, 5, 144, 48, True, "HS", 1),
)  # fmt: skip
SMALL_TAIL: tuple[Row, ...] = (
    (48, 5, 288, 96, True, "HS", 2), (96, 5, 576, 96, True, "HS", 1),
    (96, 5, 576, 96, True, "HS", 1),
)  # fmt: skip

_GATE = partial(SqueezeExcitation, scale_activation=nn.Hardsigmoid)


class InvertedResidualConfig:
    """One row of the paper's tables, its channels times ``width_mult``."""

    def __init__(
        self,
        input_channels: int,
        kernel: int,
        expanded_channels: int,
        out_channels: int,
        use_se: bool,
        activation: str,
        stride: int,
        dilation: int,
        width_mult: float,
    ) -> None:
        self.input_channels = self.adjust_channels(input_channels, width_mult)
        self.kernel = kernel
        self.expanded_channels = self.adjust_channels(expanded_channels, width_mult)
        self.out_channels = self.adjust_channels(out_channels, width_mult)
        self.use_se = use_se
        self.use_hs = activation == "HS"
        self.stride = stride
        self.dilation = dilation

    @staticmethod
    def adjust_channels(channels: int, width_mult: float) -> int:
        """Whole eighths."""
        return _make_divisible(channels * width_mult, 8)


class InvertedResidual(nn.Module):
    """Widen, filter each channel by itself, weigh the channels, narrow."""

    def __init__(
        self,
        cnf: InvertedResidualConfig,
        norm_layer: Layer,
        se_layer: Layer = _GATE,
    ) -> None:
        super().__init__()
        if not 1 <= cnf.stride <= 2:
            raise ValueError("illegal stride value")
        self.use_res_connect = cnf.stride == 1 and cnf.input_channels == cnf.out_channels
        block = partial(
            Conv2dNormActivation,
            norm_layer=norm_layer,
            activation_layer=nn.Hardswish if cnf.use_hs else nn.ReLU,
        )
        wide = cnf.expanded_channels
        layers: list[nn.Module] = []
        if wide != cnf.input_channels:
            layers.append(block(cnf.input_channels, wide, kernel_size=1))
        layers.append(
            block(
                wide,
                wide,
                kernel_size=cnf.kernel,
                stride=1 if cnf.dilation > 1 else cnf.stride,
                dilation=cnf.dilation,
                groups=wide,
            )
        )
        if cnf.use_se:
            layers.append(se_layer(wide, _make_divisible(wide // 4, 8)))
        layers.append(block(wide, cnf.out_channels, kernel_size=1, activation_layer=None))
        self.block = nn.Sequential(*layers)
        self.out_channels = cnf.out_channels
        self._is_cn = cnf.stride > 1

    def forward(self, input: Tensor) -> Any:
        result = self.block(input)
        if self.use_res_connect:
            result += input
        return result


class MobileNetV3(nn.Module):
    """Images (N, 3, H, W) -> scores (N, num_classes)."""

    def __init__(
        self,
        inverted_residual_setting: Sequence[InvertedResidualConfig],
        last_channel: int,
        num_classes: int = 1000,
        block: Layer | None = None,
        norm_layer: Layer | None = None,
        dropout: float = 0.2,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        rows = inverted_residual_setting
        if not rows:
            raise ValueError("The inverted_residual_setting should not be empty")
        if not (
            isinstance(rows, Sequence)
            and all(isinstance(row, InvertedResidualConfig) for row in rows)
        ):
            raise TypeError("The inverted_residual_setting should be List[InvertedResidualConfig]")
        make = InvertedResidual if block is None else block
        norm = partial(nn.BatchNorm2d, eps=0.001, momentum=0.01)
        norm = norm if norm_layer is None else norm_layer  # type: ignore[assignment]
        outer = partial(Conv2dNormActivation, norm_layer=norm, activation_layer=nn.Hardswish)
        last = rows[-1].out_channels
        self.features = nn.Sequential(
            outer(3, rows[0].input_channels, kernel_size=3, stride=2),
            *[make(row, norm) for row in rows],
            outer(last, 6 * last, kernel_size=1),
        )
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(
            nn.Linear(6 * last, last_channel),
            nn.Hardswish(inplace=True),
            nn.Dropout(p=dropout, inplace=True),
            nn.Linear(last_channel, num_classes),
        )
        fan_out(self, narrow_normal)

    def forward(self, x: Tensor) -> Any:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


def _narrowed(rows: Sequence[Row], divider: int) -> list[Row]:
    """The rows of a tail with their channels divided, but for where it begins."""
    result = []
    for place, (wide, kernel, expanded, out, *rest) in enumerate(rows):
        before = (wide, expanded) if place == 0 else (wide // divider, expanded // divider)
        result.append((before[0], kernel, before[1], out // divider, *rest))
    return result  # type: ignore[return-value]


def _mobilenet_v3(
    rows: Sequence[Row],
    tail: Sequence[Row],
    last: int,
    *,
    width_mult: float = 1.0,
    reduced_tail: bool = False,
    dilated: bool = False,
    **kwargs: Any,
) -> MobileNetV3:
    """``reduced_tail``: half the channels at the end; ``dilated``: dilation instead of stride."""
    divider = 2 if reduced_tail else 1
    setting = [InvertedResidualConfig(*row, 1, width_mult) for row in rows]
    setting += [
        InvertedResidualConfig(*row, 2 if dilated else 1, width_mult)
        for row in _narrowed(tail, divider)
    ]
    last_channel = InvertedResidualConfig.adjust_channels(last // divider, width_mult)
    return MobileNetV3(setting, last_channel, **kwargs)


@constructor(MobileNet_V3_Large_Weights)
def mobilenet_v3_large(**kwargs: Any) -> MobileNetV3:
    """MobileNetV3-Large, 5.5 million parameters."""
    return _mobilenet_v3(LARGE, LARGE_TAIL, 1280, **kwargs)


@constructor(MobileNet_V3_Small_Weights)
def mobilenet_v3_small(**kwargs: Any) -> MobileNetV3:
    """MobileNetV3-Small, 2.5 million parameters."""
    return _mobilenet_v3(SMALL, SMALL_TAIL, 1024, **kwargs)
