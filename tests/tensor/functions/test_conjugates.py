"""Conjugate views: what is written to one of the two is written to both."""

import pytest

import rushlight as torch


def pair() -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.tensor([1 + 2j, 3 - 1j])
    return x, x.conj()


def test_writes_go_both_ways() -> None:
    x, y = pair()
    y[0] = 5 + 6j
    assert x.tolist() == [5 - 6j, 3 - 1j] and y.tolist() == [5 + 6j, 3 + 1j]
    x.mul_(2j)
    assert y.tolist() == [12 - 10j, 2 - 6j]
    assert y.conj().tolist() == x.tolist() and not y.conj().is_conj()
    y.conj().zero_()
    assert x.tolist() == y.tolist() == [0, 0]


def test_views_of_conjugates() -> None:
    x = torch.arange(6).reshape(2, 3) * (1 + 1j)
    y = x.mH
    assert y.is_conj() and y[0].is_conj() and not y.clone().is_conj() and not (y * 1).is_conj()
    y[2, 0] = 1j
    x[0, 1] = 9
    assert x[0].tolist() == [0, 9, -1j] and y[:, 0].tolist() == [0, 9, 1j]
    square = torch.eye(2) + 0j
    for _ in range(3):
        square += square.mH
    assert square.real.tolist() == [[8.0, 0.0], [0.0, 8.0]]


def test_one_of_the_two_may_go() -> None:
    x, y = pair()
    del x
    assert y.mul_(2).tolist() == [2 - 4j, 6 + 2j]


def test_what_needs_the_numbers_as_they_lie_refuses() -> None:
    _, y = pair()
    with pytest.raises(RuntimeError, match="conjugate bit"):
        y.numpy()
    with pytest.raises(RuntimeError, match="unresolved conjugated"):
        torch.view_as_real(y)
    assert y.resolve_conj().numpy().tolist() == y.numpy(force=True).tolist() == [1 - 2j, 3 + 1j]
    assert not torch.fft.ihfft(torch.ones(4)).is_conj()


def test_saved_tensors_notice() -> None:
    x, y = pair()
    w = torch.ones(2, dtype=torch.complex64, requires_grad=True)
    loss = (w * y).real.sum()
    x.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace"):
        loss.backward()
