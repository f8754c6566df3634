"""The order of arguments of PyTorch 0.4, which 2.13 still takes: frozen results of PyTorch."""

from __future__ import annotations

import warnings

import pytest

import rushlight as torch
from rushlight.base import warn as told

x, y, z = torch.ones(3), torch.full((3,), 2.0), torch.full((3,), 4.0)
m, b = torch.eye(3), torch.ones(2, 3, 3)


@pytest.mark.filterwarnings("ignore:This overload")
def test_numbers_between_tensors() -> None:
    assert torch.add(x, 2, y).tolist() == x.add(2, y).tolist() == [5.0] * 3
    assert x.clone().add_(-0.5, y).tolist() == [0.0] * 3
    assert x.sub(2, y).tolist() == x.clone().sub_(2, y).tolist() == [-3.0] * 3
    assert torch.addcmul(x, 2, y, z).tolist() == x.clone().addcmul_(2, y, z).tolist() == [17.0] * 3
    assert torch.addcdiv(x, 2, y, z).tolist() == [2.0] * 3
    assert x.clone().addcdiv_(-2, y, z).tolist() == [0.0] * 3
    assert torch.add(x, 2, 3).tolist() == [7.0] * 3
    assert torch.equal(torch.addmm(2, m, 3, m, m), 5 * m)
    assert torch.equal(m.addmm(2, 3, m, m), 5 * m) and torch.equal(m.addmm(2, m, m), 3 * m)
    assert torch.equal(m.clone().addmm_(2, 3, m, m), 5 * m)
    assert torch.addmv(2, x, 3, m, x).tolist() == [5.0] * 3
    assert torch.equal(m.addr(2, x, x), 2 * m + 1)
    assert torch.baddbmm(2, b, 3, b, b).sum().item() == 198.0
    assert torch.addbmm(2, m, 3, b, b).sum().item() == 168.0


def test_gradients_go_through_and_the_warning_comes_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told, "_told", set())
    weight = torch.ones(3, requires_grad=True)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        torch.add(x, 3, weight).sum().backward()
        x.addcmul(3, y, z)
    assert weight.grad.tolist() == [3.0] * 3
    assert len(caught) == 1 and caught[0].filename == __file__
    assert str(caught[0].message) == (
        "This overload of add is deprecated:\n\tadd(Tensor input, Number alpha, Tensor other, *, "
        "Tensor out = None)\nConsider using one of the following signatures instead:\n\tadd(Tensor "
        "input, Tensor other, *, Number alpha = 1, Tensor out = None)"
    )


def test_other_orders_are_errors() -> None:
    with pytest.raises(TypeError, match=r"add\(\) takes 2 positional arguments but 3 were given"):
        torch.add(x, y, 2)
    with pytest.raises(TypeError, match="addmm"):
        torch.addmm(m, m, m, m)
    with pytest.raises(TypeError, match="addcmul"):
        x.addcmul(y, z, 2)


def test_arguments_of_overloads_by_name() -> None:
    assert [part.shape[0] for part in x.split(split_size=2, dim=0)] == [2, 1]
    assert [part.shape[1] for part in m.split(split_size=[1, 2], dim=1)] == [1, 2]
    assert len(m.vsplit(sections=3)) == 3 and len(m.tensor_split(indices=(1,))) == 2
    assert m[:2].swapaxes(axis0=0, axis1=1).shape == (3, 2)
    one_hot = torch.nn.functional.one_hot(input=torch.tensor([1]), num_classes=3)
    assert one_hot.tolist() == [[0, 1, 0]]
    assert set(torch.randint_like(torch.zeros(50), high=2).tolist()) == {0.0, 1.0}
    with pytest.raises(TypeError, match="multiple values for argument"):
        x.split(split_size_or_sections=2, split_size=2)
