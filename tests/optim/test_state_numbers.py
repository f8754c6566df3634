"""What PyTorch keeps as tensors of one number is seen as that, and used by the next step."""

from __future__ import annotations

import copy
from typing import Any

import pytest

import rushlight as torch
from rushlight import nn, optim

KINDS = {
    optim.Adam: {"step"}, optim.AdamW: {"step"}, optim.RMSprop: {"step"}, optim.Adagrad: {"step"},
    optim.Adadelta: {"step"}, optim.Adamax: {"step"}, optim.NAdam: {"step", "mu_product"},
    optim.RAdam: {"step"}, optim.ASGD: {"step", "eta", "mu"}, optim.Rprop: {"step"},
    optim.Adafactor: {"step"},
}  # fmt: skip


def stepped(kind: Any, steps: int) -> tuple[Any, Any]:
    param = nn.Parameter(torch.ones(2))
    made = kind([param], lr=0.1)
    for _ in range(steps):
        param.grad = param.detach() * 2
        made.step()
    return made, param


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_numbers_are_tensors_whenever_they_are_looked_at(kind: Any) -> None:
    made, param = stepped(kind, 2)
    state = made.state[param]
    assert {name for name in KINDS[kind] if isinstance(state[name], torch.Tensor)} == KINDS[kind]
    assert state["step"].dtype is torch.float32 and state["step"].shape == ()
    assert state["step"].item() == 2
    param.grad = torch.ones(2)
    made.step()
    assert repr(made.state[param]["step"]) == "tensor(3.)"
    assert copy.deepcopy(made).state_dict()["state"][0]["step"].item() == 3


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_looking_does_not_change_the_next_step(kind: Any) -> None:
    _, a = stepped(kind, 3)
    looked, b = stepped(kind, 2)
    assert looked.state[b]["step"].item() == 2
    b.grad = b.detach() * 2
    looked.step()
    assert b.tolist() == pytest.approx(a.tolist(), rel=1e-6)


def test_a_number_that_is_put_there_counts() -> None:
    made, param = stepped(optim.Adam, 1)
    made.state[param]["step"] = torch.tensor(10.0)
    param.grad = torch.ones(2)
    made.step()
    assert made.state[param]["step"].item() == 11


def test_what_state_dict_gave_stays_what_it_was() -> None:
    made, param = stepped(optim.Adam, 1)
    saved = made.state_dict()
    param.grad = torch.ones(2)
    made.step()
    assert repr(saved["state"][0]["step"]) == "tensor(1.)"


def test_an_optimiser_of_the_user_keeps_its_own_kinds() -> None:
    class Counting(optim.Optimizer):
        def __init__(self, params: Any) -> None:
            super().__init__(params, {})

        def step(self, closure: Any = None) -> None:
            for param in self.param_groups[0]["params"]:
                state = self.state[param]
                state["step"] = state.get("step", 0) + 1

    param = nn.Parameter(torch.ones(1))
    first, second = Counting([param]), Counting([param])
    first.step()
    second.load_state_dict(first.state_dict())
    second.step()
    assert second.state[param] == {"step": 2} and type(second.state[param]["step"]) is int
