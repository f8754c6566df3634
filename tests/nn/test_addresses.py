"""Layers at the addresses where PyTorch keeps them, and hooks on what modules are given."""

from __future__ import annotations

import inspect
from importlib import import_module

import pytest

import rushlight as torch
from rushlight import nn
from rushlight.nn.modules import module as modules
from rushlight.nn.modules.addresses import ADDRESSES

ASKED = [
    ("activation", "MultiheadAttention"), ("batchnorm", "SyncBatchNorm"),
    ("batchnorm", "LazyBatchNorm2d"), ("container", "Container"), ("conv", "LazyConv2d"),
    ("conv", "LazyConvTranspose3d"), ("instancenorm", "LazyInstanceNorm1d"),
    ("linear", "LazyLinear"), ("loss", "CTCLoss"), ("loss", "MultiMarginLoss"),
    ("loss", "NLLLoss2d"), ("loss", "TripletMarginWithDistanceLoss"),
    ("normalization", "CrossMapLRN2d"), ("pooling", "FractionalMaxPool2d"),
    ("pooling", "MaxUnpool3d"), ("rnn", "GRUCell"), ("rnn", "RNNCellBase"),
    ("sparse", "EmbeddingBag"), ("transformer", "MultiheadAttention"),
]  # fmt: skip


@pytest.mark.parametrize(("module", "name"), ASKED)
def test_same_class_at_pytorchs_address(module: str, name: str) -> None:
    there = import_module(f"rushlight.nn.modules.{module}")
    assert getattr(there, name) is getattr(nn, name)
    assert name in dir(there)
    assert name in there.__all__ or module == "container"


@pytest.mark.parametrize("module", sorted(ADDRESSES))
def test_every_address_leads_somewhere(module: str) -> None:
    there = import_module(f"rushlight.nn.modules.{module}")
    assert all(getattr(there, name) is not None for name in dir(there))
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = there.nothing


def test_options_of_linear_cross_entropy_have_their_own_module() -> None:
    there = import_module("rushlight.nn.modules.linear_cross_entropy_options")
    assert there.LinearCrossEntropyOptions is nn.LinearCrossEntropyOptions


def test_star_import_brings_them() -> None:
    names: dict[str, object] = {}
    exec("from rushlight.nn.modules.loss import *", names)
    assert names["CTCLoss"] is nn.CTCLoss
    assert names["MSELoss"] is nn.MSELoss


def test_small_functions() -> None:
    from rushlight.nn.modules import padding, rnn, transformer

    with pytest.warns(FutureWarning, match="index_select"):
        order = rnn.apply_permutation(torch.arange(3.0)[None], torch.tensor([2, 0, 1]))
    assert order.tolist() == [[2.0, 0.0, 1.0]]
    assert list(inspect.signature(rnn.apply_permutation).parameters) == [
        "tensor", "permutation", "dim",
    ]  # fmt: skip
    assert modules._addindent("a\nb\nc", 3) == "a\n   b\n   c"
    assert transformer._get_seq_len(torch.zeros(2, 3, 4), True) == 3
    assert transformer._get_seq_len(torch.zeros(2, 3, 4), False) == 2
    assert transformer._get_seq_len(torch.zeros(3, 4), True) == 3
    assert transformer._detect_is_causal_mask(nn.Transformer.generate_square_subsequent_mask(3))
    assert isinstance(nn.ReflectionPad2d(1), padding._ReflectionPadNd)


def test_registration_hooks_see_what_is_given() -> None:
    seen: list[tuple[str, str, object]] = []
    handles = [
        register(lambda owner, name, value, kind=kind: seen.append((kind, name, value is None)))
        for kind, register in (
            ("parameter", modules.register_module_parameter_registration_hook),
            ("buffer", modules.register_module_buffer_registration_hook),
            ("module", modules.register_module_module_registration_hook),
        )
    ]
    owner = nn.Module()
    owner.p = nn.Parameter(torch.ones(2))
    owner.p = None
    owner.register_buffer("b", torch.ones(2))
    owner.b = None
    owner.child = nn.Module()
    owner.child = None
    owner.add_module("late", None)
    for handle in handles:
        handle.remove()
    nn.Linear(1, 1)
    assert seen == [
        ("parameter", "p", False),
        ("buffer", "b", False), ("buffer", "b", True),
        ("module", "child", False), ("module", "child", True), ("module", "late", True),
    ]  # fmt: skip


def test_a_registration_hook_replaces() -> None:
    twice = modules.register_module_parameter_registration_hook(
        lambda owner, name, value: nn.Parameter(value.detach() * 2)
    )
    try:
        owner = nn.Module()
        owner.p = nn.Parameter(torch.ones(2))
    finally:
        twice.remove()
    assert owner.p.tolist() == [2.0, 2.0]
    assert dict(owner.named_parameters())["p"] is owner.p
