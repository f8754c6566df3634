"""One function over the tensors of a list."""

from __future__ import annotations

from typing import Any

import pytest

import rushlight as torch

Tensor = torch.Tensor


def pair() -> list[Tensor]:
    return [torch.tensor([1.0, 2.0]), torch.tensor([3.0])]


def lists(made: Any) -> list[Any]:
    return [each.tolist() for each in made]


@pytest.mark.parametrize(
    ("name", "arguments", "named", "wanted"),
    [
        ("add", (1,), {}, [[2, 3], [4]]),
        ("add", ([1, 2.5],), {}, [[2, 3], [5.5]]),
        ("add", (pair(),), {"alpha": 2}, [[3, 6], [9]]),
        ("sub", (torch.tensor(2.0),), {"alpha": 3}, [[-5, -4], [-3]]),
        ("mul", (torch.tensor(3.0),), {}, [[3, 6], [9]]),
        ("div", (2,), {}, [[0.5, 1], [1.5]]),
        ("pow", (pair(),), {}, [[1, 4], [27]]),
        ("maximum", (2,), {}, [[2, 2], [3]]),
        ("minimum", (pair(),), {}, [[1, 2], [3]]),
        ("clamp_min", ([2, 4],), {}, [[2, 2], [4]]),
        ("lerp", ([2 * x for x in pair()], 0.5), {}, [[1.5, 3], [4.5]]),
        ("addcmul", (pair(), pair()), {"value": 2}, [[3, 10], [21]]),
        ("addcdiv", (pair(), pair(), [1, 2]), {}, [[2, 3], [5]]),
        ("neg", (), {}, [[-1, -2], [-3]]),
    ],
)
def test_made_and_written(
    name: str, arguments: tuple[Any, ...], named: dict[str, Any], wanted: list[Any]
) -> None:
    made = getattr(torch, f"_foreach_{name}")(pair(), *arguments, **named)
    assert isinstance(made, tuple) and lists(made) == wanted
    into = pair()
    assert getattr(torch, f"_foreach_{name}_")(into, *arguments, **named) is into
    assert lists(into) == wanted


def test_those_of_their_own_kind() -> None:
    assert lists(torch._foreach_pow(2.0, pair())) == [[2, 4], [8]]
    assert lists(torch._foreach_norm(pair(), 1)) == [3, 3]
    assert lists(torch._foreach_max(pair())) == [2, 3]
    assert lists(torch._foreach_powsum(pair(), 2)) == [5, 9]
    target = pair()
    torch._foreach_copy_(target, [torch.ones(1), torch.zeros(1)])
    assert lists(target) == [[1, 1], [0]]
    torch._foreach_zero_(target)
    assert lists(target) == [[0, 0], [0]]
    copies = torch._foreach_clone(target)
    copies[0].add_(1)
    assert lists(target) == [[0, 0], [0]]


def test_a_gradient_goes_through() -> None:
    leaf = torch.tensor([4.0], requires_grad=True)
    torch._foreach_sqrt([leaf])[0].backward()
    assert leaf.grad.tolist() == [0.25]
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        torch._foreach_neg_([leaf])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([], 1), RuntimeError, "at least one tensor"),
        ((pair(), pair()[:1]), RuntimeError, "same number of tensors, got 2 and 1"),
        ((pair(), [1.0]), RuntimeError, "same number of elements as scalar list"),
        ((pair(), torch.tensor([2.0])), RuntimeError, "expected to be 0 dim"),
        ((torch.ones(2), 1), TypeError, "tuple of Tensors"),
    ],
)
def test_refused(arguments: tuple[Any, ...], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        torch._foreach_add(*arguments)
