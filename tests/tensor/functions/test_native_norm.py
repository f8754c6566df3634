"""Normalisations with their statistics; corners of pooling and padding that PyTorch defines."""

from __future__ import annotations

import numpy as np
import pytest

import rushlight as torch

F = torch.nn.functional


def test_native_layer_norm_gives_its_statistics() -> None:
    x = torch.tensor([[1.0, 2.0, 3.0], [2.0, 2.0, 8.0]])
    out, mean, spread = torch.native_layer_norm(x, (3,), None, None, 1e-5)
    assert mean.tolist() == [[2.0], [4.0]]
    np.testing.assert_allclose(spread.numpy() ** -2, [[2 / 3], [8.0]], rtol=1e-4)
    np.testing.assert_allclose(out.numpy(), (x - mean).numpy() * spread.numpy(), rtol=1e-5)


def test_replicate_pad_cuts_and_repeats() -> None:
    x = torch.arange(4.0).reshape(1, 1, 4)
    assert F.pad(x, (-4, 5), mode="replicate").tolist() == [[[3.0] * 5]]
    assert F.pad(x, (2, -1), mode="replicate").tolist() == [[[0.0, 0, 0, 1, 2]]]


def test_adaptive_pools_say_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="at least 3"):
        F.adaptive_avg_pool2d(torch.ones(2, 2), (2, 2))
    with pytest.raises(RuntimeError, match="greater than or equal to 0"):
        F.adaptive_max_pool2d(torch.ones(1, 2, 2), (-1, 0))


def test_losses_of_one_number() -> None:
    one, target = torch.tensor(0.5), torch.tensor(0)
    assert F.multi_margin_loss(one, target).item() == 0
    assert F.cosine_similarity(one, one, dim=0).item() == pytest.approx(1)
