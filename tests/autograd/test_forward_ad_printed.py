"""Dual tensors are printed with their tangents."""

import rushlight as torch
import rushlight.autograd.forward_ad as fw


def test_a_dual_tensor_shows_its_tangent():
    with fw.dual_level():
        x = fw.make_dual(torch.ones(2), torch.tensor([2.0, 3.0]))
        assert repr(x) == "tensor([1., 1.], tangent=tensor([2., 3.]))"
        assert repr(x * 2) == "tensor([2., 2.], tangent=tensor([4., 6.]))"
        assert repr(x.sum()) == "tensor(2., tangent=5.0)"
        assert repr(torch.ones(2)) == "tensor([1., 1.])"
    assert repr(torch.ones(2)) == "tensor([1., 1.])"
