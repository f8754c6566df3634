"""vmap of functions that read numbers outside of it: isin, histc, masked_scatter, view(dtype)."""

import pytest

import rushlight as torch
from rushlight.func import grad, vmap

x = torch.linspace(0.0, 1.0, 24).reshape(4, 2, 3)
whole = torch.arange(24).reshape(4, 2, 3) % 5
mask = whole > 1


def one_by_one(function, *batches):
    return torch.stack([function(*each) for each in zip(*batches, strict=True)])


CASES = [
    (lambda a: torch.isin(a, torch.tensor([0, 3])), (whole,)),
    (lambda a: torch.isin(a, torch.tensor([0, 3]), invert=True), (whole,)),
    (lambda a, b: torch.isin(a, b), (whole, whole.flip(0))),
    (lambda a: torch.isin(a, 3), (whole,)),
    (lambda a: torch.histc(a, 4, 0.0, 1.0), (x,)),
    (lambda a: torch.histc(a, 3), (x,)),
    (lambda a: torch.histc(a, 3), (torch.ones(4, 2),)),
    (lambda a, m, s: a.masked_scatter(m, s), (x, mask, x + 1)),
    (lambda a: a.view(torch.int32), (x,)),
]


@pytest.mark.parametrize(("function", "batches"), CASES)
def test_as_a_loop(function, batches):
    expected = one_by_one(function, *batches)
    made = vmap(function)(*batches)
    assert made.dtype is expected.dtype
    assert made.tolist() == expected.tolist()
    last = [each.movedim(0, -1) for each in batches]
    assert vmap(function, in_dims=-1)(*last).tolist() == expected.tolist()


def test_masked_scatter_has_a_gradient_of_each_sample():
    def total(a, m, s):
        return a.masked_scatter(m, s).square().sum()

    made = vmap(grad(total, argnums=2))(x, mask, x + 1)
    expected = one_by_one(grad(total, argnums=2), x, mask, x + 1)
    torch.testing.assert_close(made, expected)


def test_lstsq_of_each_sample():
    tall, right = torch.sin(torch.arange(24.0)).reshape(2, 4, 3), x.reshape(6, 4, 1)[:2]

    def solution(a, b):
        return torch.linalg.lstsq(a, b).solution

    made = vmap(solution)(tall, right)
    torch.testing.assert_close(made, one_by_one(solution, tall, right))
