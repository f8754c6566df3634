"""Every op of the table beside PyTorch's function, on the op's own samples."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rushlight.ops import OPS, load_rare
from rushlight.ops.table import Op
from tests.parity.agreement import differences
from tests.parity.samples_peer import Peer

load_rare()

pytestmark = [
    pytest.mark.parity,
    pytest.mark.filterwarnings("ignore:reduction. 'mean' divides:UserWarning"),
]

# What differs and why: (op, aspect). This may only shrink.
_EXACT = "theirs is good to 1e-8, ours to the last digits"
_AT_A_KINK = "a choice at a kink"
_FROM_NAN = "nan or infinity in: which nan comes out"
KNOWN: dict[tuple[str, str], str] = {
    ("lgamma", "second gradient"): _EXACT,
    ("digamma", "gradient"): _EXACT,
    ("digamma", "second gradient"): f"{_EXACT}; at the poles nan, theirs -inf",
    ("mvlgamma", "second gradient"): _EXACT,
    ("igamma", "gradient"): _EXACT,
    ("igamma", "second gradient"): _EXACT,
    ("igammac", "gradient"): _EXACT,
    ("igammac", "second gradient"): _EXACT,
    ("ldexp", "gradient"): "negative whole exponents: theirs is 0",
    ("pow", "second gradient"): _FROM_NAN,
    ("var", "second gradient"): "of one element: nan, theirs has none",
    ("var_mean", "second gradient"): "of one element: nan, theirs has none",
    ("prod", "gradient"): "infinities: theirs divides, ours multiplies the others",
    ("prod", "second gradient"): "infinities: theirs divides, ours multiplies the others",
    ("mish", "second gradient"): "theirs overflows at 300",
    ("prelu", "second gradient"): _AT_A_KINK,
    ("_smooth_l1_loss", "second gradient"): _FROM_NAN,
    ("_huber_loss", "second gradient"): _FROM_NAN,
    ("_binary_cross_entropy", "second gradient"): "theirs has 1e-12 in float32",
}

SAMPLED = [op for op in OPS.values() if op.samples_rule is not None]


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    """Real PyTorch in a process of its own."""
    found = Peer.start()
    if found is None:
        pytest.skip("PyTorch is not installed")
    yield found
    found.stop()


@pytest.mark.parametrize("op", SAMPLED, ids=[op.name for op in SAMPLED])
def test_agrees_with_pytorch(op: Op, peer: Peer) -> None:
    found = list(differences(op, peer))
    news = [each for each in found if (op.name, each.aspect) not in KNOWN]
    assert not news, "\n".join(f"{each.aspect}: {each.text}" for each in news)
    gone = {aspect for name, aspect in KNOWN if name == op.name} - {each.aspect for each in found}
    assert not gone, f"agrees now, take it off KNOWN: {gone}"
