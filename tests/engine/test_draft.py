"""Drafts: what they give for other sizes is what the body of the call gives for them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import rushlight as torch
from rushlight.base.events import subscribe
from rushlight.engine import clear, drafted
from rushlight.engine.call import Gradient, OpCall
from rushlight.engine.draft import Draft, Example
from rushlight.engine.kind import kind_of, with_numbers
from rushlight.engine.trace import Trace
from rushlight.engine.value import flowing, meta_of
from rushlight.ops.table import Op
from tests.ops.cases import samples
from tests.ops.expressions import expression
from tests.ops.test_every_op import SAMPLED, SESSION
from tests.oracle.programs import mode

F, nn = torch.nn.functional, torch.nn
every_op = pytest.mark.parametrize("op", SAMPLED, ids=[op.name for op in SAMPLED])
CALLS = 4  # of each op


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    clear()
    yield
    clear()


def calls_of(op: Op, monkeypatch: pytest.MonkeyPatch) -> list[Example]:
    """What the op's samples record, its own call and those that it is made of."""
    found: dict[Any, Example] = {}
    record = Trace.miss

    def miss(self: Trace, key: Any, call: Any, places: Any, metas: Any, numbers: Any) -> Any:
        step = record(self, key, call, places, metas, numbers)
        if isinstance(call, OpCall):
            kind_of(call)
            flat = [*call.numbers, *(size for meta in metas for size in meta.shape)]
            found[(call, metas, step.scalar_types)] = Example(call, metas, step.scalar_types, flat)
        return step

    monkeypatch.setattr(Trace, "miss", miss)
    for args, kwargs in samples(op):
        with mode(True, Trace()):
            SESSION.call(expression(op), args, kwargs, gradients=False)
        if len(found) >= CALLS:
            break
    monkeypatch.undo()
    return list(found.values())[:CALLS]


def like(example: Example, flat: list[int]) -> Example:
    """The same call with other numbers. Raises what its body raises."""
    rest = iter(flat)
    call = OpCall(example.call.op, with_numbers(example.call.template, rest))
    kind_of(call)
    metas = [meta_of(tuple(next(rest) for _ in meta.shape), meta.dtype) for meta in example.metas]
    made = Example(call, tuple(metas), example.scalar_types, flat)
    made.piece()
    return made


def gradient(example: Example) -> Example | None:
    """The call of its gradient, if it has one for these sizes."""
    call, metas, outs = example.call, example.metas, example.piece().metas
    mask, given = flowing(metas), flowing(outs)
    if not mask or not given or not call.op.differentiable:
        return None
    try:
        made = Gradient(call, tuple(metas), outs, mask, given, example.scalar_types)
    except Exception:  # sizes that no user can come by
        return None
    flat = [*example.flat, *(size for meta in outs for size in meta.shape)]
    return Example(made, metas, example.scalar_types, flat)


def others(flat: list[int], constants: int) -> Iterator[list[int]]:
    """Other sizes: equal ones mostly stay equal."""
    rng = random.Random(sum(flat))

    def drawn() -> Callable[[int], int]:
        known: dict[int, int] = {}
        return lambda size: known.setdefault(size, rng.choice((0, 1, 2, 3, 5, 8, 16, 33)))

    fixed, sizes = flat[:constants], flat[constants:]
    yield [*fixed, *(size + 3 if size > 1 else size for size in sizes)]
    yield [size + 3 if size > 1 else size for size in flat]
    yield [*fixed, *(2 * size for size in sizes)]
    yield [*fixed, *map(drawn(), sizes)]
    yield [*fixed, *map(drawn(), sizes)]
    yield [*fixed, *(size + rng.choice((0, 0, 1, -1)) if size else 0 for size in sizes)]


def require_same(draft: Draft, example: Example) -> int:
    """That the draft gives what the call builds, or nothing; 1 where it gives it."""
    found = draft.numbers(example.flat)
    if found is None:
        return 0
    piece = example.piece()
    assert (draft.form, found, draft.facts) == (piece.form, piece.numbers, example.facts())
    assert [*map(type, found)] == [*map(type, piece.numbers)]
    if isinstance(example.call, OpCall):
        assert draft.cast(found, example.metas).metas == piece.metas
    return 1


@every_op
def test_casts_are_what_the_body_builds(op: Op, monkeypatch: pytest.MonkeyPatch) -> None:
    for call in calls_of(op, monkeypatch):
        built: list[Example] = []
        refused: list[list[int]] = []
        for flat in others(call.flat, len(call.call.numbers)):
            try:
                built.append(like(call, flat))
            except Exception:  # whatever the op says of such sizes
                refused.append(flat)
        for before in [each for each in built if each.flat != call.flat][:1]:
            try:
                draft = Draft(before, call)
            except Exception:  # takes no sizes for numbers: the body is asked each time
                continue
            for each in built:
                require_same(draft, each)
            for flat in refused:
                assert draft.numbers(flat) is None, "the body refuses these sizes"
            derived = [made for each in (before, call, *built) if (made := gradient(each))]
            if len(derived) > 2 and len(derived[0].flat) == len(derived[1].flat):
                try:
                    draft = Draft(*derived[:2])
                except Exception:
                    continue
                for each in derived:
                    require_same(draft, each)


def casts() -> int:
    return sum(each.casts for each in drafted._DRAFTS.values())


def test_a_network_on_many_sizes_runs_no_bodies() -> None:
    reasons: list[str] = []
    stop = subscribe("no draft", lambda **facts: reasons.append(facts["reason"]))
    layers = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.LayerNorm(5), nn.Linear(5, 3))
    try:
        for length in range(10, 20):
            before = casts()
            loss = F.cross_entropy(layers(torch.ones(length, 6)), torch.zeros(length).long())
            loss.backward()
            loss.item()
    finally:
        stop()
    assert not reasons
    assert casts() - before >= 10  # calls and gradients of the last length


def test_layers_that_differ_in_what_is_no_size() -> None:
    """Strides that differ are no sizes: each has drafts of its own, and none is given up."""
    layers = [nn.Conv1d(2, 2, 3), nn.Conv1d(2, 2, 3, stride=2), nn.Conv1d(2, 2, 2, dilation=2)]
    for length in range(20, 30):
        x = torch.ones(1, 2, length)
        for layer in layers:
            x = layer(x)
        x.sum().item()
    assert not [each for each in drafted._DRAFTS.values() if each.closed]


def test_what_a_body_warns_of_is_said_for_each_size() -> None:
    said = 0
    for length in range(3, 12):
        with pytest.warns(UserWarning, match="degrees of freedom"):
            torch.ones(length, 1).mul(2).var(1).isnan().all().item()
        said += 1
    assert said == 9


def test_wrong_sizes_are_refused_beside_drafts() -> None:
    for length in range(3, 12):
        x, y = torch.ones(length, 4), torch.ones(4, length)
        assert (x @ y).sum().item() == 4 * length * length
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        torch.ones(20, 4) @ torch.ones(5, 20)
    with pytest.raises(RuntimeError, match="must match"):
        torch.ones(20, 4) + torch.ones(19, 4)
    np.testing.assert_array_equal((torch.ones(21, 4) @ torch.ones(4, 21)).numpy(), 4.0)


def test_a_gradient_is_found_again_while_it_is_of_use() -> None:
    x = torch.ones(3, requires_grad=True)
    for length in range(3, 12):
        (x[:1].expand(length) * 2).sum().backward()
        x.grad.sum().item()
    with torch.enable_grad():
        first = [torch.ones(15, requires_grad=True) * 3 for _ in range(2)]
    one, other = [each._edge.gradient for each in first]
    assert one is other
