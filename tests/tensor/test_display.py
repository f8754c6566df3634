"""Printing against what PyTorch printed (frozen) and, where it is installed, against PyTorch."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from rushlight.tensor import display
from tests.tensor.display_draw import draw_array, draw_options, numpy_dtype

GOLDEN = json.loads(Path(__file__).with_name("display_golden.json").read_text())
KEYWORDS: dict[str, dict[str, Any]] = {
    "": {},
    "requires_grad": {"requires_grad": True},
    "grad_fn": {"requires_grad": True, "grad_fn_name": "CloneBackward0"},
    "parameter": {"requires_grad": True, "is_parameter": True},
}


@pytest.fixture(autouse=True)
def default_options() -> Iterator[None]:
    with display.printoptions(profile="default"):
        yield


def as_stored(array: np.ndarray[Any, Any], name: str) -> np.ndarray[Any, Any]:
    return array.astype(ml_dtypes.bfloat16) if name == "bfloat16" else array


@pytest.mark.parametrize("row", GOLDEN, ids=range(len(GOLDEN)))
def test_as_pytorch_printed(row: dict[str, Any]) -> None:
    values = row["values"]
    if row["dtype"].startswith("complex"):
        parts = np.asarray(values, np.float64)
        values = np.empty(parts.shape[1:], np.complex128)
        values.real, values.imag = parts
    array = np.asarray(values, numpy_dtype(row["dtype"])).reshape(row["shape"])
    display.set_printoptions(**row["options"])
    text = display.tensor_repr(
        as_stored(array, row["dtype"]), row["dtype"], **KEYWORDS[row["tracking"]]
    )
    assert text == row["text"]


@pytest.mark.parity
def test_as_pytorch_prints() -> None:
    torch = pytest.importorskip("torch")
    # Nothing in this process prints PyTorch tensors later: its options may stay as they end.
    rng = np.random.default_rng()
    for _ in range(400):
        array, name = draw_array(rng)
        options = draw_options(rng)
        tracking = str(rng.choice(list(KEYWORDS))) if array.dtype.kind in "fc" else ""
        tensor = torch.from_numpy(array.copy()).to(getattr(torch, name))
        tensor.requires_grad_(tracking != "")
        if tracking == "grad_fn":
            tensor = tensor.clone()
        if tracking == "parameter":
            tensor = torch.nn.Parameter(tensor)
        torch.set_printoptions(profile="default")
        torch.set_printoptions(**options)
        display.set_printoptions(profile="default")
        display.set_printoptions(**options)
        text = display.tensor_repr(as_stored(array, name), name, **KEYWORDS[tracking])
        assert text == repr(tensor), (array.shape, name, options)


def test_default_dtype_needs_no_suffix() -> None:
    half = np.array([0.5], np.float64)
    assert display.tensor_repr(half, "float64", default_dtype="float64") == "tensor([0.5000])"
    single = display.tensor_repr(half.astype(np.float32), "float32", default_dtype="float64")
    assert single == "tensor([0.5000], dtype=torch.float32)"


def test_device_suffix_comes_first() -> None:
    text = display.tensor_repr(np.zeros(1, np.int8), "int8", device="cuda:0")
    assert text == "tensor([0], device='cuda:0', dtype=torch.int8)"


def test_indent_moves_the_lines_below() -> None:
    text = display.tensor_repr(np.eye(2, dtype=np.float32), "float32", indent=2)
    assert text == "tensor([[1., 0.],\n          [0., 1.]])"


def test_only_the_edges_of_a_large_tensor_are_read() -> None:
    # The one element that would switch to scientific notation is not among those shown.
    array = np.ones(5000, np.float32)
    array[2500] = 1e12
    assert display.tensor_repr(array, "float32") == "tensor([1., 1., 1.,  ..., 1., 1., 1.])"


def test_options_come_back_after_a_with_block() -> None:
    with pytest.raises(KeyError), display.printoptions(precision=1, sci_mode=True):
        assert display.get_printoptions()["precision"] == 1
        raise KeyError
    default = display.PROFILES["default"]
    assert tuple(display.get_printoptions().items()) == tuple(
        zip(default.NAMES, default.as_tuple(), strict=True)
    )


def test_unknown_profile() -> None:
    with pytest.raises(ValueError, match="profile is 'long', needs one of default, short, full"):
        display.set_printoptions(profile="long")
