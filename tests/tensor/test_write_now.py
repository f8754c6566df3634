"""Elements written at once: what can be told apart from writing them later must not differ."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import rushlight as torch
from rushlight.engine.flush import clear, stats
from rushlight.engine.trace import local


def _flushes(work: Any) -> int:
    clear()
    before = stats.flushes
    work()
    return stats.flushes - before


def test_numbers_in_a_loop_are_written_without_recording() -> None:
    y = torch.zeros(20)

    def fill() -> None:
        for k in range(20):
            y[k] = k / 2

    fill()
    assert _flushes(fill) == 0
    assert not local.trace.pending
    assert y.tolist() == [k / 2 for k in range(20)]


@pytest.mark.parametrize(
    "kind", ["float32", "float64", "int64", "int32", "int16", "int8", "uint8", "bool"]
)
def test_each_kind(kind: str) -> None:
    y = torch.zeros(3, 4, dtype=getattr(torch, kind))
    expected = np.zeros((3, 4), kind)
    for row, column, number in ((0, 1, 1), (-1, 2, True), (2, -4, 0), (1, 1, 1)):
        y[row, column] = number
        expected[row, column] = number
    assert np.array_equal(y.numpy(), expected)


def test_views_numpy_and_transposes_see_the_number() -> None:
    y = torch.zeros(3, 4)
    row, turned, outside = y[1], y.t(), y.numpy()
    flat = y.view(-1)
    y[1, 2] = 5
    assert row[2].item() == turned[2, 1].item() == outside[1, 2] == flat[6].item() == 5
    turned[3, 0] = 7
    assert y[0, 3].item() == outside[0, 3] == flat[3].item() == 7
    row[0] = 9
    assert y[1, 0].item() == (flat + 0)[4].item() == 9


def test_what_was_read_before_keeps_its_numbers() -> None:
    y = torch.arange(4.0)
    y.tolist()
    before, copied, view = y + 1, y.clone(), y[2]
    later = view * 10
    y[2] = 100.0
    assert before.tolist() == [1, 2, 3, 4]
    assert copied.tolist() == [0, 1, 2, 3]
    assert later.item() == 20
    assert view.item() == 100
    assert (view * 10).item() == 1000


def test_counts_as_a_write() -> None:
    y = torch.zeros(4)
    y.tolist()
    version = y._version
    y[0] = 1.0
    view = y[1]
    view += 2
    assert y._version >= version + 2 == view._version
    assert y.tolist() == [1, 2, 0, 0]


def test_what_a_gradient_saved_is_not_written_over() -> None:
    x = torch.ones(4)
    x.tolist()
    w = torch.ones(4, requires_grad=True)
    loss = (w * x).sum()
    x[0] = 5.0
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_gradients_flow_through_elements() -> None:
    w = torch.ones(3, requires_grad=True)
    y = torch.zeros(3)
    y[0] = w[1] * 2
    y[1] = 4.0
    y[2] = w[0] + w[2]
    y.sum().backward()
    assert w.grad is not None
    assert w.grad.tolist() == [1, 2, 1]
    assert y.tolist() == [2, 4, 2]


def test_leaves_that_require_gradients_refuse() -> None:
    w = torch.ones(3, requires_grad=True)
    with pytest.raises(RuntimeError, match="leaf Variable"):
        w[0] = 1.0
    with torch.no_grad():
        w[0] = 5.0
    assert w.tolist() == [5, 1, 1]


def test_numbers_that_do_not_fit_are_refused_as_ever() -> None:
    y = torch.zeros(2, dtype=torch.int8)
    y.tolist()
    with pytest.raises(RuntimeError, match="without overflow"):
        y[0] = 1000
    with pytest.raises(IndexError):
        y[2] = 1
    narrow = torch.zeros(2)
    with pytest.raises(RuntimeError, match="without overflow"):
        narrow[0] = 1e300
    narrow[1] = float("inf")
    assert narrow.tolist() == [0, float("inf")]
    whole = torch.zeros(2, dtype=torch.int64)
    whole[0] = 2.7
    assert whole.tolist() == [2, 0]


def test_rows_and_sums_in_a_loop() -> None:
    source = torch.arange(12.0).view(3, 4)
    y = torch.zeros(3, 4)
    for k in range(3):
        y[k] = source[k]
        y[k] += 1
        y[k, 0] = y[k - 1, 1] + y[k, 1]
    expected = np.zeros((3, 4), np.float32)
    for k in range(3):
        expected[k] = source[k].numpy()
        expected[k] += 1
        expected[k, 0] = expected[k - 1, 1] + expected[k, 1]
    assert np.array_equal(y.numpy(), expected)


def test_overlapping_stretches() -> None:
    y = torch.arange(6.0)
    y.tolist()
    y[1:5].copy_(y[1:5].clone())
    y[0] = y[5]
    assert y.tolist() == [5, 1, 2, 3, 4, 5]


def test_two_tensors_of_equal_numbers_stay_apart() -> None:
    start = torch.zeros(4)
    a, b = start + 1, start + 1
    assert (a + b).tolist() == [2] * 4
    a[0] = 7.0
    assert (a.tolist(), b.tolist()) == ([7, 1, 1, 1], [1] * 4)


def test_another_thread_that_has_read_keeps_what_it_read() -> None:
    y = torch.zeros(4)
    y.tolist()
    recorded, written = threading.Event(), threading.Event()
    seen: list[float] = []

    def read() -> None:
        later = y + 1
        recorded.set()
        written.wait(300)
        seen.extend(later.tolist())

    reader = threading.Thread(target=read)
    reader.start()
    recorded.wait(300)
    y[0] = 5.0
    written.set()
    reader.join()
    assert seen == [1] * 4
    assert y.tolist() == [5, 0, 0, 0]


def test_data_and_detached_views() -> None:
    w = torch.ones(3, requires_grad=True)
    w.data[1] = 4.0
    w.detach()[2] = 6.0
    assert w.tolist() == [1, 4, 6]
    loss = (w * w).sum()
    loss.backward()
    assert w.grad is not None
    assert w.grad.tolist() == [2, 8, 12]


def test_inference_mode_and_vmap() -> None:
    with torch.inference_mode():
        y = torch.zeros(3)
        y[1] = 2.0
    assert y.tolist() == [0, 2, 0]

    def one(x: Any) -> Any:
        made = torch.zeros(2)
        made[0] = 3.0
        return made + x

    assert torch.vmap(one)(torch.arange(2.0)).tolist() == [[3, 0], [4, 1]]


def test_views_of_views_are_written_without_recording() -> None:
    letters = torch.zeros(4, 1, 3)
    letters[0][0][2] = 1  # what is not computed yet is
    before = stats.flushes
    for place, letter in enumerate((0, 1, 2)):
        letters[place + 1][0][letter] = 1
    assert stats.flushes == before
    assert letters[:, 0].tolist() == [[0, 0, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
    row = letters[1]  # a tensor in between that somebody has sees it too
    saved = row * 2
    row[0][1] = 5
    assert row.tolist() == [[1, 5, 0]] and letters[1, 0].tolist() == [1, 5, 0]
    assert saved.tolist() == [[2, 0, 0]]


def test_a_view_of_a_view_that_a_gradient_saved() -> None:
    x, weight = torch.ones(2, 3, 2), torch.ones(2, requires_grad=True)
    assert x.sum().item() == 12
    product = (weight * x[0][1]).sum()
    assert product.item() == 2
    x[0][1][0] = 7
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        product.backward()


def test_stretches_of_one_number() -> None:
    grid = torch.zeros(4, 5)
    grid[0, 0] = 0
    before = stats.flushes
    grid[1] = 2
    grid[2:4] = -1.5
    grid[0, 1:3] = True
    assert stats.flushes == before and not local.trace.pending
    grid[3][4:] = 7
    assert grid.tolist() == [
        [0, 1, 1, 0, 0], [2] * 5, [-1.5] * 5, [-1.5, -1.5, -1.5, -1.5, 7],
    ]  # fmt: skip
    saved, rows = grid * 1, grid[1:3]
    grid[:, 0] = 9  # with gaps
    grid[2] = 3
    grid[4:] = 5  # nothing
    assert saved[2].tolist() == [-1.5] * 5 and rows.tolist() == [[9, 2, 2, 2, 2], [3] * 5]
    grid[:] = 4
    assert grid.tolist() == [[4] * 5] * 4 and rows.tolist() == [[4] * 5] * 2
    whole = torch.arange(4)
    whole[1:3] = 2.9  # as PyTorch: towards zero
    assert whole.tolist() == [0, 2, 2, 3]
    weight = torch.ones(5, requires_grad=True)
    product = (weight * grid[1]).sum()
    assert product.item() == 20
    grid[1] = 0
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        product.backward()


def _large(kind: str) -> Any:
    """A million bytes and more, of which nobody else knows."""
    torch.manual_seed(1)
    return torch.nn.Linear(512, 600).weight if kind == "leaf" else torch.rand(600, 512)


@pytest.mark.parametrize("kind", ["leaf", "plain"])
@pytest.mark.parametrize("fill", ["normal_", "uniform_"])
def test_large_tensors_are_filled_where_they_lie(kind: str, fill: str) -> None:
    large = _large(kind)
    with torch.no_grad():
        place, version = large._value.buffer.address, large._version
        torch.manual_seed(2)
        assert getattr(large, fill)(-1, 2) is large
    assert large._value.buffer.address == place
    assert large._version == version + 1
    torch.manual_seed(2)
    assert torch.equal(large.detach(), getattr(torch.empty(600, 512), fill)(-1, 2))


def test_who_read_a_large_tensor_before_it_was_filled_keeps_its_numbers() -> None:
    large = _large("plain")
    before, total = large.numpy().copy(), large.sum()
    whole = large + 0
    large.normal_()
    assert total.item() == pytest.approx(float(before.sum(dtype=np.float64)), rel=1e-5)
    assert np.array_equal(whole.numpy(), before)
    weight = _large("leaf")
    x = torch.ones(1, 512)
    (x @ weight.t()).sum()  # nothing keeps it
    y = (x.requires_grad_() @ weight.t()).sum()
    kept = weight.detach().numpy().copy()
    with torch.no_grad():
        weight.uniform_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()
    assert y.item() == pytest.approx(float(kept.sum(dtype=np.float64)), rel=1e-4)


def test_views_numpy_and_parts_see_a_fill() -> None:
    large = _large("plain")
    row, outside = large[3], large.numpy()
    torch.manual_seed(4)
    large.normal_()
    torch.manual_seed(4)
    expected = torch.empty(600, 512).normal_()
    assert torch.equal(row, expected[3])
    assert np.array_equal(outside, expected.numpy())
    many = torch.zeros(2, 600, 512)
    torch.manual_seed(4)
    many[1].normal_()
    assert torch.equal(many[1], expected)
    assert not many[0].any()
