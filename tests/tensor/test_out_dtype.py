"""``out=`` decides in which dtype, and in which order, numbers are made; frozen from PyTorch."""

from __future__ import annotations

from typing import Any

import pytest

import rushlight as torch


@pytest.mark.parametrize(
    ("name", "made"),
    [("cumsum", [1, 3, 2, 5]), ("cumprod", [1, 2, -2, -6]), ("sum", 5), ("prod", -6)],
)
def test_sums_and_products_are_taken_in_the_dtype_of_out(name: str, made: Any) -> None:
    x = torch.tensor([1.5, 2.5, -1.5, 3.25])
    target = torch.empty(4 if isinstance(made, list) else (), dtype=torch.int64)
    assert getattr(torch, name)(x, 0, out=target).tolist() == made
    with pytest.raises(RuntimeError, match="Expected out tensor"):
        getattr(torch, name)(x, 0, dtype=torch.float32, out=target)


def test_mean_of_whole_numbers_is_refused_into_any_out() -> None:
    with pytest.raises(RuntimeError):
        torch.mean(torch.tensor([1, 2]), 0, out=torch.empty(()))


def test_lerp_by_a_tensor_converts_nothing() -> None:
    x, wide = torch.ones(2), torch.empty(2, dtype=torch.float64)
    assert torch.lerp(x, x, 0.5, out=wide).tolist() == [1, 1]
    with pytest.raises(RuntimeError, match="dtype"):
        torch.lerp(x, x, x, out=wide)


def test_normal_is_drawn_in_the_dtype_of_out() -> None:
    mean, std = torch.arange(20.0).reshape(4, 5), torch.full((4, 5), 2.0)
    torch.manual_seed(0)
    made = torch.normal(mean, std, out=torch.empty(4, 5, dtype=torch.float64))
    wanted = [-4.620823600468352, 0.2534982774844714, -0.1216333570925725, 4.999018709562352]
    assert made.flatten()[:4].tolist() == pytest.approx(wanted, rel=1e-14)
    with pytest.raises(NotImplementedError):
        torch.normal(mean, std, out=torch.empty(4, 5, dtype=torch.int64))


def test_draws_into_a_transposed_out_follow_its_memory() -> None:
    torch.manual_seed(0)
    made = torch.normal(1.0, 2.0, (4, 5), out=torch.empty(5, 4).t())
    assert made.stride() == (1, 4)
    wanted = [4.081992149353027, -1.1690447330474854, -0.43851515650749207]
    assert made.flatten()[:3].tolist() == pytest.approx(wanted, rel=1e-6)
    torch.manual_seed(0)
    made = torch.rand(4, 5, out=torch.empty(5, 4).t())
    wanted = [0.49625658988952637, 0.30742281675338745, 0.455627977848053]
    assert made.flatten()[:3].tolist() == wanted


def test_reflected_operators_called_by_name() -> None:
    x = torch.tensor([3, 4])
    assert torch.Tensor.__rpow__(2, x).tolist() == [9, 16]  # type: ignore[operator]
    assert torch.Tensor.__rmod__(3, x).tolist() == [0, 1]  # type: ignore[operator]


def test_narrow_copy_and_native_group_norm_refuse() -> None:
    x, w = torch.arange(24.0).reshape(2, 3, 4), torch.ones(4)
    with pytest.raises(RuntimeError, match="dim 3"):
        torch.narrow_copy(x, 3, 0, 1)
    with pytest.raises(RuntimeError, match="is_contiguous"):
        torch.native_group_norm(x.transpose(1, 2), w, w, 2, 4, 3, 2, 1e-5)


def test_gather_of_nothing_has_a_gradient() -> None:
    x = torch.arange(5.0, requires_grad=True)
    torch.gather(x, 0, torch.empty(2, 0, dtype=torch.uint8)).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [0] * 5


def test_addbmm_into_a_smaller_tensor_sizes_it() -> None:
    x = torch.ones(1)
    with pytest.warns(UserWarning, match="was resized"):
        made = x.addbmm_(torch.ones(2, 3, 4), torch.ones(2, 4, 5))
    assert made is x
    assert x.shape == (3, 5)
    assert x.unique().tolist() == [9.0]
    with pytest.raises(RuntimeError, match="takes part in a gradient"):
        torch.ones(1, requires_grad=True).sin().addbmm_(torch.ones(2, 3, 4), torch.ones(2, 4, 5))


@pytest.mark.parametrize("name", ["std", "var"])
def test_spread_of_halves_is_computed_in_the_dtype_of_out(name: str) -> None:
    x = torch.tensor([[0.0, 1.0, 2.0, 3.0], [1.0, 5.0, 2.0, 7.0]], dtype=torch.bfloat16)
    target = torch.empty(2, dtype=torch.float64)
    getattr(torch, name)(x, 1, out=target)
    assert torch.equal(target, getattr(torch, name)(x.double(), 1))
    with pytest.raises(RuntimeError, match="half precision"):
        getattr(torch, name)(x, out=torch.empty((), dtype=torch.float64))
    with pytest.raises(NotImplementedError, match="ComplexFloat"):
        getattr(torch, name)(x, 1, out=torch.empty(2, dtype=torch.complex64))


def test_where_writes_only_what_it_takes_from_tensors() -> None:
    mask = torch.tensor([True, False])
    with pytest.raises(TypeError, match=r"argument 'input' \(position 2\) must be Tensor"):
        torch.where(mask, 1, torch.ones(2), out=torch.empty(2))
