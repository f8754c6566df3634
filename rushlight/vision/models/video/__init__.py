"""torchvision.models.video: networks over clips (N, 3, T, H, W)."""

from typing import Any

from rushlight.base.left_out import LeftOut
from rushlight.vision.models.video import resnet
from rushlight.vision.models.video.resnet import (
    MC3_18_Weights,
    R2Plus1D_18_Weights,
    R3D_18_Weights,
    VideoResNet,
    mc3_18,
    r2plus1d_18,
    r3d_18,
)
from rushlight.vision.models.video.s3d import S3D, S3D_Weights, s3d

__all__ = [
    "S3D",
    "MC3_18_Weights",
    "R2Plus1D_18_Weights",
    "R3D_18_Weights",
    "S3D_Weights",
    "VideoResNet",
    "mc3_18",
    "r2plus1d_18",
    "r3d_18",
    "resnet",
    "s3d",
]  # fmt: skip

_LEFT_OUT = (
    "MViT", "MViT_V1_B_Weights", "MViT_V2_S_Weights", "mvit_v1_b", "mvit_v2_s",
    "SwinTransformer3d", "Swin3D_T_Weights", "Swin3D_S_Weights", "Swin3D_B_Weights", "swin3d_t",
    "swin3d_s", "swin3d_b",
)  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _LEFT_OUT:
        raise LeftOut(
            f"torchvision.models.video.{name} is left out of Rushlight; of networks over clips "
            "there are r3d_18, mc3_18, r2plus1d_18 and s3d"
        )
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
