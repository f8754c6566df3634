"""``gradcheck``: analytical gradients against finite differences.

A complex number counts as two real ones, its parts: the gradient of a real L with respect to z is
dL/d(Re z) + i dL/d(Im z), so both kinds of Jacobian are real.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rushlight.tensor import Tensor, from_numpy, grad
from rushlight.tensor.functions.complex_numbers import view_as_real


class GradcheckError(RuntimeError):
    """The analytical gradient is not the numerical one."""


def _outputs(function: Callable[..., Any], inputs: Sequence[Any]) -> tuple[Tensor, ...]:
    result = function(*inputs)
    outs = result if isinstance(result, (tuple, list)) else (result,)
    return tuple(each for each in outs if isinstance(each, Tensor))


def _wide(x: Tensor) -> np.ndarray[Any, Any]:
    """A copy as float64 or complex128."""
    return np.array(x._array(), np.complex128 if x.is_complex() else np.float64, order="C")  # type: ignore[attr-defined]


def _parts(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The real numbers that float64 or complex128 values are made of, in one row; a view."""
    return values.reshape(-1).view(np.float64)


def _numerical(
    function: Callable[..., Any], inputs: list[Any], place: int, eps: float
) -> list[np.ndarray[Any, Any]]:
    """One Jacobian (input elements, output elements) per output, by central differences."""
    base = _wide(inputs[place])
    size = _parts(base).size
    columns: list[list[np.ndarray[Any, Any]]] = []
    for element in range(size):
        sides = []
        for sign in (1, -1):
            moved = base.copy()
            _parts(moved)[element] += sign * eps
            changed = list(inputs)
            changed[place] = from_numpy(moved).to(inputs[place].dtype).requires_grad_()
            sides.append([_parts(_wide(out)) for out in _outputs(function, changed)])
        columns.append([(a - b) / (2 * eps) for a, b in zip(*sides, strict=True)])
    count = len(_outputs(function, inputs))
    return [np.array([column[k] for column in columns]).reshape(size, -1) for k in range(count)]


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
    """Compare gradients with differences; inputs should be float64 or complex128.

    Raises GradcheckError where they differ.
    """
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
    kind = np.complex128 if out.is_complex() else np.float64  # type: ignore[attr-defined]
    start = np.zeros(tuple(out.shape), kind)
    size = _parts(_wide(x)).size
    for element in range(_parts(start).size):
        seed = start.copy()
        _parts(seed)[element] = 1
        (found,) = grad(
            out, x, from_numpy(seed).to(out.dtype), retain_graph=True, allow_unused=True
        )  # fmt: skip
        rows.append(np.zeros(size) if found is None else _parts(_wide(found)))
    return np.array(rows).reshape(len(rows), size).T


def _drawn(out: Tensor) -> Tensor:
    """A cotangent of ``out``, its parts from -1 to 1 of the default generator, as PyTorch draws."""
    made: Any = out.detach().clone()
    (view_as_real(made) if out.is_complex() else made).uniform_(-1, 1)  # type: ignore[attr-defined]
    return made.requires_grad_()  # type: ignore[no-any-return]


def gradgradcheck(
    func: Callable[..., Any], inputs: Any, grad_outputs: Any = None, **options: Any
) -> bool:
    """gradcheck of the gradient: second derivatives against differences of first ones."""
    given = list(inputs) if isinstance(inputs, (tuple, list)) else [inputs]
    outs = _outputs(func, given)
    seeds = [_drawn(out) for out in outs] if grad_outputs is None else grad_outputs
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
