"""pickle.dumps of tensors while ``import torch`` gives Rushlight: PyTorch reads them."""

from __future__ import annotations

import pickletools
import subprocess
import sys
from pathlib import Path

import pytest

from tests.oracle.pipe import PEER

ROOT = Path(__file__).parents[2]
VALUES = """
import torch
values = dict(
    turned=torch.arange(6.0).view(2, 3).t()[1:], weight=torch.nn.Parameter(torch.ones(2)),
    wanting=torch.ones(2, requires_grad=True), half=torch.ones(2).bfloat16(),
    part=torch.arange(10)[2:5], size=torch.Size([1, 2]), kind=torch.float64,
    place=torch.device("cpu"), empty=torch.empty(0, 3),
)
"""
WRITE = (
    "from rushlight.compat import install; install()\n"
    + VALUES
    + """
import pickle, sys
for protocol in (2, 5):
    with open(f"{sys.argv[1]}/{protocol}.pkl", "wb") as file:
        pickle.dump(values, file, protocol)
"""
)
READ = (
    VALUES
    + """
import pickle, sys
for protocol in (2, 5):
    with open(f"{sys.argv[1]}/{protocol}.pkl", "rb") as file:
        found = pickle.load(file)
    assert list(found) == list(values)
    for name, value in values.items():
        assert type(found[name]) is type(value), name
        if isinstance(value, torch.Tensor):
            assert torch.equal(found[name], value) and found[name].dtype is value.dtype, name
            assert found[name].stride() == value.stride(), name
            assert found[name].requires_grad == value.requires_grad, name
        else:
            assert found[name] == value, name
"""
)


def run(python: str, program: str, folder: Path) -> None:
    done = subprocess.run(
        [python, "-c", program, str(folder)], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pickles")
    run(sys.executable, WRITE, folder)
    return folder


def test_only_pytorchs_names_are_in_them(written: Path) -> None:
    named = {
        str(argument).split(" ")[0]
        for operation, argument, _ in pickletools.genops((written / "2.pkl").read_bytes())
        if operation.name == "GLOBAL"
    }
    assert named <= {"torch", "torch._utils", "torch.storage", "collections", "_codecs"}


def test_read_again(written: Path) -> None:
    run(sys.executable, "from rushlight.compat import install; install()\n" + READ, written)


@pytest.mark.parity
@pytest.mark.skipif(not PEER.exists(), reason="PyTorch is not here")
def test_read_by_pytorch(written: Path) -> None:
    run(str(PEER), READ, written)


def test_names_are_given_back() -> None:
    program = """
from rushlight.compat import install, uninstall
install()
import torch
uninstall()
import pickle, rushlight
for value in (rushlight.ones(2), rushlight.float64, rushlight.device("cpu"), rushlight.Size([1])):
    text = pickle.dumps(value)
    assert b"torch" not in text, text
    pickle.loads(text)
"""
    run(sys.executable, program, Path())
