"""DataParallel and SyncBatchNorm on the one device and in the one process that there are."""

from __future__ import annotations

import pytest

import rushlight as torch
from rushlight import nn


def test_data_parallel_calls_the_module() -> None:
    module = nn.Linear(3, 2)
    wrapped = nn.DataParallel(module)
    x = torch.randn(4, 3)
    assert torch.equal(wrapped(x), module(x))
    assert list(wrapped.state_dict()) == ["module.weight", "module.bias"]
    with pytest.raises(NotImplementedError, match="no GPU"):
        nn.DataParallel(module, device_ids=[0])


def test_convert_sync_batchnorm_keeps_values() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 1), nn.Sequential(nn.BatchNorm2d(2, eps=1e-3)))
    model(torch.randn(3, 1, 2, 2))
    x = torch.randn(2, 1, 3, 3)
    converted = nn.SyncBatchNorm.convert_sync_batchnorm(model)
    assert isinstance(converted[1][0], nn.SyncBatchNorm)
    assert converted[1][0].eps == 1e-3
    assert converted.eval()(x).shape == (2, 2, 3, 3)
    assert float(converted[1][0].num_batches_tracked) == 1
