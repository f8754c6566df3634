"""What ``gradgradcheck`` draws is drawn from the default generator, as in PyTorch."""

from __future__ import annotations

import rushlight as torch


def _next_after(draws: bool) -> float:
    torch.manual_seed(0)
    x = torch.rand(4, dtype=torch.float64, requires_grad=True)
    seed = None if draws else torch.ones(4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda x: x**3, x, seed)
    return torch.rand(1).item()


def test_random_numbers_go_on_where_pytorch_s_do() -> None:
    # Printed by PyTorch 2.13.
    assert round(_next_after(draws=True), 4) == 0.6977
    assert round(_next_after(draws=False), 4) == 0.4556


def test_complex_outputs() -> None:
    x = torch.randn(3, dtype=torch.complex128, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda x: x**3, x)
