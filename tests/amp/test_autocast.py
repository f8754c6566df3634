"""autocast: dtypes of results as PyTorch's CPU lists say, switches, nesting, decorators."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest

import rushlight as torch
from rushlight import nn
from rushlight.nn import functional as F

low, wide = torch.bfloat16, torch.float32
T = torch.rand

# what a float32 argument gives, what a bfloat16 argument gives (PyTorch 2.13)
CASES: list[tuple[str, Callable[[Any], Any], Any, Any]] = [
    ("matmul", lambda c: c(T(2, 2)) @ c(T(2, 2)), low, low),
    ("linalg.qr", lambda c: torch.linalg.qr(c(T(2, 2)))[0], wide, wide),
    ("linalg.solve", lambda c: torch.linalg.solve(c(torch.eye(2)), c(T(2, 2))), wide, wide),
    ("linalg.vecdot", lambda c: torch.linalg.vecdot(c(T(2)), T(2)), low, low),
    ("linalg.pinv", lambda c: torch.linalg.pinv(c(torch.eye(2))), low, low),
    ("matrix_power", lambda c: torch.matrix_power(c(torch.eye(2)), -2), low, low),
    ("fft", lambda c: torch.fft.fft(c(T(4))).real, wide, wide),
    ("rnn", lambda c: nn.RNN(2, 2)(c(T(3, 1, 2)))[0], low, low),
    ("rnn cell", lambda c: nn.RNNCell(2, 2)(c(T(3, 2))), low, low),
    ("gru", lambda c: nn.GRU(2, 2)(c(T(3, 1, 2)))[0], wide, low),
    ("response norm", lambda c: F.local_response_norm(c(T(1, 3, 4)), 2), wide, wide),
    ("conv2d", lambda c: F.conv2d(c(T(1, 2, 5, 5)), c(T(3, 2, 3, 3))), low, low),
    ("linear mixed", lambda c: F.linear(c(T(2, 2)), T(2, 2), T(2)), low, low),
    ("mv", lambda c: torch.mv(c(T(2, 2)), c(T(2))), wide, low),
    ("einsum", lambda c: torch.einsum("ij,jk->ik", c(T(2, 2)), c(T(2, 2))), low, low),
    ("einsum outer", lambda c: torch.einsum("i,j->ij", c(T(2)), c(T(2))), wide, low),
    ("attention", lambda c: F.scaled_dot_product_attention(*[c(T(1, 2, 3, 4))] * 3), low, low),
    ("softmax", lambda c: F.softmax(c(T(3)), 0), wide, low),
    ("cross_entropy", lambda c: F.cross_entropy(c(T(2, 3)), torch.tensor([0, 1])), wide, wide),
    ("mse_loss", lambda c: F.mse_loss(c(T(3)), c(T(3))), wide, wide),
    ("prod", lambda c: torch.prod(c(T(3))), wide, wide),
    ("cat", lambda c: torch.cat([c(T(3)), T(3)]), wide, wide),
    ("layer_norm", lambda c: F.layer_norm(c(T(2, 3)), (3,), T(3), T(3)), wide, low),
    ("instance_norm", lambda c: F.instance_norm(c(T(2, 4, 3)), None, None, T(4)), wide, low),
    ("reflect", lambda c: F.pad(c(T(1, 2, 4)), (1, 1), "reflect"), wide, wide),
    ("circular", lambda c: F.pad(c(T(1, 2, 4)), (1, 1), "circular"), wide, low),
    ("gru", lambda c: nn.GRU(3, 4)(c(T(5, 2, 3)))[0], wide, low),
    ("attention layer", lambda c: nn.MultiheadAttention(4, 2)(*[c(T(3, 1, 4))] * 3)[0], low, low),
    ("float64", lambda c: torch.mm(*[T(2, 2).double()] * 2), torch.float64, torch.float64),
    ("integers", lambda c: torch.mm(*[torch.ones(2, 2).long()] * 2), torch.int64, torch.int64),
    ("out", lambda c: torch.mm(T(2, 2), T(2, 2), out=torch.empty(2, 2)), wide, wide),
]  # fmt: skip


@pytest.mark.parametrize(
    ("call", "single", "half"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_dtype(call: Callable[[Any], Any], single: Any, half: Any) -> None:
    with torch.autocast("cpu", dtype=low):
        assert call(lambda x: x).dtype is single
        assert call(lambda x: x.to(low)).dtype is half
    assert torch.mm(T(2, 2), T(2, 2)).dtype is wide


def test_nesting_and_switches() -> None:
    x = torch.ones(2, 2)
    assert not torch.is_autocast_enabled("cpu")
    with torch.autocast("cpu"):
        assert torch.is_autocast_enabled("cpu")
        assert not torch.is_autocast_enabled()
        with torch.autocast("cpu", enabled=False):
            assert (x @ x).dtype is wide
        with torch.amp.autocast("cpu", dtype=torch.float16):
            assert torch.get_autocast_dtype("cpu") is torch.float16
            assert (x @ x).dtype is torch.float16
        assert (x @ x).dtype is low
    assert torch.get_autocast_dtype("cpu") is low
    assert torch.autocast("cpu")(lambda: x @ x)().dtype is low
    assert (x @ x).dtype is wide


def test_an_error_inside_switches_it_off() -> None:
    with pytest.raises(RuntimeError), torch.autocast("cpu"):
        torch.ones(2, 3) @ torch.ones(2, 3)
    assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype is wide


def test_a_parameter_is_cast_once_and_gets_its_gradient_in_its_own_dtype() -> None:
    weight = nn.Parameter(torch.eye(3))
    with torch.autocast("cpu"):
        h = torch.ones(2, 3)
        for _ in range(3):
            h = h @ weight
    h.sum().backward()
    assert weight.grad is not None
    assert weight.grad.dtype is wide
    assert weight.grad.tolist() == [[6.0] * 3] * 3


def test_training_follows_pytorch() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    x, y = torch.randn(32, 4), torch.arange(32) % 2
    losses = []
    for _ in range(5):
        optimizer.zero_grad()
        with torch.autocast("cpu"):
            loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses == pytest.approx(LOSSES, abs=2e-4)


LOSSES = [0.75976, 0.75064, 0.74257, 0.73553, 0.7286]  # PyTorch 2.13


def test_custom_function() -> None:
    class Double(torch.autograd.Function):
        @staticmethod
        @torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.float32)
        def forward(ctx: Any, x: Any) -> Any:
            assert not torch.is_autocast_enabled("cpu")
            return x * 2

        @staticmethod
        @torch.amp.custom_bwd(device_type="cpu")
        def backward(ctx: Any, g: Any) -> Any:
            assert not torch.is_autocast_enabled("cpu")
            return g * 2

    x = torch.ones(2, dtype=low, requires_grad=True)
    with torch.autocast("cpu"):
        y = Double.apply(x)
        assert y.dtype is wide
        y.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [2.0, 2.0]


def test_what_is_refused() -> None:
    with pytest.raises(RuntimeError, match="autocast device_type"):
        torch.autocast("xyz")
    with pytest.raises(ValueError, match="of type `str`"):
        torch.autocast(3)  # type: ignore[arg-type]
    x = torch.ones(2, 2)
    with pytest.warns(UserWarning, match="CUDA is not available"), torch.autocast("cuda"):
        assert (x @ x).dtype is wide
    with pytest.warns(UserWarning, match="dtype is not supported"):
        region = torch.autocast("cpu", dtype=torch.float32)
    with region:
        assert (x @ x).dtype is wide


def test_older_names() -> None:
    from rushlight.cuda.amp import GradScaler, autocast

    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        scaler = GradScaler()
        autocast()
        torch.cpu.amp.autocast()
    assert [each.category for each in seen] == [
        FutureWarning, UserWarning, FutureWarning, UserWarning, FutureWarning,
    ]  # fmt: skip
    assert not scaler.is_enabled()
