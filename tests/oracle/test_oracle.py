"""Random programs of a user: compiled, interpreted, step by step, and under PyTorch: all the same.

``pytest -m oracle --programs 20000 tests/oracle`` tries many; ``python -m tests.oracle.run 20000``
also records that it did.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.oracle.check import Oracle
from tests.oracle.peer import Peer

IN_CI = 500
BLOCK = 50
# New programs in every run; RUSHLIGHT_ORACLE_SEED repeats a run.
FIRST = int(os.environ.get("RUSHLIGHT_ORACLE_SEED", int.from_bytes(os.urandom(4), "little")))

# Programs that failed once, and what was wrong.
ONCE_WRONG = [
    109,  # a NumPy view of an operand that had been recorded, not run
    68,  # as_strided of a view hid the view from autograd.grad
    252,  # a second backward through what saves nothing
    1077,  # fill_ cut a tensor from the graph
    1606,  # a view of no elements whose offset lies behind the memory
    1844,  # a view of a leaf became a leaf when somebody wrote under no_grad
]


def sweep(oracle: Oracle, first: int, count: int) -> None:
    """All of the block, so that one run names every seed that differs."""
    wrong = [found for seed in range(first, first + count) if (found := oracle.check(seed))]
    assert not wrong, "\n".join(wrong)


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    found = Peer.start()
    if found is None:
        pytest.skip("PyTorch is not installed")
    yield found
    found.stop()


@pytest.mark.parametrize("block", range(IN_CI // BLOCK))
def test_compiled_is_interpreted(block: int) -> None:
    sweep(Oracle(), FIRST + block * BLOCK, BLOCK)


@pytest.mark.parametrize("seed", ONCE_WRONG)
def test_once_wrong(seed: int) -> None:
    sweep(Oracle(), seed, 1)


@pytest.mark.parity
def test_ours_is_theirs(peer: Peer) -> None:
    oracle = Oracle(peer)
    sweep(oracle, 0, 150)
    assert oracle.against_peer > 75


@pytest.mark.oracle
@pytest.mark.slow
def test_many(request: pytest.FixtureRequest) -> None:
    sweep(Oracle(Peer.start()), FIRST, request.config.getoption("programs"))
