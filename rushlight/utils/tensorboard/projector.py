"""Points in space for TensorBoard's projector: files of their own beside the events."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf import text_format
from tensorboard.plugins.projector.projector_config_pb2 import EmbeddingInfo, ProjectorConfig

from rushlight.utils.tensorboard.arrays import array_of, bytes_of


def write(
    folder: Path, config: Any, points: Any, metadata: Any, pictures: Any, step: Any, tag: str,
    header: Any,
) -> Any:  # fmt: skip
    """Write (N, D) points, with a label and a picture each, and enter them in ``config``.

    Returns the configuration: what was entered before and these. Raises AssertionError where the
    numbers of points, labels and pictures differ, ValueError for pictures that are not square.
    """
    array = array_of(points)
    number = str(0 if step is None else step).zfill(5)
    part = f"{number}/{_as_folder(tag)}"
    if array.ndim != 2:
        raise AssertionError("mat should be 2D, where mat.size(0) is the number of data points")
    info = EmbeddingInfo(tensor_name=f"{tag}:{number}", tensor_path=f"{part}/tensors.tsv")
    texts = {"tensors.tsv": _lines(array.tolist())}
    if metadata is not None:
        if len(metadata) != len(array):
            raise AssertionError("#labels should equal with #data points")
        rows = [[each] for each in metadata] if not header else [header, *metadata]
        texts["metadata.tsv"] = _lines(rows)
        info.metadata_path = f"{part}/metadata.tsv"
    target = folder / part
    target.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (target / name).write_text(text, encoding="utf-8")
    if pictures is not None:
        size = _write_sprite(target / "sprite.png", array_of(pictures), len(array))
        info.sprite.image_path = f"{part}/sprite.png"
        info.sprite.single_image_dim.extend([size, size])
    config = ProjectorConfig() if config is None else config
    config.embeddings.extend([info])
    (folder / "projector_config.pbtxt").write_text(text_format.MessageToString(config))
    return config


def _as_folder(tag: str) -> str:
    """A tag as the name of one folder, as PyTorch spells it."""
    return tag.replace("%", "%25").replace("/", "%2f").replace("\\", "%5c")


def _lines(rows: Any) -> str:
    return "".join("\t".join(str(each) for each in row) + "\n" for row in rows)


def _write_sprite(path: Path, pictures: Any, points: int) -> int:
    """(N, C, S, S) as one square picture with rows of ceil(sqrt(N)); returns S."""
    from PIL import Image

    count, channels, height, width = pictures.shape
    if count != points:
        raise AssertionError("#images should equal with #data points")
    if height != width:
        raise ValueError(f"label_img: pictures must be square, but they are {height} by {width}")
    side = math.ceil(math.sqrt(count))
    canvas = np.zeros((side * side, channels, height, width), pictures.dtype)
    canvas[:count] = pictures
    tiles = canvas.reshape(side, side, channels, height, width).transpose(0, 3, 1, 4, 2)
    sprite = bytes_of(tiles.reshape(side * height, side * width, channels))
    Image.fromarray(np.repeat(sprite, 3, 2) if channels == 1 else sprite).save(path)
    return int(height)
