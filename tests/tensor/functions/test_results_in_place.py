"""Results that are views, written in place."""

from __future__ import annotations

import rushlight as torch


def test_in_place_of_a_result_that_is_a_view() -> None:
    torch.manual_seed(0)
    x = torch.ones(2, 2, 2, 2)
    torch.nn.functional.dropout3d(x, inplace=True)
    again = torch.ones(2, 2, 2, 2)
    torch.manual_seed(0)
    assert x.tolist() == torch.nn.functional.dropout3d(again).tolist()
    assert x.numpy().shape == (2, 2, 2, 2)
