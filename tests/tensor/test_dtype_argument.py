"""``dtype`` in Python's words, and the arguments of ``to``."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import rushlight as torch
from rushlight.nn import functional as F

X = torch.ones(2)
Make = Callable[[object], torch.Tensor]
MAKERS: dict[str, Make] = {
    "ones": lambda kind: torch.ones(2, dtype=kind),
    "empty": lambda kind: torch.empty(2, dtype=kind),
    "full": lambda kind: torch.full((2,), 1, dtype=kind),
    "tensor": lambda kind: torch.tensor([1], dtype=kind),
    "as_tensor": lambda kind: torch.as_tensor([1], dtype=kind),
    "arange": lambda kind: torch.arange(3, dtype=kind),
    "zeros_like": lambda kind: torch.zeros_like(X, dtype=kind),
    "new_zeros": lambda kind: X.new_zeros(2, dtype=kind),
    "new_tensor": lambda kind: X.new_tensor([1], dtype=kind),
    "randint": lambda kind: torch.randint(0, 2, (2,), dtype=kind),
    "eye": lambda kind: torch.eye(2, dtype=kind),
    "to": lambda kind: X.to(kind),
    "to, named": lambda kind: X.to("cpu", dtype=kind),
    "sum": lambda kind: X.sum(dtype=kind),
    "cumsum": lambda kind: torch.cumsum(X, 0, dtype=kind),
}


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize(("kind", "dtype"), [(int, torch.int64), (float, torch.float64)])
def test_a_python_type_is_a_dtype(name: str, kind: type, dtype: torch.dtype) -> None:
    assert MAKERS[name](kind).dtype is dtype


@pytest.mark.parametrize("name", [name for name in MAKERS if not name.startswith("to")])
@pytest.mark.parametrize("kind", [str, "float32", object()])
def test_anything_else_is_refused(name: str, kind: object) -> None:
    with pytest.raises(TypeError, match=r"must be torch\.dtype, not"):
        MAKERS[name](kind)


def test_bool_and_complex_too() -> None:
    assert torch.zeros(2, dtype=bool).dtype is torch.bool
    assert torch.zeros(2, dtype=complex).dtype is torch.complex128
    assert F.softmax(X, dim=0, dtype=float).dtype is torch.float64
    assert torch.ones(2).view(int).tolist() == [4575657222473777152]
    assert torch.nn.Linear(2, 2).to(float).weight.dtype is torch.float64
    assert torch.promote_types(int, float) is torch.float64
    assert torch.finfo(float).bits == torch.iinfo(int).bits == 64


@pytest.mark.parametrize(
    "arguments", [(object(),), ("cpu", "float32"), (torch.float32, "cpu"), ([torch.float32],)]
)
def test_to_refuses_what_has_no_meaning(arguments: tuple[object, ...]) -> None:
    for owner in (X, torch.nn.Linear(1, 1)):
        with pytest.raises(TypeError, match="invalid combination of arguments"):
            owner.to(*arguments)


def test_to_copies_when_asked_by_place() -> None:
    assert X.to(torch.float32) is X
    assert X.to(torch.float32, False, True) is not X
    assert X.to("cpu", torch.float32, False, True) is not X
    assert X.to(None) is X


def test_dropout_refuses_whole_numbers() -> None:
    whole = torch.ones(3, dtype=torch.int64)
    for drop in (F.dropout, F.alpha_dropout):
        with pytest.raises(RuntimeError, match="result type Float can't be cast"):
            drop(whole, 0.5, True)
        assert drop(whole, 1.0, True).tolist() == [0, 0, 0]
        assert drop(whole, 0.5, False) is whole
