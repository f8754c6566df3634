"""Names left out say so, and ``hasattr`` says no; the small modules are there."""

from __future__ import annotations

import importlib
import pickle

import pytest

import rushlight as torch

X = torch.ones(2)


@pytest.mark.parametrize(
    "name", ["quantize_per_tensor", "hspmm", "cudnn_convolution", "per_tensor_affine"]
)
def test_a_name_of_torch_says_why(name: str) -> None:
    assert not hasattr(torch, name)
    with pytest.raises(NotImplementedError, match=f"torch.{name} is left out of Rushlight: "):
        getattr(torch, name)


@pytest.mark.parametrize("name", ["rename", "align_to", "int_repr", "to_mkldnn", "crow_indices"])
def test_a_method_says_why(name: str) -> None:
    assert not hasattr(X, name)
    with pytest.raises(NotImplementedError, match=f"Tensor.{name} is left out of Rushlight: "):
        getattr(X, name)


@pytest.mark.parametrize("name", ["quint8", "float8_e4m3fn", "qint8", "chalf"])
def test_a_dtype_that_no_tensor_has_can_be_named(name: str) -> None:
    kind = getattr(torch, name)
    assert {kind: 1}[getattr(torch, name)] == 1
    assert pickle.loads(pickle.dumps(kind)) is kind
    calls = (
        lambda: torch.zeros(2, dtype=kind),
        lambda: torch.tensor([1], dtype=kind),
        lambda: X.to(kind),
        lambda: X.type(kind),
        lambda: X.view(kind),
    )
    for call in calls:
        with pytest.raises(NotImplementedError, match=r"torch\.\w+ is left out of Rushlight: "):
            call()


def test_layouts_that_no_tensor_has() -> None:
    assert X.layout != torch.sparse_csr
    assert str(torch.sparse_csr) == "torch.sparse_csr"


def test_operators_by_name() -> None:
    assert torch.ops.aten.add.Tensor is torch.ops.aten.add.Tensor
    assert not hasattr(torch.ops, "torchvision")
    with pytest.raises(NotImplementedError, match=r"torch\.ops\.aten\.add is left out"):
        torch.ops.aten.add(X, X)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("rushlight.types", "Number"),
        ("rushlight.functional", "einsum"),
        ("rushlight.storage", "UntypedStorage"),
        ("rushlight.nn.modules.utils", "_pair"),
        ("rushlight.nn.common_types", "_size_2_t"),
        ("rushlight.utils.hooks", "RemovableHandle"),
        ("rushlight.utils.data._utils.collate", "default_collate"),
        ("rushlight._utils", "_flatten_dense_tensors"),
        ("rushlight.autograd.variable", "Variable"),
        ("rushlight._dynamo", "config"),
        ("rushlight._inductor", "config"),
        ("rushlight.cuda.streams", "Stream"),
    ],
)
def test_addresses_that_programs_import_from(module: str, name: str) -> None:
    assert hasattr(importlib.import_module(module), name)


def test_cuda_answers_as_a_build_without_it() -> None:
    assert torch.cuda.max_memory_allocated() == 0
    torch.cuda.reset_peak_memory_stats()
    with torch.cuda.stream(None), torch.cuda.device(-1):
        pass
    for call in (torch.cuda.synchronize, torch.cuda.current_device, torch.cuda.get_rng_state):
        with pytest.raises(AssertionError, match="Torch not compiled with CUDA enabled"):
            call()
    with pytest.raises(RuntimeError, match="requires CUDA support"):
        torch.cuda.Event(enable_timing=True)


def test_flat_tensors_and_back() -> None:
    utils = importlib.import_module("rushlight._utils")
    parts = [torch.ones(2, 2), torch.arange(3.0)]
    flat = utils._flatten_dense_tensors(parts)
    assert flat.shape == (7,)
    again = utils._unflatten_dense_tensors(flat, parts)
    assert all(torch.equal(a, b) for a, b in zip(parts, again, strict=True))
