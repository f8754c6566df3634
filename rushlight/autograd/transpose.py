"""Gradients of a linear map that is known as a function: what ``backward`` is to ``jvp``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rushlight.engine.trace import local
from rushlight.tensor import Tensor
from rushlight.tensor.backward import grad
from rushlight.tensor.modes import enable_grad


def transposed(
    push: Callable[..., Any],
    zeros: Sequence[Tensor | None],
    cotangents: Sequence[Tensor | None],
) -> tuple[Tensor | None, ...]:
    """A cotangent for each of ``zeros``: the gradient of ``push(*zeros) . cotangents`` there.

    ``push`` is linear, so where it is differentiated makes no difference. None beside None.
    """
    differentiable = local.trace.grad
    leaves = [None if each is None else each.detach().requires_grad_() for each in zeros]
    with enable_grad():
        # A copy, which ``push`` may write to.
        pushed = push(*(None if each is None else each.clone() for each in leaves))
    pushed = pushed if isinstance(pushed, tuple) else (pushed,)
    pairs = [
        (out, cotangent)
        for out, cotangent in zip(pushed, cotangents, strict=True)
        if isinstance(out, Tensor) and out.requires_grad and cotangent is not None
    ]
    wanted = [each for each in leaves if each is not None]
    if not pairs:
        return (None,) * len(leaves)
    found = iter(
        grad(
            [out for out, _ in pairs],
            wanted,
            [cotangent for _, cotangent in pairs],
            create_graph=differentiable,
            allow_unused=True,
        )
    )
    return tuple(None if each is None else next(found) for each in leaves)
