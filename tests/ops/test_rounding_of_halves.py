"""Halves are rounded where PyTorch rounds them: statistics, sums of exponentials, means of bins.

The numbers are of real PyTorch 2.13.
"""

from __future__ import annotations

import pytest

import rushlight as torch

F = torch.nn.functional
OUT = {
    "bfloat16": [
        -2.515625, 0.66796875, -1.1484375, 2.03125, -0.09130859375, 0.9453125, -0.87109375,
        0.16796875, 0.018798828125, 0.67578125, 0.30078125, -0.0751953125, 0.66796875, -1.1484375,
        2.03125, 0.2138671875, 0.9453125, -0.87109375, 0.16796875, 1.203125, 0.67578125,
        0.30078125, -0.0751953125, 0.58203125,
    ],
    "float16": [
        -2.509765625, 0.6669921875, -1.1474609375, 2.029296875, -0.0919189453125, 0.94580078125,
        -0.8701171875, 0.16748046875, 0.0189666748046875, 0.6748046875, 0.300048828125,
        -0.07470703125, 0.6669921875, -1.1474609375, 2.029296875, 0.21337890625, 0.94580078125,
        -0.8701171875, 0.16748046875, 1.205078125, 0.6748046875, 0.300048828125, -0.07470703125,
        0.5810546875,
    ],
}  # fmt: skip
MEAN = {
    "bfloat16": [
        0.734375, 1.140625, 2.0,
    ],
    "float16": [
        0.7373046875, 1.1435546875, 2.0,
    ],
}  # fmt: skip
VAR = {
    "bfloat16": [
        1.2109375, 0.6875, 0.515625,
    ],
    "float16": [
        1.212890625, 0.68896484375, 0.51806640625,
    ],
}  # fmt: skip
LOGS = {
    "bfloat16": [
        -15.25, -4.75, -10.75, -0.25390625, -6.25, -12.25, -1.75, -7.75, -13.75, -3.25, -9.25,
        -15.25,
    ],
    "float16": [
        -15.25, -4.75390625, -10.75, -0.25244140625, -6.25390625, -12.25, -1.751953125,
        -7.75390625, -13.75, -3.251953125, -9.25, -15.25,
    ],
}  # fmt: skip
BINS = {
    "bfloat16": [
        1.75, 2.5, 3.25, 2.0, 2.75, 3.5, 2.25, 3.0, 1.0, 2.5, 3.25, 4.0, 2.75, 3.5, 1.5, 3.0, 1.0,
        1.75,
    ],
    "float16": [
        1.75, 2.5, 3.25, 2.0, 2.75, 3.5, 2.25, 3.0, 1.0, 2.5, 3.25, 4.0, 2.75, 3.5, 1.5, 3.0, 1.0,
        1.75,
    ],
}  # fmt: skip


def _x(dtype: torch.dtype) -> torch.Tensor:
    return ((torch.arange(24) * 7) % 11).reshape(2, 3, 4).to(dtype) / 2


@pytest.mark.parametrize("name", ["bfloat16", "float16"])
def test_batch_norm(name: str) -> None:
    dtype = getattr(torch, name)
    mean, var = torch.tensor([0.5, 1.0, 2.0]).to(dtype), torch.tensor([1.0, 0.5, 0.25]).to(dtype)
    weight, bias = torch.tensor([1.5, -0.75, 0.3]).to(dtype), torch.tensor([0.1, 0.2, 0.3])
    y = F.batch_norm(_x(dtype), mean, var, weight, bias.to(dtype), True, 0.1, 1e-5)
    assert y.flatten().tolist() == OUT[name]
    assert mean.tolist() == MEAN[name]
    assert var.tolist() == VAR[name]


@pytest.mark.parametrize("name", ["bfloat16", "float16"])
def test_instance_norm_is_a_batch_norm_of_planes(name: str) -> None:
    dtype = getattr(torch, name)
    x, weight = _x(dtype), torch.tensor([1.5, -0.75, 0.3]).to(dtype)
    planes = F.batch_norm(x.reshape(1, 6, 4), None, None, weight.repeat(2), None, True)
    assert F.instance_norm(x, weight=weight).equal(planes.reshape(2, 3, 4))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bfloat16", [1.09375, 2.625, 3.640625, 2.03125, 2.8125, 1.671875]),
        ("float16", [1.09765625, 2.6328125, 3.658203125, 2.04296875, 2.8125, 1.673828125]),
    ],
)
def test_weights_of_three_axes(name: str, expected: list[float]) -> None:
    x = ((torch.arange(64) * 7) % 11).reshape(1, 1, 4, 4, 4).to(getattr(torch, name)) / 2
    y = F.interpolate(x, (3, 3, 3), mode="trilinear")
    assert y.flatten()[:6].tolist() == expected


