"""Functions in files: an activation that a layer holds, by PyTorch's name for it."""

from __future__ import annotations

import io
import pickle
import pickletools
import zipfile

import pytest

import rushlight as torch
import rushlight.nn.functional as F
from rushlight import nn


def names_in(file: io.BytesIO) -> list[str]:
    with zipfile.ZipFile(file) as archive:
        record = next(name for name in archive.namelist() if name.endswith("data.pkl"))
        return [
            argument for code, argument, _ in pickletools.genops(archive.read(record))
            if code.name == "GLOBAL" and isinstance(argument, str)
        ]  # fmt: skip


@pytest.mark.parametrize("name", ["relu", "gelu", "silu", "softplus", "tanh", "elu", "logsigmoid"])
def test_there_and_back(name: str) -> None:
    function = getattr(F, name)
    layer = nn.TransformerEncoderLayer(6, 2, 8, activation=function)
    assert pickle.loads(pickle.dumps(layer)).activation is function
    file = io.BytesIO()
    torch.save(layer, file)
    assert f"torch.nn.functional {name}" in names_in(file)
    file.seek(0)
    assert torch.load(file, weights_only=False).activation is function


def test_pytorchs_built_in_functions() -> None:
    # As PyTorch 2.13 writes [F.gelu, F.logsigmoid, torch.tanh].
    pickled = (
        b"\x80\x02](ctorch._C._nn\ngelu\nctorch._C._nn\nlog_sigmoid\nc__builtin__\ngetattr\n"
        b"ctorch._C\n_VariableFunctionsClass\nX\x04\x00\x00\x00tanh\x86Re."
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", pickled)
        archive.writestr("archive/version", "3\n")
    file.seek(0)
    assert torch.load(file, weights_only=False) == [F.gelu, F.logsigmoid, torch.tanh]
    file.seek(0)
    with pytest.raises(pickle.UnpicklingError, match="Weights only load failed"):
        torch.load(file)


def test_what_map_location_raises_is_not_taken_for_damage() -> None:
    file = io.BytesIO()
    torch.save({"w": torch.ones(2)}, file)

    def lookup(storage: object, location: str) -> object:
        raise KeyError(f"no place for {location}")

    for wrong, error, words in (
        (lookup, KeyError, "no place for cpu"),
        (lambda storage, location: 3, TypeError, "must return the storage it got"),
        (3, TypeError, "'int' object is not callable"),
    ):
        file.seek(0)
        with pytest.raises(error, match=words):
            torch.load(file, map_location=wrong)


def test_hooks_of_a_saved_tensor_are_told() -> None:
    weight = torch.ones(2, requires_grad=True)
    weight.register_hook(lambda grad: grad)
    with pytest.warns(UserWarning, match="on tensor will not be serialized"):
        torch.save(weight, io.BytesIO())
    other = torch.ones(2, requires_grad=True)
    other.register_hook(torch.utils.hooks.unserializable_hook(lambda grad: grad))
    torch.save(other, io.BytesIO())
