"""Storages, addresses, shared memory, DLPack, sub-classes and copies."""

from __future__ import annotations

import copy
import os

import numpy as np
import pytest

import rushlight as torch


@pytest.mark.filterwarnings("ignore:TypedStorage")
def test_views_have_one_storage():
    x = torch.arange(6.0).reshape(2, 3)
    row = x[1]
    assert row.untyped_storage().data_ptr() == x.untyped_storage().data_ptr() == x.data_ptr()
    assert row.data_ptr() - x.data_ptr() == 12
    assert (row.storage_offset(), len(row.untyped_storage()), row.storage().size()) == (3, 24, 6)
    row.storage()[3] = 9.0
    assert x.tolist() == [[0.0, 1.0, 2.0], [9.0, 4.0, 5.0]]


def test_the_address_stays_through_writes_in_place():
    x = torch.arange(4.0)
    y = x[2:]
    address = x.data_ptr()
    for _ in range(3):
        x.add_(1)
        assert x.data_ptr() == address
    assert y.tolist() == [5.0, 6.0]
    assert x.tolist() == [3.0, 4.0, 5.0, 6.0]


def test_the_address_never_takes_numbers_that_are_still_needed():
    x = torch.ones(3, requires_grad=True)
    y = x * 2
    y.data_ptr()
    kept = y * y
    with torch.no_grad():
        copied = y.detach().clone()
    y.data_ptr()
    kept.sum().backward()
    assert x.grad.tolist() == [8.0, 8.0, 8.0]
    assert copied.tolist() == [2.0, 2.0, 2.0]


def test_storages_by_themselves():
    made = torch.FloatStorage([1, 2, 3])
    assert (made.tolist(), made.dtype, made.nbytes()) == ([1.0, 2.0, 3.0], torch.float32, 12)
    assert torch.is_storage(made)
    assert torch.UntypedStorage(4).size() == 4
    assert made.clone().data_ptr() != made.data_ptr()


def test_dlpack():
    array = np.arange(3.0)
    tensor = torch.from_dlpack(array)
    array[0] = 7
    assert tensor.tolist() == [7.0, 1.0, 2.0]
    back = np.from_dlpack(tensor)
    assert back.tolist() == [7.0, 1.0, 2.0]
    capsule = torch.utils.dlpack.to_dlpack(torch.ones(2))
    assert torch.from_dlpack(capsule).tolist() == [1.0, 1.0]
    assert torch.ones(1).__dlpack_device__() == (1, 0)
    with pytest.raises(BufferError, match="require gradient"):
        np.from_dlpack(torch.ones(2, requires_grad=True))


def test_forked_processes_share():
    x = torch.zeros(3)
    view = x[1:]
    x.share_memory_()
    assert x.is_shared()
    assert view.is_shared()
    assert not torch.zeros(1).is_shared()
    child = os.fork()
    if not child:
        x.add_(5)
        view[0] = 1
        os._exit(0)
    os.waitpid(child, 0)
    assert x.tolist() == [5.0, 1.0, 5.0]


def test_subclasses_and_copies():
    class Named(torch.Tensor):
        pass

    x = torch.ones(2, requires_grad=True)
    made = (x * 3).as_subclass(Named)
    assert type(made) is Named
    made.sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]
    leaf = torch.Tensor._make_subclass(Named, x.detach(), True)
    assert leaf.is_leaf
    assert leaf.requires_grad
    leaf.label = "kept"
    again = copy.copy(leaf)
    assert (type(again), again.label, again.data_ptr()) == (Named, "kept", leaf.data_ptr())
    with pytest.raises(RuntimeError, match="matrices"):
        x.mT  # noqa: B018


def test_names_that_tune_what_is_not_here():
    def function(x):
        return x + 1

    assert torch.compiler.disable(function) is function
    assert not torch.compiler.is_compiling()
    assert not torch.jit.is_scripting()
    assert torch.jit.unused(function) is function
    assert torch.jit.script(function) is function
    assert torch.jit.trace(function, (torch.ones(1),)) is function
    with pytest.raises(TypeError, match="function or a module, got Tensor"):
        torch.jit.script(torch.ones(1))
    with pytest.raises(NotImplementedError, match="TorchScript"):
        torch.jit.load("scripted.pt")
    assert not torch.accelerator.is_available()
    assert torch.accelerator.current_accelerator() is None
    assert not torch.mps.is_available()
    assert not torch.xpu.is_available()


def test_where_takes_the_masks_of_old_programs():
    mask = torch.tensor([1, 0], dtype=torch.uint8)
    with pytest.warns(UserWarning, match="uint8 condition"):
        assert torch.where(mask, 1.0, 2.0).tolist() == [1, 2]
    with pytest.warns(UserWarning, match="uint8 condition"):
        assert torch.ones(2).where(mask, torch.zeros(2)).tolist() == [1, 0]


def test_deep_copies_of_views_share_one_copy():
    base = torch.arange(6.0)
    copied, view = copy.deepcopy([base, base[2:]])
    view[0] = 7
    assert copied.tolist() == [0, 1, 7, 3, 4, 5]
    assert base.tolist() == [0, 1, 2, 3, 4, 5]
    assert copy.deepcopy(torch.ones(2).expand(3, 2)).stride() == (0, 1)
    x = torch.ones(2, requires_grad=True)
    leaf, data = copy.deepcopy((x, x.detach()))
    data.mul_(3)
    assert (leaf.tolist(), leaf.requires_grad, x.tolist()) == ([3, 3], True, [1, 1])


def test_what_is_not_exported():
    with pytest.raises(BufferError, match="conjugate bit"):
        torch.tensor([1 + 2j]).conj().__dlpack__()
    with pytest.raises(ValueError, match=r"buffer length \(0\) and count \(-1\) must not be 0"):
        torch.frombuffer(bytearray(), dtype=torch.int16)
