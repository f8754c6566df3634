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
    several = nn.DataParallel(module, device_ids=[0, 1], output_device=0)
    assert several.device_ids == []
    assert torch.equal(several(x), module(x))
    assert torch.equal(nn.parallel.data_parallel(module, x, [0]), module(x))


def test_structures_go_round_and_tensors_do_not() -> None:
    parallel = nn.parallel
    assert parallel.scatter([1, ("a", {"b": 2.5})], [0, 1]) == [[1, ("a", {"b": 2.5})]] * 2
    assert parallel.gather([None, None], 0) is None
    x = torch.ones(4, 3)
    with pytest.raises(RuntimeError, match="no accelerator"):
        parallel.scatter((x,), [0, 1])
    with pytest.raises(AssertionError, match="not implemented for CPU tensors"):
        parallel.gather([{"a": x}, {"a": x}], 0)
    module = nn.Linear(3, 2)
    with pytest.raises(AssertionError, match="not implemented for CPU tensors"):
        parallel.replicate(module, [0])
    with pytest.raises(RuntimeError, match="Cannot access accelerator device"):
        parallel.parallel_apply([module], [x])
    with pytest.raises(AssertionError, match="number of inputs 2"):
        parallel.parallel_apply([module], [x, x])


def test_convert_sync_batchnorm_keeps_values() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 1), nn.Sequential(nn.BatchNorm2d(2, eps=1e-3)))
    model(torch.randn(3, 1, 2, 2))
    x = torch.randn(2, 1, 3, 3)
    converted = nn.SyncBatchNorm.convert_sync_batchnorm(model)
    assert isinstance(converted[1][0], nn.SyncBatchNorm)
    assert converted[1][0].eps == 1e-3
    assert converted.eval()(x).shape == (2, 2, 3, 3)
    assert float(converted[1][0].num_batches_tracked) == 1
