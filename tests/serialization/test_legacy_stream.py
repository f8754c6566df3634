"""The stream before 1.6: classes with their source, marks on tensors, storages by themselves."""

from __future__ import annotations

import base64
import io
import pickle
import zlib
from collections.abc import Callable
from typing import Any

import pytest

import rushlight as torch
from rushlight import nn
from rushlight.serialization.legacy_write import MAGIC_NUMBER, PROTOCOL_VERSION

# torch.save(torch.ones(2, dtype=torch.complex64).conj(), ...) by PyTorch 2.13, in this form.
CONJUGATED = (
    b"c-n1`y-ou$49D+sR|<h5RyM}6R8>_fIx&E{ocJnB78D)1s7)1;bCRn7sZy6pg=gRacr_jYi2=725(6G=+5X%9c~0J_"
    b"{(c{P9Zf!N4qJ0_`I(@fLDXaiQ52QV1}m)QQ|Y|224WPj26nUxK}#-8p>hLc$tV`Xb1Au3FVaIYgS5$NSoCA-0@O0X"
    b"63mndu$84OUG1=D1obSfD!eIzbz<D&RZ!Yf?&L$Ibiso(-a0<*P-JSd`f4F6^O1yjGeXbpW2xoSK-)arZF&?4+ec}?"
    b"d)n)r^gI1_r`v8rvPKYP1!+dE5b8FIGO|FRcmefSfuCwA0zT^LwJW5P#f1`q!uIhHc4k1=*ut6#>@IzPy&*IZ{T`zK"
    b"uElwaM87sa`x}1%b>L{&"
)


def stream(thing: Any, identify: Callable[[Any], Any]) -> io.BytesIO:
    """``thing`` as PyTorch wrote it before 1.6; it mentions no storage."""
    file = io.BytesIO()
    for head in (MAGIC_NUMBER, PROTOCOL_VERSION, {"little_endian": True}):
        pickle.dump(head, file, 2)

    class Identifying(pickle.Pickler):
        """Mentions what ``identify`` has an id for."""

        def persistent_id(self, thing: Any) -> Any:
            return identify(thing)

    Identifying(file, 2).dump(thing)
    pickle.dump([], file, 2)
    file.seek(0)
    return file


def test_a_class_stands_beside_its_source() -> None:
    def identify(thing: Any) -> Any:
        if thing is not nn.ReLU or told:
            return None
        told.append(True)  # the class inside the id is written by its name
        return "module", nn.ReLU, "relu.py", "class ReLU: ..."

    told: list[bool] = []

    file = stream({"class": nn.ReLU, "layer": nn.ReLU(inplace=True)}, identify)
    found = torch.load(file, weights_only=False)
    assert repr(found["layer"]) == "ReLU(inplace=True)" and found["class"] is nn.ReLU
    file.seek(0)
    with pytest.raises(pickle.UnpicklingError, match="ReLU was not an allowed global"):
        torch.load(file)


@pytest.mark.parametrize("weights_only", [True, False])
def test_marks_are_followed_once_the_numbers_are_there(weights_only: bool) -> None:
    file = io.BytesIO(zlib.decompress(base64.b85decode(CONJUGATED)))
    found = torch.load(file, weights_only=weights_only)
    assert found.tolist() == [1 - 0j, 1 - 0j] and str(found.tolist()[0]) == "(1-0j)"


@pytest.mark.parametrize("modern", [True, False])
def test_a_storage_by_itself(modern: bool) -> None:
    file = io.BytesIO()
    numbers = torch.tensor([1.0, 2.0])
    kept = {"storage": torch.FloatStorage(numbers), "tensor": numbers}
    torch.save(kept, file, _use_new_zipfile_serialization=modern)
    file.seek(0)
    found = torch.load(file)
    storage = found["storage"]
    assert isinstance(storage, torch.TypedStorage) and storage.tolist() == [1.0, 2.0]
    assert storage.data_ptr() == found["tensor"].data_ptr() and storage.nbytes() == 8
    file.seek(0)
    file.truncate()
    torch.save(numbers.untyped_storage(), file, _use_new_zipfile_serialization=modern)
    file.seek(0)
    assert torch.load(file).tolist() == [0, 0, 128, 63, 0, 0, 0, 64]
    with pytest.raises(RuntimeError, match="view the same data as different types"):
        torch.save([numbers, numbers.untyped_storage()], io.BytesIO())
