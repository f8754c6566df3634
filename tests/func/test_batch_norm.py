"""Batch norm inside of functions of functions."""

from __future__ import annotations

import rushlight as torch


def test_batch_norms_forget_their_statistics() -> None:
    plain = torch.nn.BatchNorm1d(2, track_running_stats=False)
    net = torch.nn.Sequential(torch.nn.BatchNorm1d(2), torch.nn.Sequential(plain))
    assert torch.func.replace_all_batch_norm_modules_(net) is net
    assert list(net.state_dict()) == ["0.weight", "0.bias", "1.0.weight", "1.0.bias"]
    x = torch.tensor([[1.0, 2.0], [3.0, 6.0]])
    net.eval()
    near = torch.allclose(net[0](x), torch.tensor([[-1.0, -1.0], [1.0, 1.0]]), atol=1e-4)
    assert near
    each = torch.func.vmap(net)(torch.stack([x, x * 2]))
    assert torch.allclose(each[0], each[1], atol=1e-4)
