"""Whole modules in files: what they hold beside parameters carries PyTorch's names, both ways."""

from __future__ import annotations

import io
import pickletools
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

import rushlight as torch
from rushlight import nn
from rushlight.vision.models.maxvit import PartitionAttentionLayer
from rushlight.vision.models.optical_flow.update import RecurrentBlock
from rushlight.vision.transforms import v2


def _hooked() -> nn.Module:
    module = nn.Linear(2, 2)
    module.register_load_state_dict_pre_hook(print)
    return module


def _grid_attention() -> nn.Module:
    return PartitionAttentionLayer(4, 2, 2, "grid", (4, 4), 2, nn.GELU, nn.LayerNorm, 0.0, 0.0, 0.0)


RAFT = "torchvision.models.optical_flow.raft"
ROWS: list[tuple[Callable[[], Any], list[str]]] = [
    (_hooked, ["torch.nn.modules.module _WrappedHook"]),
    (
        lambda: nn.utils.spectral_norm(nn.Linear(3, 2)),
        [f"torch.nn.utils.spectral_norm {name}" for name in (
            "SpectralNorm", "SpectralNormLoadStateDictPreHook", "SpectralNormStateDictHook")],
    ),
    (
        lambda: RecurrentBlock(input_size=2, hidden_size=2, kernel_size=(3,), padding=(1,)),
        [f"{RAFT} {name}" for name in ("RecurrentBlock", "ConvGRU", "_pass_through_h")],
    ),
    (
        _grid_attention,
        [f"torchvision.models.maxvit {name}" for name in (
            "WindowPartition", "WindowDepartition", "SwapAxes")],
    ),
    (
        lambda: v2.MixUp(num_classes=3),
        ["torchvision.transforms.v2._utils _find_labels_default_heuristic"],
    ),
]  # fmt: skip


def names_in(file: bytes) -> set[str]:
    """The globals of a file: "module name" each."""
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        (name,) = [each for each in archive.namelist() if each.endswith("data.pkl")]
        found = pickletools.genops(archive.read(name))
        return {str(argument) for code, argument, _ in found if code.name == "GLOBAL"}


@pytest.mark.parametrize(("make", "names"), ROWS)
def test_names_are_pytorchs_and_are_found_again(make: Callable[[], Any], names: list[str]) -> None:
    thing = make()
    file = io.BytesIO()
    torch.save(thing, file)
    assert set(names) <= names_in(file.getvalue())
    file.seek(0)
    loaded = torch.load(file, weights_only=False)
    assert type(loaded) is type(thing) and repr(loaded) == repr(thing)


def test_a_hook_of_pytorchs_without_a_module() -> None:
    """PyTorch wraps every load hook, also those that are not given the module."""
    hook = nn.modules.module._WrappedHook.__new__(nn.modules.module._WrappedHook)
    hook.__setstate__({"hook": max, "with_module": False})
    assert hook(1, 2) == 2 and hook.__getstate__() == {"hook": max, "with_module": False}
