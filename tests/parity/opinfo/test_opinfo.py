"""Operators that pass all of PyTorch's own test inputs keep passing them."""

from __future__ import annotations

import pytest

from tests.parity.opinfo.__main__ import ALL_DTYPES, draw, folder, peer, refused
from tests.parity.opinfo.check import check, load

# A few of each family; `python -m tests.parity.opinfo` runs all.
NAMES = ["add", "sum", "where", "maximum", "cummax", "nn.functional.conv2d"]

pytestmark = pytest.mark.parity


@pytest.fixture(scope="module")
def drawn() -> None:
    if peer() is None:
        pytest.skip("PyTorch is not installed")
    missing = [name for name in NAMES if not (folder() / f"{name}.pkl").exists()]
    if missing:
        draw(missing)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", NAMES)
def test_operator(name: str, drawn: None) -> None:
    outcome = check(name, load(folder(), name), ALL_DTYPES)
    assert outcome.passes, "\n".join(map(str, outcome.failures))


@pytest.mark.filterwarnings("ignore")
def test_refused_dtypes() -> None:
    if peer() is None:
        pytest.skip("PyTorch is not installed")
    assert (
        refused(["nn.functional.layer_norm", "hypot", "abs", "mm", "nn.functional.nll_loss"]) == []
    )
