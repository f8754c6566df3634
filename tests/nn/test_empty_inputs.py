"""Layers given nothing: a batch of no samples, an axis of no elements."""

from __future__ import annotations

from typing import Any

import pytest

import rushlight as torch
from rushlight import nn


@pytest.mark.parametrize("momentum", [0.1, None])
@pytest.mark.parametrize("shape", [(0, 2), (0, 2, 3), (3, 2, 0)])
def test_batch_norm_learns_nothing_from_nothing(shape: tuple[int, ...], momentum: Any) -> None:
    layer = nn.BatchNorm1d(2, momentum=momentum)
    x = torch.randn(shape, requires_grad=True)
    out = layer(x)
    out.sum().backward()
    assert out.shape == shape
    assert x.grad.shape == shape
    assert layer.running_mean.tolist() == [0.0, 0.0]
    assert layer.running_var.tolist() == [1.0, 1.0]
    assert layer.num_batches_tracked.item() == 1
    assert layer.weight.grad.tolist() == [0.0, 0.0]


def test_other_norms() -> None:
    layer = nn.InstanceNorm1d(2, affine=True, track_running_stats=True)
    layer(torch.randn(3, 2, 0)).sum().backward()
    assert layer.running_var.tolist() == [1.0, 1.0]
    with pytest.raises(IndexError, match="out of range for tensor of size"):
        layer(torch.randn(0, 2, 3))
    x = torch.randn(3, 4, 0, requires_grad=True)
    nn.GroupNorm(2, 4)(x).sum().backward()
    assert x.grad.shape == (3, 4, 0)
    nn.LayerNorm(0)(torch.randn(3, 0)).sum().backward()


@pytest.mark.parametrize("name", ["AdaptiveAvgPool2d", "AdaptiveMaxPool2d", "AdaptiveAvgPool3d"])
def test_adaptive_pools_need_elements(name: str) -> None:
    pool = getattr(nn, name)(3)
    sizes = [4] * (int(name[-2]) - 1)
    assert pool(torch.randn(0, 2, *sizes, 4)).shape[:2] == (0, 2)
    with pytest.raises(RuntimeError, match="non-zero size for non-batch dimensions"):
        pool(torch.randn(2, 3, *sizes, 0))


def test_margin_losses_pass_over_nan() -> None:
    nan = float("nan")
    x = torch.tensor([[nan, 1.0, 2.0], [0.0, nan, 1.0]], requires_grad=True)
    loss = nn.MultiMarginLoss()(x, torch.tensor([0, 0]))
    loss.backward()
    assert loss.item() == pytest.approx(1 / 3)
    assert x.grad[0].tolist() == [0.0, 0.0, 0.0]


def test_dropout_of_odd_ranks() -> None:
    x = torch.ones(1, 2, 3, 1, 1, 2)
    with pytest.warns(UserWarning, match="dropout3d: Received a 6-D input"):
        out = nn.Dropout3d(0.5)(x)
    # One draw for the whole: it is taken for one sample with a single channel.
    assert len(set(out.flatten().tolist())) == 1
    with pytest.warns(UserWarning, match="1-D input"):
        assert set(nn.Dropout3d(0.5)(torch.ones(50)).tolist()) == {0.0, 2.0}


def test_bases_of_recurrent_layers_do_nothing() -> None:
    with pytest.raises(NotImplementedError, match=r"\[RNNBase\] is missing the required"):
        nn.RNNBase("GRU", 3, 4)(torch.ones(5, 2, 3))


@pytest.mark.parametrize("first", [True, False])
def test_attention_over_an_empty_batch(first: bool) -> None:
    x = torch.randn((0, 4, 6) if first else (4, 0, 6))
    layer = nn.TransformerEncoderLayer(6, 2, 8, batch_first=first)
    assert layer(x).shape == x.shape
    with pytest.raises(NotImplementedError, match="Only 3D, 4D and 5D input Tensors supported"):
        nn.Upsample(scale_factor=2, mode="area")(torch.randn(4, 9))
