"""torch.distributed in a program that runs alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import rushlight as torch
from rushlight import distributed as dist
from rushlight import nn
from rushlight.nn.parallel import DistributedDataParallel
from rushlight.utils.data import DistributedSampler


@pytest.fixture
def alone() -> Iterator[None]:
    dist.init_process_group("gloo", init_method="tcp://127.0.0.1:29500", rank=0, world_size=1)
    yield
    if dist.is_initialized():
        dist.destroy_process_group()


def test_without_a_group() -> None:
    assert dist.is_available() and not dist.is_initialized() and dist.group.WORLD is None
    for call in (dist.get_rank, dist.get_world_size, dist.barrier):
        with pytest.raises(ValueError, match="has not been initialized"):
            call()
    with pytest.raises(ValueError, match="has not been initialized"):
        DistributedDataParallel(nn.Linear(1, 1))
    with pytest.raises(ValueError, match="has not been initialized"):
        DistributedSampler(range(3))
    with pytest.raises(AssertionError):
        dist.destroy_process_group()


def test_the_launchers_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ValueError, match="variable RANK expected"):
        dist.init_process_group("gloo")
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    monkeypatch.setenv("MASTER_PORT", "29500")
    with pytest.raises(NotImplementedError, match="2 processes"):
        dist.init_process_group("gloo")
    monkeypatch.setenv("WORLD_SIZE", "1")
    dist.init_process_group("gloo")
    assert (dist.get_rank(), dist.get_world_size(), dist.get_backend()) == (0, 1, "gloo")
    with pytest.raises(ValueError, match="twice"):
        dist.init_process_group("gloo")
    dist.destroy_process_group()
    with pytest.raises(RuntimeError, match="NCCL"):
        dist.init_process_group("nccl", rank=0, world_size=1)


@pytest.mark.usefixtures("alone")
def test_collectives_leave_values() -> None:
    x = torch.arange(4.0)
    assert dist.all_reduce(x) is None
    assert dist.all_reduce(x, op=dist.ReduceOp.MAX, async_op=True).wait()
    dist.broadcast(x, 0)
    assert x.tolist() == [0, 1, 2, 3]
    gathered = [torch.zeros(4)]
    dist.all_gather(gathered, x)
    assert gathered[0].tolist() == [0, 1, 2, 3]
    part = torch.zeros(4)
    dist.all_to_all_single(part, x)
    assert part.tolist() == [0, 1, 2, 3]
    dist.scatter(part, [x + 1], src=0)
    assert part.tolist() == [1, 2, 3, 4]
    objects: list[object] = [None]
    dist.all_gather_object(objects, {"loss": 1})
    assert objects == [{"loss": 1}]
    with pytest.raises(RuntimeError, match="expected length 1, got 2"):
        dist.all_gather([torch.zeros(4), torch.zeros(4)], x)
    with pytest.raises(RuntimeError, match="invalid root rank: 1"):
        dist.broadcast(x, 1)
    with pytest.raises(ValueError, match="gather_list"):
        dist.gather(x)
    with pytest.raises(TypeError, match="Tensor"):
        dist.all_reduce([1])  # type: ignore[arg-type]


@pytest.mark.usefixtures("alone")
def test_module_and_sampler_of_one() -> None:
    module = nn.Linear(3, 2)
    wrapped = DistributedDataParallel(module, find_unused_parameters=True)
    x = torch.randn(4, 3)
    with wrapped.no_sync():
        assert not wrapped.require_backward_grad_sync
        wrapped(x).sum().backward()
    assert wrapped.require_backward_grad_sync
    assert torch.equal(module.bias.grad, torch.full((2,), 4.0))
    assert list(wrapped.state_dict()) == ["module.weight", "module.bias"]
    with pytest.raises(RuntimeError, match="not needed"):
        DistributedDataParallel(nn.ReLU())
    with pytest.raises(ValueError, match="device_ids"):
        DistributedDataParallel(module, device_ids=[0])
    sampler = DistributedSampler(range(5), shuffle=False)
    assert list(sampler) == [0, 1, 2, 3, 4]


def test_there_is_nobody_to_send_to(alone: None) -> None:
    for way in (dist.send, dist.isend, dist.recv, dist.irecv):
        with pytest.raises(ValueError, match="should not be the same as the current one"):
            way(torch.ones(2), 0)
        with pytest.raises(ValueError, match="process 1 is not in the group"):
            way(torch.ones(2), 1)
    found: list[object] = [None]
    dist.scatter_object_list(found, [{"a": 1}], src=0)
    assert found == [{"a": 1}]
    with pytest.raises(ValueError, match="list of size at least 1"):
        dist.scatter_object_list([], [1], src=0)


def test_uneven_inputs(alone: None) -> None:
    model = nn.parallel.DistributedDataParallel(nn.Linear(2, 2))
    with model.join():
        model(torch.ones(1, 2)).sum().backward()
    with dist.algorithms.join.Join([model]):
        model(torch.ones(1, 2)).sum().backward()
    assert model.module.bias.grad.tolist() == [2.0, 2.0]
    with pytest.raises(NotImplementedError, match="register_comm_hook"):
        model.register_comm_hook(None, None)
