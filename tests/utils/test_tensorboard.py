"""SummaryWriter: what lies in its files afterwards; what is said without the package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rushlight as torch

WITHOUT = """
import sys
sys.modules["tensorboard"] = None
try:
    from rushlight.utils.tensorboard import SummaryWriter
except ModuleNotFoundError as error:
    print(error)
"""


def test_without_the_package() -> None:
    run = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True)
    assert run.stdout.startswith("No module named 'tensorboard': torch.utils.tensorboard writes")


def written(folder: Path) -> dict[str, list[Any]]:
    """Summaries by folder and tag."""
    from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
    from tensorboard.compat.proto.event_pb2 import Event

    found: dict[str, list[Any]] = {}
    for file in sorted(folder.rglob("events.*")):
        for raw in RawEventFileLoader(str(file)).Load():
            event = Event.FromString(raw)
            for value in event.summary.value:
                name = str(file.parent.relative_to(folder) / value.tag)
                found.setdefault(name, []).append((event.step, value))
    return found


def test_what_is_written(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from rushlight.utils.tensorboard import SummaryWriter

    with SummaryWriter(tmp_path) as writer:
        for step in range(3):
            writer.add_scalar("loss", torch.tensor(1.5 * step), step)
            writer.add_scalars("both", {"a": step, "b": -step}, step)
        writer.add_histogram("values", torch.tensor([1.0, 1.0, 2.0, 7.0]), bins=[0, 1, 3, 5, 9])
        writer.add_image("picture", torch.ones(3, 4, 5))
        writer.add_images("grid", torch.zeros(9, 1, 2, 3))
        writer.add_text("note", "hello")
        writer.add_hparams({"lr": 0.1, "name": "x"}, {"acc": 0.5}, run_name="run")
    found = written(tmp_path)
    assert [(step, value.simple_value) for step, value in found["loss"]] == [
        (0, 0.0), (1, 1.5), (2, 3.0),
    ]  # fmt: skip
    assert [value.simple_value for _, value in found["both_b/both"]] == [0.0, -1.0, -2.0]
    ((_, made),) = found["values"]
    assert list(made.histo.bucket_limit) == [1.0, 3.0, 5.0, 9.0]
    assert list(made.histo.bucket) == [0.0, 3.0, 0.0, 1.0]
    ((_, made),) = found["picture"]
    assert (made.image.height, made.image.width, made.image.colorspace) == (4, 5, 3)
    ((_, made),) = found["grid"]
    assert (made.image.height, made.image.width) == (4, 24)
    ((_, made),) = found["note/text_summary"]
    assert list(made.tensor.string_val) == [b"hello"]
    assert found["run/acc"][0][1].simple_value == 0.5
    assert "run/_hparams_/experiment" in found


def test_wrong_values(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from rushlight.utils.tensorboard import SummaryWriter

    with SummaryWriter(tmp_path) as writer:
        with pytest.raises(AssertionError, match="one element"):
            writer.add_scalar("loss", np.ones(2))
        with pytest.raises(ValueError, match="no element"):
            writer.add_histogram("values", np.ones(0))
        with pytest.raises(NotImplementedError, match="add_graph"):
            writer.add_graph(None)
