"""SummaryWriter: what lies in its files afterwards; what is said without the package."""

from __future__ import annotations

import io
import subprocess
import sys
import wave
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
        with pytest.raises(NotImplementedError, match="add_onnx_graph"):
            writer.add_onnx_graph(None)


def test_sound_films_boxes_and_tensors(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from PIL import Image
    from tensorboard.util.tensor_util import make_ndarray

    from rushlight.utils.tensorboard import SummaryWriter

    with SummaryWriter(tmp_path) as writer:
        writer.add_audio("sound", torch.linspace(-1, 1, 50)[None], sample_rate=8000)
        with pytest.warns(UserWarning, match="cut off"):
            writer.add_audio("loud", torch.tensor([2.0, 0.0]))
        writer.add_video("film", torch.rand(3, 5, 1, 4, 6))
        boxes = torch.tensor([[1.0, 2.0, 8.0, 9.0]])
        writer.add_image_with_boxes("boxes", torch.zeros(3, 12, 12), boxes, rescale=2)
        for kind in (torch.bfloat16, torch.float16, torch.int64, torch.complex64, torch.bool):
            writer.add_tensor(str(kind), torch.tensor([[0, 1], [2, 3]]).to(kind))
    found = written(tmp_path)
    with wave.open(io.BytesIO(found["sound"][0][1].audio.encoded_audio_string)) as file:
        assert (file.getframerate(), file.getnframes()) == (8000, 50)
        assert np.frombuffer(file.readframes(50), "<i2")[[0, -1]].tolist() == [-32767, 32767]
    film = Image.open(io.BytesIO(found["film"][0][1].image.encoded_image_string))
    assert (film.format, film.n_frames, film.size) == ("GIF", 5, (12, 8))
    made = Image.open(io.BytesIO(found["boxes"][0][1].image.encoded_image_string))
    assert made.size == (24, 24)
    red = np.asarray(made)[:, :, 0]
    assert red[10, 3] > 200 and red[10, 10] < 50
    for kind in ("float16", "int64", "complex64"):
        array = make_ndarray(found[f"torch.{kind}"][0][1].tensor)
        assert array.astype(complex).tolist() == [[0, 1], [2, 3]], kind
    assert list(found["torch.bool"][0][1].tensor.bool_val) == [False, True, True, True]
    bits = np.array([0, 1, 2, 3], np.float32).view(np.uint32) >> 16
    assert list(found["torch.bfloat16"][0][1].tensor.half_val) == bits.tolist()


def test_points_meshes_and_layouts(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.plugins.custom_scalar.layout_pb2 import Layout

    from rushlight.utils.tensorboard import SummaryWriter

    points = torch.tensor([[1.0, 2.5], [3.0, 4.0]])
    with SummaryWriter(tmp_path) as writer:
        writer.add_embedding(points, ["a", "b"], torch.rand(2, 3, 4, 4), 7, "x/y")
        writer.add_embedding(points, [["a", 1], ["b", 2]], metadata_header=["name", "number"])
        with pytest.raises(AssertionError, match="#labels"):
            writer.add_embedding(points, ["a"])
        writer.add_mesh("mesh", torch.rand(1, 4, 3), faces=torch.tensor([[[0, 1, 2]]]))
        writer.add_custom_scalars({"all": {"both": ["Multiline", ["a", "b"]]}})
        writer.add_custom_scalars_marginchart(["a", "b", "c"])
        writer.add_pr_curve_raw("pr", *np.eye(6)[:, :2], num_thresholds=2)
        with pytest.raises(AssertionError, match="Expected 3 tags, got 1"):
            writer.add_custom_scalars_marginchart(["a"])
    assert (tmp_path / "00007/x%2fy/tensors.tsv").read_text() == "1.0\t2.5\n3.0\t4.0\n"
    assert (tmp_path / "00007/x%2fy/sprite.png").exists()
    assert (tmp_path / "00000/default/metadata.tsv").read_text() == "name\tnumber\na\t1\nb\t2\n"
    config = (tmp_path / "projector_config.pbtxt").read_text()
    assert config.count("embeddings {") == 2 and "single_image_dim: 4" in config
    found = written(tmp_path)
    assert list(found["mesh_FACE"][0][1].tensor.float_val) == [0.0, 1.0, 2.0]
    assert list(found["pr"][0][1].tensor.float_val)[:4] == [1.0, 0.0, 0.0, 1.0]
    lines, margin = (
        Layout.FromString(made.tensor.string_val[0]).category[0].chart[0]
        for _, made in found["custom_scalars__config__"]
    )
    assert list(lines.multiline.tag) == ["a", "b"]
    assert margin.margin.series[0].upper == "c"


def test_graph(tmp_path: Path) -> None:
    """Each call is a node in its module's box, fed by what made its inputs."""
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.graph_pb2 import GraphDef

    from rushlight.utils.tensorboard import SummaryWriter

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = torch.nn.Linear(3, 4)
            self.drop = torch.nn.Dropout()

        def forward(self, x: Any) -> Any:
            return self.drop(self.first(x)).relu() + self.first(x)

    net = Net()
    with SummaryWriter(tmp_path) as writer:
        writer.add_graph(net, torch.ones(2, 3))
    assert net.training and net.drop.training and not net._forward_hooks
    (file,) = tmp_path.glob("events.*")
    events = [Event.FromString(raw) for raw in RawEventFileLoader(str(file)).Load()]
    (made,) = [GraphDef.FromString(each.graph_def) for each in events if each.graph_def]
    nodes = {node.name: node for node in made.node}
    assert nodes["Net/Linear[first]/linear"].input[:] == [
        "input/input_0", "Net/Linear[first]/weight", "Net/Linear[first]/bias",
    ]  # fmt: skip
    assert nodes["Net/Linear[first]/linear_1"].op == "linear"
    (result,) = (node for node in made.node if node.op == "Output")
    assert list(nodes[result.input[0]].input) == ["Net/relu", "Net/Linear[first]/linear_1"]
    sizes = nodes["Net/relu"].attr["_output_shapes"].list.shape[0].dim
    assert [dim.size for dim in sizes] == [2, 4]
