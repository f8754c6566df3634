"""Parts of complex tensors whose gradient is recorded are copies: no write may be missed."""

from __future__ import annotations

import pytest

import rushlight as torch


def _recorded() -> torch.Tensor:
    return torch.complex(torch.ones(2), torch.ones(2)).requires_grad_() * 2


@pytest.mark.parametrize("name", ["real", "imag", "view_as_real"])
def test_a_write_to_a_part_or_its_whole_is_refused_while_both_live(name: str) -> None:
    z = _recorded()
    part = getattr(torch, name)(z)
    with pytest.raises(NotImplementedError, match="share no memory"):
        part.mul_(3)
    with pytest.raises(NotImplementedError, match="share no memory"):
        part[0] = 1
    with pytest.raises(NotImplementedError, match="share no memory"):
        z.mul_(3)


def test_a_part_whose_whole_is_gone_may_be_written_to() -> None:
    part = _recorded().real
    part.mul_(3)
    assert part.tolist() == [6, 6]
    z = _recorded()
    assert z.imag.tolist() == [2, 2]
    z.mul_(2)
    assert z.imag.tolist() == [4, 4]


def test_without_a_gradient_the_parts_are_the_memory() -> None:
    z = _recorded().detach()
    z.real.fill_(5)
    torch.view_as_real(z)[:, 1].zero_()
    assert z.tolist() == [5, 5]
