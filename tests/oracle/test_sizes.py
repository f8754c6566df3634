"""A few random programs of free sizes; ``python -m tests.oracle.sizes`` tries many."""

from __future__ import annotations

import pytest

import rushlight as torch
from rushlight.engine import twins
from tests.oracle.sizes import Program, check, generate, run, same


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", (1, 3, 4, 5, 6))
def test_casts_are_as_planned_size_by_size(seed: int) -> None:
    program = generate(seed)
    assert not check(program, interpreted=not program.jumps), program


def test_programs_repeat_and_casts_are_made() -> None:
    sizes = tuple([(n, 8, 1) for n in range(20, 30)])
    program = Program(0, "v(n, m)", ("F.linear(x, v(32, m))", "x.softmax(-1)"), True, sizes)
    assert generate(5) == generate(5)
    before = twins.stats.casts
    assert not check(program, interpreted=True)
    assert twins.stats.casts - before >= 5


def test_a_wrong_number_in_a_cast_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    # As if the compiler had not noted a size: all casts are those of the mould's own.
    sizes = tuple([(n, 1, 1) for n in range(20, 30)])
    program = Program(0, "v(n)", ("x[:-1]", "x.sum(0)"), False, sizes)
    original = twins.Relations.variables

    def forgetful(self: twins.Relations, form: twins.Form) -> object:
        own = [self.form.flat[place] for place in self.first]
        return None if original(self, form) is None else own

    monkeypatch.setattr(twins.Relations, "variables", forgetful)
    assert "sizes" in check(program)


def test_errors_are_results() -> None:
    program = Program(0, "v(n)", ("x.view(-1, 2)",), False, ())
    assert "RuntimeError" in run(program, (5, 1, 1))[0]
    assert run(program, (4, 1, 1))[0].shape == (2, 2)
    assert same("a", "a")
    assert not same(torch.tensor([0.0]).numpy(), torch.tensor([-0.0]).numpy())
