"""torch.nn against PyTorch itself: printed forms, names, first values. Skipped without PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import rushlight as rl

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.parity,
    pytest.mark.skipif(not hasattr(torch, "_C"), reason="this torch is Rushlight"),
]

Make = Callable[[Any], Any]

LAYERS: list[Make] = [
    lambda nn: nn.Linear(7, 5),
    lambda nn: nn.Linear(7, 5, bias=False),
    lambda nn: nn.Linear(in_features=2, out_features=40),
    lambda nn: nn.Bilinear(3, 4, 5),
    lambda nn: nn.Identity(3, x=4),
    lambda nn: nn.Conv1d(4, 6, 3),
    lambda nn: nn.Conv2d(3, 8, 3, stride=2, padding=1),
    lambda nn: nn.Conv2d(4, 8, (3, 5), padding=(1, 2), dilation=2, groups=2, bias=False),
    lambda nn: nn.Conv2d(3, 4, 3, padding="same", padding_mode="reflect"),
    lambda nn: nn.ConvTranspose2d(4, 6, 3, stride=2, output_padding=1),
    lambda nn: nn.ConvTranspose1d(4, 6, 3),
    lambda nn: nn.MaxPool1d(2),
    lambda nn: nn.MaxPool2d(3, stride=2, padding=1),
    lambda nn: nn.AvgPool1d(2),
    lambda nn: nn.AvgPool2d((2, 3)),
    lambda nn: nn.AdaptiveAvgPool1d(5),
    lambda nn: nn.AdaptiveAvgPool2d((1, None)),
    lambda nn: nn.AdaptiveMaxPool1d(5),
    lambda nn: nn.AdaptiveMaxPool2d(2),
    lambda nn: nn.LPPool2d(2, 3),
    lambda nn: nn.Dropout(),
    lambda nn: nn.Dropout1d(0.1),
    lambda nn: nn.Dropout2d(0.1, inplace=True),
    lambda nn: nn.AlphaDropout(0.2),
    lambda nn: nn.FeatureAlphaDropout(),
    lambda nn: nn.BatchNorm1d(3),
    lambda nn: nn.BatchNorm2d(3, affine=False),
    lambda nn: nn.BatchNorm2d(3, momentum=None, bias=False),
    lambda nn: nn.BatchNorm2d(3, track_running_stats=False),
    lambda nn: nn.InstanceNorm1d(3),
    lambda nn: nn.InstanceNorm2d(3, affine=True, track_running_stats=True),
    lambda nn: nn.LayerNorm(4),
    lambda nn: nn.LayerNorm([2, 3], elementwise_affine=False),
    lambda nn: nn.GroupNorm(2, 4),
    lambda nn: nn.RMSNorm(4),
    lambda nn: nn.LocalResponseNorm(3),
    lambda nn: nn.Embedding(10, 3),
    lambda nn: nn.Embedding(10, 3, padding_idx=-1, max_norm=1.0),
    lambda nn: nn.Flatten(),
    lambda nn: nn.Unflatten(1, (2, 3)),
    lambda nn: nn.Upsample(scale_factor=2),
    lambda nn: nn.Upsample(size=(3, 4), mode="bilinear"),
    lambda nn: nn.UpsamplingNearest2d(scale_factor=2),
    lambda nn: nn.UpsamplingBilinear2d(size=4),
    lambda nn: nn.ZeroPad1d(1),
    lambda nn: nn.ZeroPad2d((1, 2, 3, 4)),
    lambda nn: nn.ConstantPad1d(2, 3.5),
    lambda nn: nn.ConstantPad2d(1, 3.5),
    lambda nn: nn.ReflectionPad1d(1),
    lambda nn: nn.ReflectionPad2d(1),
    lambda nn: nn.ReplicationPad2d(1),
    lambda nn: nn.CircularPad2d(1),
    lambda nn: nn.PixelShuffle(2),
    lambda nn: nn.PixelUnshuffle(2),
    lambda nn: nn.ChannelShuffle(2),
    lambda nn: nn.Fold((4, 5), 2),
    lambda nn: nn.Unfold(2),
    lambda nn: nn.CosineSimilarity(),
    lambda nn: nn.PairwiseDistance(),
    lambda nn: nn.CrossEntropyLoss(),
    lambda nn: nn.NLLLoss(),
    lambda nn: nn.MSELoss(),
    lambda nn: nn.L1Loss(),
    lambda nn: nn.SmoothL1Loss(),
    lambda nn: nn.HuberLoss(),
    lambda nn: nn.BCELoss(),
    lambda nn: nn.BCEWithLogitsLoss(),
    lambda nn: nn.KLDivLoss(),
    lambda nn: nn.ReLU(),
    lambda nn: nn.ReLU(inplace=True),
    lambda nn: nn.RReLU(inplace=True),
    lambda nn: nn.Hardtanh(-2, 2, True),
    lambda nn: nn.ReLU6(True),
    lambda nn: nn.Sigmoid(),
    lambda nn: nn.Hardsigmoid(True),
    lambda nn: nn.Tanh(),
    lambda nn: nn.SiLU(True),
    lambda nn: nn.Mish(),
    lambda nn: nn.Hardswish(True),
    lambda nn: nn.ELU(inplace=True),
    lambda nn: nn.CELU(2.0, True),
    lambda nn: nn.SELU(True),
    lambda nn: nn.GLU(),
    lambda nn: nn.GELU("tanh"),
    lambda nn: nn.Hardshrink(),
    lambda nn: nn.LeakyReLU(0.2, True),
    lambda nn: nn.LogSigmoid(),
    lambda nn: nn.Softplus(),
    lambda nn: nn.Softshrink(),
    lambda nn: nn.PReLU(3),
    lambda nn: nn.Softsign(),
    lambda nn: nn.Tanhshrink(),
    lambda nn: nn.Softmin(),
    lambda nn: nn.Softmax(1),
    lambda nn: nn.Softmax2d(),
    lambda nn: nn.LogSoftmax(-1),
    lambda nn: nn.Threshold(0.1, 20, True),
    lambda nn: nn.Sequential(),
    lambda nn: nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.ReLU(), nn.Linear(3, 1))),
    lambda nn: nn.ModuleList([nn.ReLU(), nn.ReLU(), nn.Linear(2, 3)]),
    lambda nn: nn.ModuleList(nn.Linear(2, 3) for _ in range(2)),
    lambda nn: nn.ModuleDict({"one": nn.ReLU(), "two": nn.Sequential(nn.Linear(2, 2))}),
    lambda nn: nn.ParameterList([rl.ones(2, 3) if nn is rl.nn else torch.ones(2, 3)]),
    lambda nn: nn.ParameterDict({"a": rl.ones(2) if nn is rl.nn else torch.ones(2)}),
]


def both(make: Make) -> tuple[Any, Any]:
    torch.manual_seed(5)
    theirs = make(torch.nn)
    rl.manual_seed(5)
    return make(rl.nn), theirs


@pytest.mark.parametrize("make", LAYERS, ids=range(len(LAYERS)))
def test_layer(make: Make) -> None:
    mine, theirs = both(make)
    assert repr(mine) == repr(theirs)
    found, wanted = mine.state_dict(), theirs.state_dict()
    assert list(found) == list(wanted)
    assert found._metadata == wanted._metadata
    for name, value in wanted.items():
        assert str(found[name].dtype) == str(value.dtype)
        np.testing.assert_array_equal(found[name].numpy(), value.numpy(), err_msg=name)
    assert [name for name, _ in mine.named_parameters()] == [
        n for n, _ in theirs.named_parameters()
    ]
    assert [name for name, _ in mine.named_modules()] == [n for n, _ in theirs.named_modules()]
    assert getattr(mine, "__constants__", None) == getattr(theirs, "__constants__", None)
    assert type(mine).__module__.partition(".")[2] == type(theirs).__module__.partition(".")[2]


INITS: list[Callable[[Any, Any], Any]] = [
    lambda init, t: init.uniform_(t, -1, 2),
    lambda init, t: init.normal_(t, 0.1, 2.0),
    lambda init, t: init.trunc_normal_(t, 0.1, 2.0, -1.0, 3.0),
    lambda init, t: init.trunc_normal_(t, 0.1, 2.0, 0.0, 0.2),
    lambda init, t: init.trunc_normal_(t),
    lambda init, t: init.constant_(t, 3.5),
    lambda init, t: init.ones_(t),
    lambda init, t: init.zeros_(t),
    lambda init, t: init.xavier_uniform_(t, gain=2.0),
    lambda init, t: init.xavier_normal_(t),
    lambda init, t: init.kaiming_uniform_(t, mode="fan_out", nonlinearity="relu"),
    lambda init, t: init.kaiming_normal_(t, 0.2),
    lambda init, t: init.orthogonal_(t, gain=1.5),
    lambda init, t: init.eye_(t),
    lambda init, t: init.sparse_(t, 0.3),
    lambda init, t: init.dirac_(t.view(10, 6, 1)),
]


@pytest.mark.parametrize("fill", INITS, ids=range(len(INITS)))
def test_init(fill: Callable[[Any, Any], Any]) -> None:
    torch.manual_seed(9)
    theirs = fill(torch.nn.init, torch.empty(10, 6))
    rl.manual_seed(9)
    mine = fill(rl.nn.init, rl.empty(10, 6))
    # erfinv and qr are not the same code, so a few last bits may differ
    np.testing.assert_allclose(mine.numpy(), theirs.numpy(), rtol=3e-6, atol=3e-7)


@pytest.mark.parametrize(
    "name", ["linear", "conv2d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"]
)
def test_gain(name: str) -> None:
    assert rl.nn.init.calculate_gain(name) == torch.nn.init.calculate_gain(name)


def message(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(Exception) as caught:
        call()
    return type(caught.value).__name__, str(caught.value)


def wrong(lib: Any) -> list[Callable[[], Any]]:
    nn = lib.nn
    net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    linear = nn.Linear(2, 3)

    class Early(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            self.layer = nn.Linear(1, 1)

    class NoForward(nn.Module):  # type: ignore[misc]
        pass

    return [
        lambda: linear.missing,
        lambda: setattr(linear, "weight", lib.ones(2)),
        lambda: setattr(linear, "weight", 3),
        lambda: setattr(net, "0", 3),
        lambda: setattr(net[1], "running_mean", "x"),
        lambda: linear.register_parameter("a.b", None),
        lambda: linear.register_parameter("", None),
        lambda: linear.register_parameter("forward", None),
        lambda: linear.register_parameter("x", lib.ones(2)),
        lambda: linear.register_parameter(3, None),
        lambda: linear.register_buffer("weight", None),
        lambda: linear.register_buffer("b", 3),
        lambda: linear.register_buffer("a.b", None),
        lambda: linear.add_module("a.b", None),
        lambda: linear.add_module("a", 3),
        lambda: linear.add_module("weight", nn.ReLU()),
        lambda: Early(),
        lambda: NoForward()(1),
        lambda: NoForward(3),
        lambda: NoForward(x=3),
        lambda: net.load_state_dict({}),
        lambda: net.load_state_dict(3),
        lambda: net.load_state_dict({**net.state_dict(), "extra": lib.ones(1)}),
        lambda: net.load_state_dict({**net.state_dict(), "0.weight": lib.ones(7)}),
        lambda: net.load_state_dict({**net.state_dict(), "0.weight": 3}),
        lambda: net.get_submodule("3"),
        lambda: net.get_submodule("0.weight"),
        lambda: net.get_parameter("0.in_features"),
        lambda: net.get_buffer("0.weight"),
        lambda: net.train(3),
        lambda: net.to(lib.int32),
        lambda: net[5],
        lambda: nn.Sequential(nn.ReLU()) * 0,
        lambda: nn.Conv2d(3, 4, 3, groups=2),
        lambda: nn.Conv2d(4, 4, 3, stride=2, padding="same"),
        lambda: nn.Dropout(1.5),
        lambda: nn.GroupNorm(3, 4),
        lambda: nn.BatchNorm2d(3)(lib.ones(2, 3)),
        lambda: nn.InstanceNorm2d(3)(lib.ones(2, 3)),
        lambda: nn.Embedding(3, 4, padding_idx=7),
        lambda: nn.Unflatten(1, 3),
        lambda: nn.Softmax2d()(lib.ones(3)),
        lambda: nn.init.xavier_uniform_(lib.ones(3)),
        lambda: nn.init.calculate_gain("gelu"),
        lambda: nn.init.eye_(lib.ones(3)),
        lambda: nn.ParameterList([lib.ones(1)])(3),
        lambda: nn.ModuleDict({"keys": nn.ReLU()}),
        lambda: nn.ModuleDict(3),
        lambda: nn.ModuleList(3),
    ]


@pytest.mark.parametrize("place", range(49))
def test_wrong_call(place: int) -> None:
    mine = message(wrong(rl)[place])
    theirs = message(wrong(torch)[place])
    assert mine[0] == theirs[0] or mine[0] == "ShapeError"
    # the first sentence at least: ours may go on to say what to do
    for line in theirs[1].splitlines()[:3]:
        text = line.replace("<class 'torch.", "<class 'rushlight.")
        assert text[:70].rstrip(".") in mine[1], f"{mine[1]!r} for {theirs[1]!r}"
