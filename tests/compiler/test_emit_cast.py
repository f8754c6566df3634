"""Numbers that no integer stands for, where the compiler knows them ahead."""

from __future__ import annotations

import pytest

import rushlight as torch


@pytest.mark.parametrize(
    ("dtype", "least"),
    [("int64", -(2**63)), ("int32", -(2**31)), ("int16", 0), ("int8", 0), ("uint8", 0)],
)
@pytest.mark.parametrize("source", [torch.float32, torch.float64])
def test_nan_and_what_is_out_of_range_become_the_least_number(
    dtype: str, least: int, source: torch.dtype
) -> None:
    kind = getattr(torch, dtype)
    nothing = torch.zeros(20, dtype=source)
    assert (nothing / 0).to(kind).tolist() == [least] * 20
    assert (nothing + float("nan")).to(kind).tolist() == [least] * 20
    assert (nothing + 1e30).to(kind).tolist() == [least] * 20
    assert (nothing - 1e30).to(kind).tolist() == [least] * 20


def test_the_variance_of_one_number_among_whole_ones() -> None:
    whole = torch.ones(1, 3, dtype=torch.int64)
    with pytest.warns(UserWarning, match="degrees of freedom"):
        whole[None] = torch.tensor(3.0).var(0)
    assert whole.tolist() == [[-(2**63)] * 3]
