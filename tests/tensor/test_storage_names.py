"""Storages as PyTorch shows them: set_, growing, other dtypes, printed forms."""

import sys
import warnings

import pytest

import rushlight as torch
from rushlight.base import warn as told


def test_set_takes_storages() -> None:
    x = torch.arange(6.0)
    y = torch.empty(0).set_(x.untyped_storage(), 1, (2, 2), (2, 1))
    assert y.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    y[0, 0] = 9
    assert x[1] == 9
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        typed = x.storage()
    assert torch.empty(0).set_(typed, 4, (2,), (1,)).tolist() == [4.0, 5.0]
    with pytest.raises(RuntimeError, match="Expected a Storage of type long"):
        torch.empty(0, dtype=torch.int64).set_(typed)


def test_storages_grow_and_convert() -> None:
    x = torch.arange(3.0)
    x.untyped_storage().resize_(4 * 5)
    assert x.untyped_storage().nbytes() == 20 and x.tolist() == [0.0, 1.0, 2.0]
    assert x.resize_(5).tolist() == [0.0, 1.0, 2.0, 0.0, 0.0]
    typed = torch.FloatStorage([1, 2])
    assert typed.long().dtype is torch.int64 and typed.double().tolist() == [1.0, 2.0]
    assert typed.type() == "torch.FloatStorage"
    assert repr(typed).endswith(
        "[torch.storage.TypedStorage(dtype=torch.float32, device=cpu) of size 2]"
    )
    made = torch.FloatStorage.from_buffer(b"\x00\x00\x80\x3f", byte_order="little")
    assert made.tolist() == [1.0]


def test_the_old_storage_method_warns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told, "_told", set())
    with pytest.warns(UserWarning, match="TypedStorage is deprecated"):
        torch.ones(2).storage()


def test_resize_that_is_not_in_place() -> None:
    with pytest.warns(UserWarning, match="non-inplace resize"):
        assert torch.arange(4.0).resize(2, 2).tolist() == [[0.0, 1.0], [2.0, 3.0]]
    with pytest.warns(UserWarning), pytest.raises(RuntimeError, match="requested resize"):
        torch.arange(4.0).resize(3)


def test_a_storage_resized_to_less_and_to_more_again():
    w = torch.arange(3.0)
    storage = w.untyped_storage()
    storage.resize_(4)
    assert storage.nbytes() == 4
    with pytest.raises(RuntimeError, match="behind the end of its storage"):
        w.tolist()
    storage.resize_(12)
    assert w.fill_(2.0).tolist() == [2.0, 2.0, 2.0]


def test_getsizeof_counts_the_elements() -> None:
    small, large = torch.zeros(0), torch.zeros(1000)
    for kind in ("untyped_storage", "storage"):
        sizes = [sys.getsizeof(getattr(each, kind)()) for each in (small, large)]
        assert sizes[1] - sizes[0] == 4000
