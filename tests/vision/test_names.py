"""Names and arguments of torchvision that programs use now and then."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import rushlight as torch
from rushlight import vision
from rushlight.vision import datasets, io, models
from rushlight.vision.datasets import mnist, samplers, utils
from rushlight.vision.datasets.folder import make_dataset
from rushlight.vision.transforms import ColorJitter, v2
from rushlight.vision.transforms.v2 import functional as F

pytest.importorskip("PIL.Image")


def test_functions_of_v2_say_what_they_take() -> None:
    def names(function):
        return list(inspect.signature(function).parameters)

    assert names(F.pad) == ["inpt", "padding", "fill", "padding_mode"]
    assert names(F.resize_image) == ["image", "size", "interpolation", "max_size", "antialias"]
    assert names(F.resize_mask) == ["mask", "size", "interpolation", "max_size"]
    assert names(F.rotate_mask) == ["mask", "angle", "expand", "center", "fill"]
    assert names(F.adjust_hue_video) == ["video", "hue_factor"]
    assert names(v2.ToImage) == []
    image = torch.arange(6, dtype=torch.uint8).reshape(1, 2, 3)
    assert F.horizontal_flip_image(image=image).tolist() == [[[2, 1, 0], [5, 4, 3]]]
    assert F.pad_mask(mask=image, padding=1).shape == (1, 4, 5)
    assert F.get_size_bounding_boxes.__name__ == "get_size_bounding_boxes"


def test_choices_may_be_drawn_by_hand() -> None:
    torch.manual_seed(0)
    order, brightness, *others = ColorJitter.get_params(
        brightness=(0.5, 1.5), contrast=None, saturation=(0.2, 0.4), hue=None
    )
    assert order.tolist() == [0, 1, 3, 2]
    assert [brightness, *others] == pytest.approx([0.6320, None, 0.2615, None], abs=1e-4)
    image = torch.zeros(3, 9, 12)
    assert v2.RandomCrop.get_params(image, (9, 12)) == (0, 0, 9, 12)
    assert v2.RandomRotation.get_params([3.0, 3.0]) == 3.0


def test_left_out_names_say_so() -> None:
    with pytest.raises(NotImplementedError, match=r"models.quantization.resnet50 is left out"):
        models.quantization.resnet50  # noqa: B018
    with pytest.raises(ValueError, match="Invalid video backend"):
        vision.set_video_backend("x")
    assert vision.get_video_backend() == "pyav"
    vision.disable_beta_transforms_warning()


def test_groups_are_dealt_out() -> None:
    sampler = samplers.DistributedSampler(range(8), 2, 1, shuffle=True, group_size=2)
    sampler.set_epoch(3)
    assert list(sampler) == [3, 5, 6, 7]
    assert len(sampler) == 4
    with pytest.raises(ValueError, match="must be a multiplier of group size"):
        samplers.DistributedSampler(range(7), 2, 1, group_size=2)


def test_files_by_hand(tmp_path) -> None:
    images = np.arange(8, dtype=np.uint8)
    (tmp_path / "i").write_bytes(b"\0\0\x08\x03" + bytes([0, 0, 0, 2] * 3) + images.tobytes())
    (tmp_path / "l").write_bytes(b"\0\0\x08\x01" + bytes([0, 0, 0, 8]) + images.tobytes())
    assert mnist.read_image_file(tmp_path / "i").shape == (2, 2, 2)
    assert mnist.read_label_file(tmp_path / "l").dtype == torch.int64
    with pytest.raises(ValueError, match="x should have 1 dimension"):
        mnist.read_label_file(tmp_path / "i")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.png").write_bytes(b"")
    assert make_dataset(tmp_path, extensions=".png") == [(str(tmp_path / "a" / "x.png"), 0)]
    with pytest.raises(ValueError, match="at least one entry"):
        make_dataset(tmp_path, {}, ".png")
    with pytest.raises(NotImplementedError, match=r"drive.google.com/file/d/abc"):
        utils.download_file_from_google_drive("abc", tmp_path)


def test_what_is_left_out_of_io_and_datasets_says_so() -> None:
    assert not hasattr(io, "VideoReader")
    with pytest.raises(NotImplementedError, match="VideoReader is left out"):
        io.VideoReader  # noqa: B018
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        datasets.nothing_of_the_kind  # noqa: B018
