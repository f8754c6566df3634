"""``gradcheck``: analytical gradients against finite differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rushlight.tensor import Tensor, from_numpy, grad


class GradcheckError(RuntimeError):
    """The analytical gradient is not the numerical one."""


def _outputs(function: Callable[..., Any], inputs: Sequence[Any]) -> tuple[Tensor, ...]:
    result = function(*inputs)
    outs = result if isinstance(result, (tuple, list)) else (result,)
    return tuple(each for each in outs if isinstance(each, Tensor))


def _numerical(
    function: Callable[..., Any], inputs: list[Any], place: int, eps: float
) -> list[np.ndarray[Any, Any]]:
    """One Jacobian (input elements, output elements) per output, by central differences."""
    base = np.array(inputs[place]._array(), np.float64)
    columns: list[list[np.ndarray[Any, Any]]] = []
    for element in range(base.size):
        sides = []
        for sign in (1, -1):
            moved = base.copy()
            moved.reshape(-1)[element] += sign * eps
            changed = list(inputs)
            changed[place] = from_numpy(moved).to(inputs[place].dtype).requires_grad_()
            sides.append(
                [np.array(out._array(), np.float64) for out in _outputs(function, changed)]
            )
        columns.append([(a - b).reshape(-1) / (2 * eps) for a, b in zip(*sides, strict=True)])
    count = len(_outputs(function, inputs))
    return [
        np.array([column[k] for column in columns]).reshape(base.size, -1) for k in range(count)
    ]


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    **ignored: Any,
) -> bool:
    """Compare gradients with differences; inputs should be float64. Raises GradcheckError."""
    given = list(inputs) if isinstance(inputs, (tuple, list)) else [inputs]
    outs = _outputs(func, given)
    wanted = [k for k, x in enumerate(given) if isinstance(x, Tensor) and x.requires_grad]
    if not wanted:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of the them "
            "have requires_grad=True."
        )
    for place in wanted:
        numerical = _numerical(func, given, place, eps)
        for number, out in enumerate(outs):
            if not out.requires_grad:
                analytical = np.zeros_like(numerical[number])
            else:
                analytical = _analytical(out, given[place])
            if not np.allclose(analytical, numerical[number], rtol=rtol, atol=atol, equal_nan=True):
                if not raise_exception:
                    return False
                raise GradcheckError(
                    f"Jacobian mismatch for output {number} with respect to input {place},\n"
                    f"numerical:{numerical[number]}\nanalytical:{analytical}\n"
                )
    return True


def _analytical(out: Tensor, x: Tensor) -> np.ndarray[Any, Any]:
    rows = []
    for element in range(out.numel()):
        seed = np.zeros(out.numel())
        seed[element] = 1
        (found,) = grad(
            out, x, from_numpy(seed.reshape(out.shape)).to(out.dtype), retain_graph=True,
            allow_unused=True,
        )  # fmt: skip
        rows.append(np.zeros(x.numel()) if found is None else np.array(found._array()).reshape(-1))
    return np.array(rows).reshape(out.numel(), x.numel()).T


def gradgradcheck(
    func: Callable[..., Any], inputs: Any, grad_outputs: Any = None, **options: Any
) -> bool:
    """gradcheck of the gradient: second derivatives against differences of first ones."""
    given = list(inputs) if isinstance(inputs, (tuple, list)) else [inputs]
    outs = _outputs(func, given)
    rng = np.random.default_rng(0)
    seeds = grad_outputs or [
        from_numpy(rng.standard_normal(tuple(out.shape))).to(out.dtype).requires_grad_()
        for out in outs
    ]
    seeds = list(seeds) if isinstance(seeds, (tuple, list)) else [seeds]
    n = len(given)

    def first(*everything: Any) -> tuple[Tensor, ...]:
        xs, gs = everything[:n], everything[n:]
        results = _outputs(func, xs)
        wanted = [x for x in xs if isinstance(x, Tensor) and x.requires_grad]
        return tuple(
            g
            for g in grad(results, wanted, gs, create_graph=True, allow_unused=True)
            if g is not None
        )

    options.pop("gen_non_contig_grad_outputs", None)
    return gradcheck(first, [*given, *seeds], **options)
