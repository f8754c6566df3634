"""Random numbers follow the memory of a tensor, not its axes; checked against PyTorch's."""

from __future__ import annotations

import rushlight as torch
from rushlight.engine.flush import flush
from rushlight.engine.trace import local
from rushlight.nn import functional as F

# By PyTorch 2.13 with seed 0.
DROPPED = [[0, 0, 0], [0, 0, 1], [1, 1, 1], [0, 1, 1]]
RAND_LIKE = [7682, 6341, 6323]
RANDN_LIKE = [-2934, 4033, 1820, -5663]
FROM_FIVE = [2014, 6173, 19873, 15977]


def test_a_transposed_tensor_gets_the_numbers_of_its_memory() -> None:
    for fill in ("uniform_", "exponential_", "cauchy_", "random_", "bernoulli_", "log_normal_"):
        torch.manual_seed(3)
        rows = getattr(torch.zeros(4, 5), fill)()
        torch.manual_seed(3)
        turned = getattr(torch.zeros(4, 5).t(), fill)()
        assert torch.equal(turned, rows.t()), fill


def test_gaps_in_memory_do_not_matter() -> None:
    torch.manual_seed(3)
    rows = torch.zeros(4, 5).uniform_()
    torch.manual_seed(3)
    assert torch.equal(torch.zeros(4, 10)[:, ::2].uniform_(), rows)


def test_dropout_and_like_functions() -> None:
    x = torch.ones(3, 4).t()
    torch.manual_seed(0)
    assert F.dropout(x).ne(0).int().tolist() == DROPPED
    torch.manual_seed(0)
    assert torch.rand_like(x)[1].mul(1e4).round().int().tolist() == RAND_LIKE
    torch.manual_seed(0)
    assert torch.randn_like(torch.ones(4, 5).t())[1].mul(1e4).round().int().tolist() == RANDN_LIKE


def test_random_from_a_number_up() -> None:
    torch.manual_seed(0)
    assert torch.zeros(4, dtype=torch.int16).random_(5, None).tolist() == FROM_FIVE


def test_nothing_is_kept_for_a_failure_that_cannot_come() -> None:
    x = torch.zeros(8)
    x.tolist()
    flush()
    before = len(local.trace.journal)
    for _ in range(3):
        x.normal_()
    assert len(local.trace.journal) == before
    y = x + 1
    x.normal_()
    assert len(local.trace.journal) == before + 1
    assert y.shape == x.shape
