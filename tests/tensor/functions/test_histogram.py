"""Histograms beside NumPy's; windows, resize_ and places in memory by their definitions."""

from __future__ import annotations

import numpy as np
import pytest

import rushlight as torch


def test_histogram_is_numpys() -> None:
    data = np.random.default_rng(0).normal(size=50)
    hist, edges = torch.histogram(torch.from_numpy(data), 7)
    wanted, at = np.histogram(data, 7)
    np.testing.assert_array_equal(hist.numpy(), wanted)
    np.testing.assert_allclose(edges.numpy(), at)
    dense = torch.histogram(
        torch.from_numpy(data), torch.tensor([-1.0, 0, 2], dtype=torch.float64), density=True
    )
    np.testing.assert_allclose(
        dense.hist.numpy(), np.histogram(data, [-1, 0, 2], density=True)[0], rtol=1e-12
    )


def test_histogramdd_is_numpys() -> None:
    points = np.random.default_rng(1).uniform(size=(40, 2))
    hist, edges = torch.histogramdd(torch.from_numpy(points), [3, 4], range=[0.0, 1.0, 0.0, 1.0])
    wanted, _ = np.histogramdd(points, [3, 4], range=[(0, 1), (0, 1)])
    np.testing.assert_array_equal(hist.numpy(), wanted)
    assert [len(each) for each in edges] == [4, 5]


def test_mode_takes_the_smallest_of_the_most_frequent() -> None:
    values, indices = torch.mode(torch.tensor([[2, 1, 1, 2, 3], [5, 5, 5, 0, 0]]))
    assert (values.tolist(), indices.tolist()) == ([1, 5], [2, 2])


@pytest.mark.parametrize("name", ["bartlett", "blackman", "hamming", "hann"])
def test_windows_are_numpys(name: str) -> None:
    wanted = getattr(np, name.replace("hann", "hanning"))(9) if name == "hann" else (
        getattr(np, name)(9)
    )  # fmt: skip
    made = getattr(torch.signal.windows, name)(9, dtype=torch.float64)
    np.testing.assert_allclose(made.numpy(), wanted, atol=1e-12)
    older = getattr(torch, f"{name}_window")(8, dtype=torch.float64)
    np.testing.assert_allclose(older.numpy(), wanted[:8], atol=1e-12)


def test_kaiser_and_refusals() -> None:
    made = torch.kaiser_window(8, False, 14.0, dtype=torch.float64)
    np.testing.assert_allclose(made.numpy(), np.kaiser(8, 14.0), rtol=1e-10)
    with pytest.raises(ValueError, match="Tau must be positive"):
        torch.signal.windows.exponential(3, tau=-1)


def test_resize_keeps_memory_where_it_can() -> None:
    x = torch.arange(6)
    view = x[:2]
    assert x.resize_(2, 2).tolist() == [[0, 1], [2, 3]]
    x[0, 0] = 9
    assert view.tolist() == [9, 1]
    grown = torch.tensor([1.0, 2.0]).resize_(2, 2)
    assert grown.shape == (2, 2)
    assert grown[0].tolist() == [1, 2]


def test_empty_strided_and_permuted() -> None:
    assert torch.empty_strided((2, 3), (1, 2)).stride() == (1, 2)
    assert torch.empty_permuted((2, 3, 4), (0, 2, 1)).stride() == (12, 1, 3)
    with pytest.raises(RuntimeError, match="Duplicate dim"):
        torch.empty_permuted((2, 3), (0, 0))


def test_dims_as_keywords() -> None:
    x = torch.arange(6).reshape(shape=(2, 3))
    assert torch.flip(x, dims=(1,)).tolist() == [[2, 1, 0], [5, 4, 3]]
    assert x.permute(dims=(1, 0)).shape == (3, 2)
    assert x.view(size=(3, 2)).shape == (3, 2)
    with pytest.raises(TypeError, match="unexpected keyword"):
        torch.flip(x, axes=(0,))


def test_out_must_not_overlap() -> None:
    x = torch.arange(4.0)
    with pytest.raises(RuntimeError, match="single memory location"):
        torch.take(x, torch.tensor([3, 2, 1, 0]), out=x)
    with pytest.raises(RuntimeError, match="single memory location"):
        torch.add(x, 1, out=torch.zeros(1).expand(4))