@pytest.mark.parametrize("name", ["bfloat16", "float16"])
def test_log_softmax_and_adaptive_pool(name: str) -> None:
    x = _x(getattr(torch, name))
    assert torch.log_softmax(x.reshape(2, 12) * 3, 1)[0].tolist() == LOGS[name]
    assert F.adaptive_avg_pool1d(x, 3).flatten().tolist() == BINS[name]


def test_dropout_divides_by_what_a_float_says() -> None:
    """1 / 0.7 rounded once, not 1 / (0.7 as a half)."""
    torch.manual_seed(1)
    kept = torch.nn.functional.dropout(torch.ones(60, dtype=torch.half), 0.3)
    assert kept.unique().tolist() == [0.0, 1.4287109375]


def test_huber_rounds_float16_once() -> None:
    a, b = torch.arange(-8.0, 8.0, 0.37).half(), torch.arange(8.0, -8.0, -0.37).half()
    gap = (a.float() - b.float()).abs()
    once = torch.where(gap <= 0.7, 0.5 * gap * gap, 0.7 * (gap - 0.35)).half()
    found = torch.nn.functional.huber_loss(a, b, reduction="none", delta=0.7)
    assert torch.equal(found, once)


def test_deviations_of_numbers_are_not_rounded_to_halves() -> None:
    mean = torch.full((4,), 3.609375, dtype=torch.bfloat16)
    torch.manual_seed(0)
    noise = torch.randn(4, dtype=torch.bfloat16)
    torch.manual_seed(0)
    found = torch.normal(mean, 2.7)
    assert torch.equal(found, mean + (noise.float() * 2.7).bfloat16())


def test_statistics_of_a_row_of_halves_are_kept_as_halves() -> None:
    x = torch.tensor([[5.0, 5.375, 4.125]], dtype=torch.bfloat16)
    weight = torch.ones(3, dtype=torch.bfloat16, requires_grad=True)
    torch.nn.functional.layer_norm(x, (3,), weight).sum().backward()
    wide = x.float()
    mean, variance = wide.mean(), wide.var(correction=0)
    kept = ((variance + 1e-5).rsqrt().bfloat16().float(), mean.bfloat16().float())
    assert torch.equal(weight.grad, ((wide - kept[1]) * kept[0])[0].bfloat16())


def test_sums_of_products_are_rounded_after_each_batch() -> None:
    x = torch.ones(300, 1, 1, dtype=torch.bfloat16)[:16] * 16
    total = torch.addbmm(torch.full((1, 1), 0.5, dtype=torch.bfloat16), x, x, alpha=0.3)
    step = torch.tensor(0.5, dtype=torch.bfloat16)
    for _ in range(16):
        step = (step.float() + 0.3 * 256).bfloat16()
    assert total.item() == step.item()


def test_gradients_of_an_added_outer_product_are_rounded_once() -> None:
    column = torch.linspace(-3, 3, 5).bfloat16().requires_grad_()
    row = torch.linspace(-2, 5, 7).bfloat16()
    g = torch.linspace(-1, 1, 35).reshape(5, 7).bfloat16()
    torch.addr(torch.zeros(5, 7, dtype=torch.bfloat16), column, row).backward(g)
    assert torch.equal(column.grad, (g.double() @ row.double()).bfloat16())


def test_windows_whose_largest_element_is_shared_add_up_one_by_one() -> None:
    x = torch.zeros(1, 1, 1, 601, dtype=torch.bfloat16)
    x[..., 300] = 1.0
    x.requires_grad_()
    F.max_pool2d(x, (1, 301), 1).sum().backward()
    assert x.grad[..., 300].item() == 256
    assert float(x.grad.float().sum()) == 256


def test_ends_of_order_two_lean_on_three_elements_each_rounded() -> None:
    x = torch.tensor([1.3, -2.7, 5.1, 0.3], dtype=torch.bfloat16)
    (slope,) = torch.gradient(x, spacing=0.7, edge_order=2)
    a, b, c, d = x
    assert slope[0] == (a * -1.5 + b * 2 + c * -0.5) / 0.7
    assert slope[1] == (c - a) / 0.7 / 2
    assert slope[3] == (b * 0.5 + c * -2 + d * 1.5) / 0.7
