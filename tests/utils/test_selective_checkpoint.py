"""Selective checkpoints: the same gradients, and what is kept is not computed a second time."""

from __future__ import annotations

import functools
from typing import Any

import pytest

import rushlight as torch
from rushlight import nn
from rushlight.ir import host
from rushlight.ops.linalg.small_loops import LARGEST
from rushlight.utils.checkpoint import (
    CheckpointPolicy,
    checkpoint,
    create_selective_checkpoint_contexts,
)

aten = torch.ops.aten


def selected(how: Any) -> Any:
    return functools.partial(create_selective_checkpoint_contexts, how)


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.wide, self.back, self.norm = nn.Linear(8, 16), nn.Linear(16, 8), nn.LayerNorm(8)
        self.drop = nn.Dropout(0.2)

    def forward(self, x: Any) -> Any:
        q = self.norm(x)
        w = torch.softmax(q @ q.transpose(-1, -2), -1)
        return x + self.back(self.drop(nn.functional.gelu(self.wide(w @ q))) * 2)


def gradients(how: Any) -> list[Any]:
    torch.manual_seed(0)
    block, x = Block(), torch.randn(2, 5, 8, requires_grad=True)
    kept = {"use_reentrant": False, "context_fn": selected(how)}
    y = block(x) if how is None else checkpoint(block, x, **kept)
    y.square().sum().backward()
    return [each.grad.tolist() for each in (x, *block.parameters())]


@pytest.mark.parametrize(
    "how",
    [
        [],
        [aten.mm.default, aten.addmm.default, aten.bmm.default],
        [aten._softmax.default, aten.gelu.default, aten.mul.Tensor, aten.native_layer_norm.default],
        lambda ctx, op, *args: CheckpointPolicy.PREFER_SAVE,
        lambda ctx, op, *args: CheckpointPolicy.MUST_RECOMPUTE,
    ],
)
def test_gradients_are_those_of_the_plain_part(how: Any) -> None:
    assert gradients(how) == gradients(None)


@pytest.mark.parametrize(("how", "runs"), [([aten.linalg_cholesky_ex.default], 1), ([], 2)])
def test_a_kept_result_is_not_computed_again(
    monkeypatch: pytest.MonkeyPatch, how: Any, runs: int
) -> None:
    entry, calls = host.HOSTS["linalg_cholesky"], []

    def counted(*given: Any) -> Any:
        calls.append(1)
        return entry.function(*given)

    patched = host.Host(entry.name, entry.results, counted, entry.complex)
    monkeypatch.setitem(host.HOSTS, "linalg_cholesky", patched)
    x = (3 * torch.eye(LARGEST + 1)).requires_grad_()  # a call that can be counted
    y = checkpoint(
        lambda x: torch.linalg.cholesky(x).exp().sum(), x, use_reentrant=False,
        context_fn=selected(how),
    )  # fmt: skip
    y.item()
    y.backward()
    assert len(calls) == runs
    plain = x.detach().clone().requires_grad_()
    torch.linalg.cholesky(plain).exp().sum().backward()
    assert torch.equal(x.grad, plain.grad)


def test_a_policy_hears_of_operators_and_shapes() -> None:
    seen = []

    def policy(ctx: Any, op: Any, *args: Any) -> CheckpointPolicy:
        seen.append((ctx.is_recompute, op, [tuple(each.shape) for each in args]))
        return CheckpointPolicy.MUST_SAVE

    x = torch.randn(3, 4, requires_grad=True)
    y = checkpoint(
        lambda x: (x @ torch.ones(4, 2)).relu().sum(), x, use_reentrant=False,
        context_fn=selected(policy),
    )  # fmt: skip
    y.backward()
    assert seen == [
        (False, aten.mm.default, [(3, 4), (4, 2)]),
        (False, aten.relu.default, [(3, 2)]),
        (False, aten.sum.default, [(3, 2)]),
    ]


def test_a_kept_result_that_is_overwritten_is_refused_unless_allowed() -> None:
    def part(x: Any) -> Any:
        y = x.clone()
        y.mul_(2)
        return y.exp().sum()

    x = torch.ones(2, requires_grad=True)
    kept = [aten.clone.default]
    with pytest.raises(RuntimeError, match="inplace"):
        checkpoint(part, x, use_reentrant=False, context_fn=selected(kept)).backward()
    for wrong, error in (([aten.mm], ValueError), ([1], ValueError), ("mm", TypeError)):
        with pytest.raises(error):
            create_selective_checkpoint_contexts(wrong)
