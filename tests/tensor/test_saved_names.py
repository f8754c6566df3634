"""``grad_fn._saved_self`` and its kin; reading ``.grad`` of what is no leaf."""

import pytest

import rushlight as torch


def test_saved_tensors_by_name() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    z = y.pow(3)
    assert x.pow(2).grad_fn._saved_self is x
    assert z.grad_fn._saved_self.tolist() == [2.0, 4.0]
    assert z.grad_fn._saved_self.grad_fn is y.grad_fn
    assert z.grad_fn._saved_exponent == 3
    assert x.exp().grad_fn._saved_result.grad_fn.name() == "ExpBackward0"
    assert not hasattr(z.grad_fn, "_saved_other")


def test_freed_ones_are_refused() -> None:
    x = torch.ones(2, requires_grad=True)
    y = x.exp()
    y.sum().backward()
    with pytest.raises(RuntimeError, match="second time"):
        _ = y.grad_fn._saved_result


def test_grad_of_no_leaf_warns() -> None:
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    with pytest.warns(UserWarning, match="not a leaf"):
        assert y.grad is None
    y.retain_grad()
    y.sum().backward()
    assert y.grad.tolist() == [1.0, 1.0] and x.grad.tolist() == [2.0, 2.0]
