"""Feature pyramid: coarse features carried down to the fine ones (Lin and others, 2016)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any

from rushlight import nn
from rushlight.nn import functional as F
from rushlight.tensor import Tensor
from rushlight.vision.ops.blocks import Conv2dNormActivation


class ExtraFPNBlock(nn.Module):
    """What adds levels to the pyramid: its results, its inputs, their names -> results, names."""

    def forward(
        self, results: list[Tensor], x: list[Tensor], names: list[str]
    ) -> tuple[list[Tensor], list[str]]:
        raise NotImplementedError(f"{type(self).__name__} has no forward")


class FeaturePyramidNetwork(nn.Module):
    """A dict of features (N, C_i, H_i, W_i), finest first -> the same of ``out_channels``."""

    _version = 2

    def __init__(
        self,
        in_channels_list: Sequence[int],
        out_channels: int,
        extra_blocks: ExtraFPNBlock | None = None,
        norm_layer: Callable[..., nn.Module] | None = None,
    ) -> None:
        super().__init__()
        self.inner_blocks = nn.ModuleList()
        self.layer_blocks = nn.ModuleList()
        for channels in in_channels_list:
            if channels == 0:
                raise ValueError("in_channels=0 is currently not supported")
            # Two convolutions drawn in this order for each level.
            self.inner_blocks.append(
                Conv2dNormActivation(
                    channels, out_channels, kernel_size=1, padding=0, norm_layer=norm_layer,
                    activation_layer=None,
                )
            )  # fmt: skip
            self.layer_blocks.append(
                Conv2dNormActivation(
                    out_channels, out_channels, kernel_size=3, norm_layer=norm_layer,
                    activation_layer=None,
                )
            )  # fmt: skip
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_uniform_(module.weight, a=1)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        if extra_blocks is not None and not isinstance(extra_blocks, ExtraFPNBlock):
            raise TypeError(
                f"extra_blocks should be of type ExtraFPNBlock not {type(extra_blocks)}"
            )
        self.extra_blocks = extra_blocks

    def _load_from_state_dict(
        self,
        state_dict: MutableMapping[str, Any],
        prefix: str,
        local_metadata: Mapping[str, Any],
        *rest: Any,
    ) -> None:
        if (local_metadata.get("version") or 1) < 2:  # the convolutions stood alone
            for kind in ("inner_blocks", "layer_blocks"):
                for place in range(len(self.inner_blocks)):
                    for part in ("weight", "bias"):
                        old = f"{prefix}{kind}.{place}.{part}"
                        if old in state_dict:
                            new = f"{prefix}{kind}.{place}.0.{part}"
                            state_dict[new] = state_dict.pop(old)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)

    def forward(self, x: Mapping[str, Tensor]) -> dict[str, Any]:
        names, features = list(x), list(x.values())
        results: list[Any] = []
        above: Any = None
        blocks = list(zip(features, self.inner_blocks, self.layer_blocks, strict=True))
        for feature, inner, layer in reversed(blocks):
            here = inner(feature)
            if above is not None:
                here = here + F.interpolate(above, size=here.shape[-2:], mode="nearest")
            results.insert(0, layer(here))
            above = here
        if self.extra_blocks is not None:
            results, names = self.extra_blocks(results, features, names)
        return dict(zip(names, results, strict=False))


class LastLevelMaxPool(ExtraFPNBlock):
    """One more level: every second pixel of the coarsest."""

    def forward(
        self, x: list[Tensor], y: list[Tensor], names: list[str]
    ) -> tuple[list[Tensor], list[str]]:
        last = F.max_pool2d(x[-1], kernel_size=1, stride=2, padding=0)
        return [*x, last], [*names, "pool"]


class LastLevelP6P7(ExtraFPNBlock):
    """Two more levels by convolutions of stride 2 (RetinaNet)."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.p6 = nn.Conv2d(in_channels, out_channels, 3, 2, 1)
        self.p7 = nn.Conv2d(out_channels, out_channels, 3, 2, 1)
        for module in (self.p6, self.p7):
            nn.init.kaiming_uniform_(module.weight, a=1)
            nn.init.zeros_(module.bias)
        self.use_P5 = in_channels == out_channels

    def forward(
        self, p: list[Tensor], c: list[Tensor], names: list[str]
    ) -> tuple[list[Tensor], list[str]]:
        sixth = self.p6(p[-1] if self.use_P5 else c[-1])
        seventh = self.p7(F.relu(sixth))
        return [*p, sixth, seventh], [*names, "p6", "p7"]
