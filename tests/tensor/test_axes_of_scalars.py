"""A tensor without axes takes dim 0 and -1, in reductions as elsewhere."""

import pytest

import rushlight as torch

F = torch.nn.functional


@pytest.mark.parametrize("name", ["sum", "mean", "any", "amax", "logsumexp", "std", "nansum"])
@pytest.mark.parametrize("dim", [1, -2])
def test_no_such_axis(name, dim):
    with pytest.raises(IndexError, match="Dimension out of range"):
        getattr(torch, name)(torch.tensor(1.0), dim)
    with pytest.raises(IndexError, match="Dimension out of range"):
        getattr(torch.tensor(True) if name == "any" else torch.tensor(1.0), name)(dim=(dim,))


def test_those_it_has():
    assert torch.tensor(2.0).sum(0).item() == torch.tensor(2.0).amax(dim=(-1,)).item() == 2.0
    with pytest.raises(IndexError):
        F.normalize(torch.tensor(1.0))


def test_a_tensor_as_an_axis():
    x = torch.arange(6.0).reshape(2, 3)
    assert x.sum(torch.tensor(1)).shape == (2,)
    assert len(x.chunk(2, torch.tensor(0, dtype=torch.uint8))) == 2
    with pytest.raises(TypeError, match="must be int, not Tensor"):
        x.softmax(torch.tensor([1]))
    with pytest.raises(TypeError, match="must be int, not Tensor"):
        x.unsqueeze(torch.tensor([1]))
    # A size may have axes of its own.
    assert x.select(1, torch.tensor([2])).tolist() == [2.0, 5.0]
