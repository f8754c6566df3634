"""torch.hinge_embedding_loss and kin take a number for ``reduction`` and reduce nothing by default.

Numbers by PyTorch 2.13.
"""

import pytest

import rushlight as torch
import rushlight.nn.functional as F

x = torch.arange(9.0).reshape(3, 3) / 9
y = torch.tensor([1.0, -1.0, 1.0])

CASES = [
    (lambda n: torch.hinge_embedding_loss(x, y, 1.0, n), [0.0, 0.8889, 0.2222], 4.3333),
    (lambda n: torch.cosine_embedding_loss(x, x + 1, y, 0.0, n), [0.1765, 0.9904, 0.0021], 1.1690),
    (lambda n: torch.margin_ranking_loss(x, x + 1, y, 0.0, n), [1.0, 0.0, 1.0], 6.0),
    (lambda n: torch.triplet_margin_loss(x, x + 1, x - 1, reduction=n), [1.0, 1.0, 1.0], 3.0),
    (
        lambda n: torch.poisson_nll_loss(x, x, True, True, 1e-8, n),
        [1.0, 1.1052, 1.1995],
        12.1033,
    ),
]


@pytest.mark.parametrize(("loss", "first", "total"), CASES)
def test_by_number(loss, first, total):
    each = loss(0)
    assert each.flatten()[:3].tolist() == pytest.approx(first, abs=1e-4)
    assert loss(2).item() == pytest.approx(total, abs=1e-3)
    assert loss(1).item() == pytest.approx(each.mean().item())
    with pytest.raises(RuntimeError, match="reduction is 0"):
        loss(3)


def test_nothing_said_reduces_nothing_and_functional_takes_the_mean():
    assert torch.hinge_embedding_loss(x, y).shape == (3, 3)
    assert torch.triplet_margin_loss(x, x + 1, x - 1).shape == (3,)
    assert F.hinge_embedding_loss(x, y).ndim == 0
    scores = torch.log_softmax(x.reshape(3, 1, 3), 2)
    target = torch.tensor([[1]])
    assert torch.ctc_loss(scores, target, (3,), (1,)).tolist() == pytest.approx([1.6611], abs=1e-4)
    assert F.ctc_loss(scores, target, (3,), (1,)).ndim == 0


def test_adaptive_max_pool1d_gives_places_too():
    values, places = torch.adaptive_max_pool1d(x, 2)
    assert places.tolist() == [[1, 2]] * 3
    assert torch.equal(values, F.adaptive_max_pool1d(x, 2))
