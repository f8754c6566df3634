"""Against real PyTorch: it opens ours, we open its, and files that others published."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path

import pytest

import rushlight as torch
from rushlight.serialization import load, save

PEER = Path(__file__).parents[3] / "peer" / "bin" / "python"
CHECKPOINTS = Path(__file__).parents[3] / "shared" / "data" / "checkpoints"

needs_peer = pytest.mark.skipif(not PEER.exists(), reason="PyTorch is not here")
needs_files = pytest.mark.skipif(not CHECKPOINTS.exists(), reason="the checkpoints are not here")

MAKE = """
import sys, torch
base = torch.arange(12.0)
model = torch.nn.Linear(3, 2)
with torch.no_grad():
    model.weight.copy_(torch.arange(6.0).reshape(2, 3)); model.bias.zero_()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
model(torch.ones(1, 3)).sum().backward(); optimizer.step()
thing = {"base": base, "part": base[2:10:2], "turned": base.reshape(3, 4).t(),
         "zero": torch.tensor(7), "none": torch.empty(0, 3), "half": torch.ones(2).half(),
         "bf16": torch.ones(2).bfloat16(), "bool": torch.tensor([True, False]),
         "parameter": torch.nn.Parameter(torch.ones(2)), "model": model.state_dict(),
         "optimizer": optimizer.state_dict(), "size": torch.Size([1, 2]), "dtype": torch.int8}
torch.save(thing, sys.argv[1], _use_new_zipfile_serialization=sys.argv[2] == "zip")
"""

READ = """
import json, sys, torch
thing = torch.load(sys.argv[1], weights_only=True)
def plain(x):
    if isinstance(x, torch.Tensor):
        return [str(x.dtype), list(x.stride()), x.storage_offset(), x.requires_grad,
                type(x).__name__, x.tolist()]
    if isinstance(x, dict): return {str(k): plain(v) for k, v in x.items()}
    if isinstance(x, (list, tuple)): return [plain(v) for v in x]
    return str(x)
print(json.dumps(plain(thing)))
"""


def plain(x):
    if isinstance(x, torch.Tensor):
        return [
            str(x.dtype), list(x.stride()), x.storage_offset(), x.requires_grad,
            type(x).__name__, x.tolist(),
        ]  # fmt: skip
    if isinstance(x, dict):
        return {str(key): plain(value) for key, value in x.items()}
    if isinstance(x, (list, tuple)):
        return [plain(value) for value in x]
    return str(x)


def peer(program: str, *args: str) -> str:
    done = subprocess.run(
        [str(PEER), "-c", program, *args], capture_output=True, text=True, check=True
    )
    return done.stdout


@needs_peer
@pytest.mark.parametrize("form", ["zip", "stream"])
def test_there_and_back(form: str, tmp_path: Path) -> None:
    theirs, ours = tmp_path / "theirs.pt", tmp_path / "ours.pt"
    peer(MAKE, str(theirs), form)
    thing = load(theirs)
    expected = json.loads(peer(READ, str(theirs)))
    assert json.loads(json.dumps(plain(thing))) == expected
    save(thing, ours, _use_new_zipfile_serialization=form == "zip")
    assert json.loads(peer(READ, str(ours))) == expected


@needs_files
@pytest.mark.parametrize(
    ("name", "tensors"),
    [
        ("mobilenet_v2-b0353104.pth", 314), ("resnet20-12fca82f.th", 97), ("pnet.pt", 13),
        ("rnet.pt", 16), ("onet.pt", 21), ("lpips_v0.0/alex.pth", 5), ("tiny.pth", 44),
        ("chgnet_0.3.0_e29f68s314m37.pth.tar", 517),
    ],
)  # fmt: skip
def test_published_files(name: str, tensors: int) -> None:
    def count(thing) -> int:
        if isinstance(thing, torch.Tensor):
            assert bool(torch.isfinite(thing.double()).all())
            return 1
        if isinstance(thing, dict):
            return sum(count(value) for value in thing.values())
        if isinstance(thing, (list, tuple)):
            return sum(count(value) for value in thing)
        return 0

    thing = load(CHECKPOINTS / name, map_location="cpu")
    assert count(thing) == tensors
    file = io.BytesIO()
    save(thing, file)
    file.seek(0)
    assert count(load(file)) == tensors


@needs_files
def test_a_file_from_a_gpu_needs_a_word() -> None:
    with pytest.raises(RuntimeError, match="map_location"):
        load(CHECKPOINTS / "resnet20-12fca82f.th")
