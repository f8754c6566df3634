"""Arguments by keyword: NumPy's ``axis`` and ``keepdims``, and ``size`` of what is made anew."""

import pytest

import rushlight as torch


def test_axis_is_dim() -> None:
    x = torch.arange(6.0).reshape(2, 3)
    assert x.sum(axis=1).tolist() == [3, 12]
    assert x.mean(axis=-1, keepdims=True).shape == (2, 1)
    assert torch.cat([x, x], axis=1).shape == (2, 6)
    assert torch.max(x, axis=1).indices.tolist() == [2, 2]
    assert x.std(axis=0, correction=0).tolist() == [1.5] * 3
    assert x.unsqueeze(axis=0).shape == (1, 2, 3)
    assert x.gather(axis=1, index=torch.tensor([[2], [0]])).tolist() == [[2], [3]]
    assert x.softmax(axis=0).sum().item() == pytest.approx(3)


def test_axis_has_a_gradient_and_writes_out() -> None:
    x, out = torch.ones(2, 3, requires_grad=True), torch.empty(2)
    x.sum(axis=1)[0].backward()
    assert x.grad is not None and x.grad.tolist() == [[1, 1, 1], [0, 0, 0]]
    torch.sum(x.detach(), axis=1, out=out)
    assert out.tolist() == [3, 3]


def test_what_is_refused_says_who() -> None:
    x = torch.ones(2, 3)
    with pytest.raises(TypeError, match=r"sum\(\) got multiple values for argument 'dim'"):
        x.sum(0, axis=1)
    with pytest.raises(TypeError, match=r"cumsum\(\) got an unexpected keyword argument 'axes'"):
        x.cumsum(axes=1)
    with pytest.raises(TypeError, match=r'unsqueeze\(\) missing 1 required .* "dim"'):
        x.unsqueeze()
    with pytest.raises(TypeError, match=r"^relu\(\) got an unexpected keyword argument 'dims'"):
        torch.relu(x, dims=1)


def test_size_by_keyword() -> None:
    for make in (torch.zeros, torch.ones, torch.empty, torch.rand, torch.randn):
        assert make(size=(2, 3)).shape == (2, 3)
        with pytest.raises(TypeError, match="multiple values"):
            make(2, size=(3,))
    assert torch.ones(1).new_zeros(size=(4,)).shape == (4,)
    assert torch.randint(high=2, size=(5,)).max() < 2
    assert torch.randint(2, size=(5,)).max() < 2
    assert torch.randint(low=3, high=4, size=(2,)).tolist() == [3, 3]
    with pytest.raises(TypeError, match="high"):
        torch.randint(size=(2,))
    assert torch.arange(end=3).tolist() == [0, 1, 2]
    with pytest.raises(TypeError, match="missing"):
        torch.arange()
