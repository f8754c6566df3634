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
from tests.oracle.programs import Program

IN_CI = 500
BLOCK = 50
# The same programs every day: a difference in the last place that a comparison makes a whole one of
# is found when somebody looks for it, not by whoever lands a change that day.
FIRST = int(os.environ.get("RUSHLIGHT_ORACLE_SEED", "739942000"))

# Programs that failed once, shortened, and what was wrong.
ONCE_WRONG = {
    "a NumPy view of an operand that had been recorded, not run": (
        "v1 = make(590014, (3, 3), 'float32')",
        "v3 = v1 / (torch.zeros_like(v1).abs() + 1)",
        "n4 = v1.detach().numpy()",
        "n4[:1] = 1",
    ),
    "as_strided of a view hid the view from autograd.grad": (
        "v1 = make(345402, (3, 2, 4), 'float64').requires_grad_()",
        "v2 = v1.view_as(v1)",
        "v3 = v2.as_strided((2,), (2,), 1)",
        "v4, = torch.autograd.grad(v3.sum(), [v2], allow_unused=True, create_graph=True)",
    ),
    "a second backward through what saves nothing": (
        "v1 = make(768082, (16, 2), 'float32').requires_grad_()",
        "v3 = v1.sum(-1, keepdim=True)",
        "v6, = torch.autograd.grad(v3.sum(), [v1], allow_unused=True)",
        "v3.mean().backward()",
    ),
    "fill_ cut a tensor from the graph": (
        "v1 = make(398033, (3, 3), 'float64').requires_grad_()",
        "v4 = v1.cumsum(0)",
        "v4.fill_(-1)",
        "v4.sum().backward()",
    ),
    "copy_ of a constant cut a tensor from the graph": (
        "v1 = make(731509, (2, 4), 'float32').requires_grad_()",
        "v6 = v1 @ v1.mT",
        "v6.copy_(torch.ones(2))",
        "v6.sum().backward()",
    ),
    "a view of no elements whose offset lies behind the memory": (
        "v1 = make(557777, (3, 0), 'float32').requires_grad_()",
        "v2 = v1[-1]",
    ),
    "a view of a leaf became a leaf when somebody wrote under no_grad": (
        "v2 = make(869587, (5, 2), 'float32').requires_grad_()",
        "v4 = v2[None]",
        "with torch.no_grad(): v4.squeeze(-2).sub_(3)",
        "(v4 * v4).sum().backward()",
    ),
    "views of a detached window took offsets of the whole storage": (
        "v1 = torch.arange(6.0)",
        "v2 = v1[2:].detach()",
        "v3 = v2[1:3]",
        "v4 = make(3, (2,), 'float32').requires_grad_()",
        "v3.mul_(v4)",
        "v2.sum().backward()",
    ),
    "an in-place operation refused the operand it had overwritten itself": (
        "v1 = make(4, (3,), 'float32').requires_grad_()",
        "v2 = torch.arange(3.0)",
        "v2.mul_(v1)",
        "v2.sum().backward()",
    ),
    "a fill of an expanded tensor was refused": (
        "v1 = make(51895, (4,), 'int32')",
        "v1.expand(2, 4).fill_(-2)",
    ),
    "a second NumPy view looked at other memory than the first": (
        "v6 = make(5, (3,), 'float32') * 2",
        "n6 = v6.detach().numpy()",
        "v7 = v6.detach()",
        "v8 = 1 / (v7.abs() + 1)",
        "v7.fill_(0.25)",
        "v9 = v7.data",
        "n9 = v7.detach().numpy()",
        "v7.fill_(-1)",
    ),
    "an operand saved in memory that NumPy sees": (
        "v1 = make(4, (3,), 'float32').requires_grad_()",
        "v2 = make(5, (3,), 'float32')",
        "n2 = v2.numpy()",
        "v2.mul_(v1)",
        "v2.sum().backward()",
    ),
    "a 0-d float64 filled with a number counted as a Python number until it was computed": (
        "v2 = make(715069, (), 'float64')",
        "v2.fill_(0.25)",
        "v4 = v2.min()",
        "v5 = torch.minimum(v2, v4)",
        "v6 = torch.full((), 0.5, dtype=torch.float64)",
        "v7 = v6 + v6",
    ),
    "a 0-d int64 filled with a number counted as a Python number until it was computed": (
        "v1 = make(724885, (), 'uint8')",
        "v2 = v1.view_as(v1)",
        "v3 = v1.sum(0)",
        "v4 = v3.view(())",
        "v4.view(()).fill_(-1)",
        "v5 = torch.where(v2 > v3, v2, v3)",
    ),
    "zero_, fill_ and copy_ save nothing": (
        "v2 = make(44331, (4, 3), 'float32').requires_grad_()",
        "v3, v4, v5 = v2 - v2, v2 + v2, v2 * 2",
        "v3.zero_(); v4.fill_(2); v5.copy_(torch.ones(3))",
        "v7, = torch.autograd.grad(v3.sum() + v4.sum() + v5.sum(), [v2])",
        "v8, = torch.autograd.grad(v3.sum() + v4.sum() + v5.sum(), [v2])",
    ),
    "copy_ of what wants a gradient cut the overwritten tensor from the graph": (
        "v1 = make(3, (4, 3), 'float32').requires_grad_()",
        "v2 = make(4, (3,), 'float32').requires_grad_()",
        "v3 = v1 + v1",
        "v3.copy_(v2)",
        "v3.sum().backward()",
    ),
    "a quotient that was overwritten could not be differentiated": (
        "v1 = make(850649, (3,), 'float32').requires_grad_()",
        "v3 = v1 / (v1.abs() + 1)",
        "with torch.no_grad(): v3.add_(v1)",
        "v7, = torch.autograd.grad(v3.mean(), [v1])",
    ),
    "an overlapping window of no elements was refused": (
        "v1 = make(588728, (4, 1), 'float32')",
        "v2 = v1.permute([1, 0])",
        "v2[1:].sub_(v2, alpha=2)",
    ),
    "the median of no integers": ("v1 = torch.zeros(0, 3, dtype=torch.int64).median()",),
    "the order of a result's axes was another one where an operand had not been computed": (
        "v1 = make(285950, (3, 3), 'bool')",
        "v1[0, 1:] = v1[0, 1:] + 2.0",
        "v3 = v1.reshape(-1, 1, 1, 3)",
        "v5 = torch.empty_like(v3, memory_format=torch.channels_last).copy_(v3)",
        "v11 = torch.where(v1, v5, v1)",
    ),
    "softmax and its variance over one row": (
        "v1 = make(965131, (1, 2), 'float32')",
        "v5 = torch.softmax(v1, -1)",
        "v9 = v5.std()",
    ),
}


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


@pytest.mark.parametrize("what", ONCE_WRONG)
def test_once_wrong(what: str) -> None:
    program = Program(-1, ONCE_WRONG[what], frozenset(), "float32")
    assert not Oracle().lazy_wrong(program, program.steps)


@pytest.mark.parity
def test_once_wrong_is_now_theirs(peer: Peer) -> None:
    oracle = Oracle(peer)
    for steps in ONCE_WRONG.values():
        assert not oracle.peer_wrong(Program(-1, steps, frozenset(), "float32"), steps)


@pytest.mark.parity
def test_ours_is_theirs(peer: Peer) -> None:
    oracle = Oracle(peer)
    sweep(oracle, 0, 150)
    assert oracle.against_peer > 75


@pytest.mark.oracle
@pytest.mark.slow
def test_many(request: pytest.FixtureRequest) -> None:
    sweep(Oracle(Peer.start()), FIRST, request.config.getoption("programs"))
