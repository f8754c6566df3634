"""Sobol' sequences: PyTorch's points, plain and scrambled."""

import pytest

import rushlight as torch
from rushlight.quasirandom import SobolEngine


def test_plain_points() -> None:
    engine = SobolEngine(3)
    drawn = engine.draw(5)
    assert drawn[:4].tolist() == [[0.0] * 3, [0.5] * 3, [0.75, 0.25, 0.25], [0.25, 0.75, 0.75]]
    assert drawn[4].tolist() == [0.375, 0.375, 0.625] and engine.num_generated == 5
    assert torch.equal(engine.reset().fast_forward(3).draw(2), drawn[3:])
    with pytest.raises(ValueError, match="power of 2"):
        engine.draw_base2(3)
    assert torch.equal(engine.reset().draw_base2(2), drawn[:4])


def test_scrambled_points() -> None:
    engine = SobolEngine(5, scramble=True, seed=3)
    first = torch.tensor([0.0685, 0.2245, 0.6992, 0.0626, 0.3754])
    torch.testing.assert_close(engine.draw(1)[0], first, rtol=0, atol=1e-4)
    fourth = torch.tensor([0.3506, 0.7511, 0.1964, 0.9031, 0.1063])
    torch.testing.assert_close(engine.draw(3)[2], fourth, rtol=0, atol=1e-4)
    assert repr(engine) == "SobolEngine(dimension=5, scramble=True, seed=3)"
    torch.manual_seed(0)
    assert SobolEngine(2, scramble=True).draw(8).unique(dim=0).shape == (8, 2)


def test_every_dimension_is_even() -> None:
    drawn = SobolEngine(1111).draw(1024)
    for part in (drawn[:256], drawn):
        n = len(part)
        assert torch.equal((part * n).floor().sort(0).values, torch.arange(n)[:, None] + 0.0 * part)
    with pytest.raises(NotImplementedError, match="1112 dimensions"):
        SobolEngine(1112)
    with pytest.raises(ValueError, match="Supported range"):
        SobolEngine(0)
