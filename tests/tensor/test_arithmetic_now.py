"""One known number is computed with at once, with the bits of a plan."""

import math
import operator
import struct
from typing import Any

import numpy as np
import pytest

import rushlight as torch
from rushlight.engine.flush import clear, stats
from rushlight.tensor.arithmetic_now import COMPUTED, computed, computed_in_place

OPS = {"add": torch.add, "sub": torch.sub, "mul": torch.mul, "truediv": torch.div}
NUMBERS: list[Any] = [
    0, 1, -1, 3, 0.1, 0.5, -0.0, 2.5, True, math.inf, -math.inf, math.nan, 1e39, 1e-40, 1e-46,
    3e38, 2**24, 2**24 + 1, 2**40 + 1, 2**62, 7e-5, 1 / 3,
]  # fmt: skip


def _elements(kind: Any) -> Any:
    draw = np.random.default_rng(3)
    if kind is torch.int64:
        return torch.tensor([0, 1, -3, 2**40 + 1, 2**62, -(2**63)])
    if kind is torch.int32:
        return torch.tensor([0, 1, -3, 2**20 + 1, 2**30, -(2**31)], dtype=kind)
    made = draw.normal(size=24) * 10.0 ** draw.integers(-42, 39, 24)
    made[:5] = [0.0, -0.0, math.inf, math.nan, 1.0]
    with np.errstate(over="ignore"):
        return torch.tensor(made.astype(np.float32 if kind is torch.float32 else np.float64))


def _bits(x: Any) -> bytes:
    return bytes(np.asarray(x.numpy()).tobytes())


@pytest.mark.parametrize("kind", [torch.float32, torch.float64, torch.int64, torch.int32], ids=str)
@pytest.mark.parametrize("name", list(COMPUTED))
def test_same_bits_as_recorded(kind: Any, name: str) -> None:
    compute, recorded, count = COMPUTED[name], OPS[name], 0
    row = _elements(kind)
    for x in row:
        for other in (*NUMBERS, *row):
            made = computed(compute, x, other)
            if made is None:
                continue
            count += 1
            wanted = recorded(x, other)
            assert made.dtype is wanted.dtype and made.shape == ()
            assert _bits(made) == _bits(wanted), (name, x, other)
    assert (count > 20) == (kind.is_floating_point or name != "truediv")


def test_in_place() -> None:
    for name, compute in COMPUTED.items():
        x = torch.tensor([[1.0, -2.0], [3.0, 0.7]])
        wanted = OPS[name](x[1, 1], 0.3)
        assert wanted.dtype is torch.float32
        bits = _bits(wanted)
        assert computed_in_place(compute, x[1, 1], 0.3) is not None
        assert _bits(x[1, 1].clone()) == bits and x[:, 0].tolist() == [1, 3]


def test_counting() -> None:
    table = torch.zeros(3, 3, dtype=torch.int64)
    for wanted, found in ((0, 1), (2, 2), (0, 1), (1, 0)):
        table[wanted, found] += 1
    assert table.tolist() == [[0, 2, 0], [1, 0, 0], [0, 0, 1]]
    means, tries = torch.zeros(3), torch.zeros(3)
    rows = means.view(3, 1)
    for arm, reward in ((0, 1.0), (1, 2.0), (0, 4.0)):
        tries[arm] += 1
        means[arm] += (reward - means[arm]) / tries[arm]
    assert means.tolist() == [2.5, 2, 0] and rows[:, 0].tolist() == [2.5, 2, 0]
    total = torch.tensor(0.0)
    same = total
    total += 2.5
    total /= 2
    assert total is same and same.item() == 1.25


def test_versions_count_as_before() -> None:
    x = torch.ones(3)
    x[0].item()
    x[1] += 1
    assert x._version == 2
    x[1] = x[1]
    assert x._version == 3 and x.tolist() == [1, 2, 1]
    x[torch.tensor(1)] += 1
    x[1:] += 1
    x.copy_(x)
    assert x._version == 8 and x.tolist() == [1, 4, 2]
    row = x.view(3, 1)[1]
    row.copy_(x.view(3, 1)[1])
    assert (x._version, row._version) == (9, 9)
    leaf = torch.ones(3, requires_grad=True)
    copy = leaf * 2
    copy[1:] *= 3
    copy.sum().backward()
    assert leaf.grad is not None and leaf.grad.tolist() == [2, 6, 6]


def test_what_others_see() -> None:
    array = np.ones(3, np.float32)
    x = torch.from_numpy(array)
    x[1] += 2
    assert array.tolist() == [1, 3, 1]
    y = torch.ones(3)
    view, saved = y[1:], y * 2
    y[2] *= 5
    assert view.tolist() == [1, 5] and saved.tolist() == [2, 2, 2]
    product = y[0] * y[2]
    y[2] += 1
    assert product.item() == 5 and y[2].item() == 6


