"""Writes whose source lies in the memory that is written to: refused where PyTorch 2.13 refuses."""

import pytest

import rushlight as torch

REFUSED = [
    "x[:1, 0] = x.view(-1)[:1]",  # the same element, but of other strides
    "x[0, :1] = x[:1, 0]",
    "x[1:] = x[:-1]",
    "x.view(-1)[1:].copy_(x.view(-1)[:-1])",
    "x[[0, 1]] = x[1:]",
    "x[[0, 1]] = x[0]",
    "x[[0, 1, 2]] = x",
    "x[x[:, 0] > 0] = x[0]",
    "x.index_put_((torch.tensor([0]),), x[1])",
    "x.sub_(x[0, 0])",
    "x.add_(x.t())",
    "torch.cat([x[:1], x[1:]], out=x)",
    "torch.stack((x[0], x[1]), out=x[:2])",
    "torch.gather(x, 0, torch.zeros(3, 3, dtype=torch.long), out=x)",
]
TAKEN = [
    ("x[:1] = x[0]", [0, 1, 2, 3, 4, 5, 6, 7, 8]),
    ("x[0:1, 0] = x[0, 1]", [1, 1, 2, 3, 4, 5, 6, 7, 8]),
    ("x[0] = x.view(-1)[:1]", [0, 0, 0, 3, 4, 5, 6, 7, 8]),
    ("x[:, :2] = x[:, 1:]", [1, 2, 2, 4, 5, 5, 7, 8, 8]),
    ("x[0] = x[:, 0]", [0, 3, 6, 3, 4, 5, 6, 7, 8]),
    ("x[0, [0, 1]] = x[1, :2]", [3, 4, 2, 3, 4, 5, 6, 7, 8]),
    ("x[x > 3] = x[0, 1]", [0, 1, 2, 3, 1, 1, 1, 1, 1]),
    ("x.fill_(x[1, 0])", [3] * 9),
    ("x[0].fill_(x[0, 2])", [2, 2, 2, 3, 4, 5, 6, 7, 8]),
    ("x.masked_fill_(x > 3, x[0, 1])", [0, 1, 2, 3, 1, 1, 1, 1, 1]),
    ("x.index_fill_(0, torch.tensor([0]), x[0, 1])", [1, 1, 1, 3, 4, 5, 6, 7, 8]),
    ("x.sub_(x)", [0] * 9),
]


@pytest.mark.parametrize("line", REFUSED)
def test_refused(line):
    x = torch.arange(9.0).view(3, 3)
    with pytest.raises(RuntimeError, match="refer to a single memory location"):
        exec(line, {"x": x, "torch": torch})


@pytest.mark.parametrize(("line", "expected"), TAKEN)
def test_taken(line, expected):
    x = torch.arange(9.0).view(3, 3)
    exec(line, {"x": x, "torch": torch})
    assert x.view(-1).tolist() == expected


def test_a_number_of_the_tensor_filled_in_keeps_its_gradient():
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = x * 1
    y.fill_(y[1])
    y.sum().backward()
    assert x.grad.tolist() == [0.0, 3.0, 0.0]


def test_strides_of_new_axes():
    assert torch.ones(3).expand(1, 3).stride() == (3, 1)
    assert torch.ones(3).expand(2, 1, 3).stride() == (0, 3, 1)
    assert torch.ones(3, 2).t().expand(1, 1, 2, 3).stride() == (2, 2, 1, 2)
    assert torch.tensor(1.0).expand(1, 1).stride() == (0, 0)