def test_gradients() -> None:
    leaf = torch.tensor([1.0, 2.0], requires_grad=True)
    x = torch.tensor([3.0, 4.0])
    (leaf[0] * x[1] + x[0]).backward()
    assert leaf.grad is not None and leaf.grad.tolist() == [4, 0]
    with pytest.raises(RuntimeError, match="leaf Variable that requires grad"):
        leaf[0] += 1
    copy = leaf * 1
    copy[0] += 1
    copy[0] = copy[0] * 2
    copy.sum().backward()
    assert leaf.grad.tolist() == [6, 1]
    with torch.no_grad():
        leaf[0] += 1
        assert (leaf[0] - 2).item() == 0
    weight = torch.ones(2, requires_grad=True)
    used = (weight * x).sum()
    used.item()
    x[0] += 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        used.backward()


def test_kinds_stay_what_they_are() -> None:
    whole = torch.tensor([7])
    assert (whole / 2).item() == 3.5 and (whole + 0.5).dtype is torch.float32
    assert (whole + torch.tensor([1.5])).item() == 8.5
    with pytest.raises(RuntimeError, match="can't be cast"):
        whole += 0.5
    assert (torch.tensor(2**63 - 1) + 1).item() == -(2**63)  # as 64 bits go round
    assert (torch.ones(1) + torch.ones(2)).shape == (2,)
    assert operator.add(1, torch.tensor(2.0)).item() == 3
    assert struct.pack("f", (2 * torch.tensor(0.1)).item()) == struct.pack("f", 0.2)


@pytest.mark.parametrize("kind", [torch.float32, torch.float64, torch.int64, torch.int32], ids=str)
@pytest.mark.parametrize("name", list(COMPUTED))
def test_rows_have_the_bits_of_a_plan(kind: Any, name: str) -> None:
    first = _elements(kind)
    first = first[first.abs() < 1e30]  # a row with one nan in it is left to the plan
    table, turned = torch.stack([first, first.flip(0)]), first.roll(1)
    assert table.tolist() and turned.tolist()  # both are computed
    done = 0
    for other in (table[1], turned, *NUMBERS):
        copy = torch.stack([first, first.flip(0)])  # memory of its own
        assert copy.tolist()
        if computed_in_place(COMPUTED[name], copy[0], other) is not None:
            done += 1
            assert _bits(copy[0].clone()) == _bits(OPS[name](table[0], other)), (name, other)
            assert _bits(copy[1].clone()) == _bits(table[1].clone())
    assert (done > 5) == (kind.is_floating_point or name != "truediv")


def test_rows_that_are_written_to() -> None:
    clear()
    index = torch.tensor([2, 0, 2])
    rows = torch.arange(6.0).view(3, 2)
    for _ in range(3):
        sums = torch.zeros(3, 2) + 0.0  # not computed yet
        for k in range(3):
            sums[index[k]] += rows[k]
            sums[k, :1] -= 1
        assert sums.tolist() == [[1, 3], [-1, 0], [3, 6]]
    column = rows[:, 1]
    column *= 2  # has gaps
    assert rows.tolist() == [[0, 2], [2, 6], [4, 10]]
    with pytest.raises(RuntimeError, match=r"single memory location|overlap"):
        rows.view(-1)[1:] += rows.view(-1)[:-1]


def test_rows_that_are_saved() -> None:
    table, weight = torch.ones(3, 2), torch.ones(2, requires_grad=True)
    product = (table[1] * weight).sum()
    table[1] += table[0]
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        product.backward()
    before = table[2].clone()
    later = table[2] * 3  # recorded, not computed
    table[2] += 1
    assert later.tolist() == (before * 3).tolist() and table[2].tolist() == [2, 2]
    leaf = torch.zeros(3, 2, requires_grad=True)
    with pytest.raises(RuntimeError, match="a view of a leaf"):
        leaf[0] += 1
    whole = leaf * 1
    whole[0] += table[0]
    whole.sum().backward()
    assert leaf.grad is not None and leaf.grad.tolist() == [[1, 1]] * 3


def test_rows_at_places_that_move_make_no_plans() -> None:
    clear()

    def round_of(place: int) -> None:
        x = torch.linspace(-1, 1, 40).view(10, 4)
        for _ in range(12):  # more than is flushed for one write
            x = torch.sin(x) + 0.5
        x[place] += x[0]

    for place in range(4):
        round_of(place)
    made = stats.plans
    for place in range(4, 10):
        round_of(place)
    assert stats.plans == made


def test_a_draw_around_a_known_number() -> None:
    means = torch.tensor([0.25, -3.0])
    torch.manual_seed(5)
    one = torch.normal(means[0], 2.0)
    torch.manual_seed(5)
    assert one.item() == torch.normal(means[:1].repeat(1, 1), 2.0).item()
    assert one.shape == ()
    mean = torch.tensor(1.0, requires_grad=True)
    torch.normal(mean, 1.0).backward()
    assert mean.grad is not None and mean.grad.item() == 0
