"""``gradcheck``: analytical gradients against finite differences.

A complex number counts as two real ones, its parts: the gradient of a real L with respect to z is
dL/d(Re z) + i dL/d(Im z), so both kinds of Jacobian are real.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rushlight.autograd import forward_ad
from rushlight.tensor import Tensor, from_numpy, grad, stack
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
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Compare gradients with differences; inputs should be float64 or complex128.

    ``check_forward_ad``: tangents of forward mode too; ``check_batched_grad``: that all rows at
    once (``vmap``) are the rows one by one. Every element is tried, with ``fast_mode`` as well;
    gradients that are not there (``check_undefined_grad``) and sparse ones (``masked``) are not.
    Raises GradcheckError where they differ.
    """
    if check_batched_forward_grad:
        raise NotImplementedError("gradcheck(check_batched_forward_grad=True) is not there")
    given = list(inputs) if isinstance(inputs, (tuple, list)) else [inputs]
    outs = _outputs(func, given)
    wanted = [k for k, x in enumerate(given) if isinstance(x, Tensor) and x.requires_grad]
    if not wanted:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of the them "
            "have requires_grad=True."
        )
    try:
        for place in wanted:
            numerical = _numerical(func, given, place, eps)
            forward = _forward(func, given, place) if check_forward_ad else []
            for number, out in enumerate(outs):
                found = []
                if check_backward_ad:
                    found.append(("", _analytical(out, given[place], check_grad_dtypes)))
                if check_forward_ad:
                    found.append((" in forward mode", forward[number]))
                for how, analytical in found:
                    near = np.allclose(
                        analytical, numerical[number], rtol=rtol, atol=atol, equal_nan=True
                    )
                    if not near:
                        raise GradcheckError(
                            f"Jacobian mismatch for output {number} with respect to input "
                            f"{place}{how},\nnumerical:{numerical[number]}\n"
                            f"analytical:{analytical}\n"
                        )
                if check_batched_grad and out.requires_grad:
                    _require_batched(out, given[place], number, place)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def _seeds(out: Tensor) -> list[Tensor]:
    """A cotangent of ``out`` for each of its elements, and of the parts of complex ones."""
    kind = np.complex128 if out.is_complex() else np.float64  # type: ignore[attr-defined]
    made = []
    for element in range(_parts(np.zeros(tuple(out.shape), kind)).size):
        seed = np.zeros(tuple(out.shape), kind)
        _parts(seed)[element] = 1
        made.append(from_numpy(seed).to(out.dtype))  # type: ignore[attr-defined]
    return made


def _analytical(out: Tensor, x: Tensor, check_dtype: bool) -> np.ndarray[Any, Any]:
    rows, size = [], _parts(_wide(x)).size
    for seed in _seeds(out):
        found = None
        if out.requires_grad:
            (found,) = grad(out, x, seed, retain_graph=True, allow_unused=True)
        if found is not None and check_dtype and found.dtype is not x.dtype:
            raise GradcheckError(f"a gradient of {x.dtype} has dtype {found.dtype}")
        rows.append(np.zeros(size) if found is None else _parts(_wide(found)))
    return np.array(rows).reshape(len(rows), size).T


def _forward(function: Any, inputs: list[Any], place: int) -> list[np.ndarray[Any, Any]]:
    """For each output: one row for each real number of the input, by forward mode."""
    rows: list[list[Any]] = []
    for seed in _seeds(inputs[place]):
        with forward_ad.dual_level():
            changed = list(inputs)
            changed[place] = forward_ad.make_dual(inputs[place].detach(), seed)
            parts = map(forward_ad.unpack_dual, _outputs(function, changed))
            rows.append([
                np.zeros(_parts(_wide(primal)).size) if tangent is None else _parts(_wide(tangent))
                for primal, tangent in parts
            ])  # fmt: skip
    return [np.array(column).reshape(len(rows), -1) for column in zip(*rows, strict=True)]


def _require_batched(out: Tensor, x: Tensor, number: int, place: int) -> None:
    seeds = _seeds(out)
    if not seeds:
        return
    one_by_one = [grad(out, x, seed, retain_graph=True, allow_unused=True)[0] for seed in seeds]
    (together,) = grad(
        out, x, stack(seeds), retain_graph=True, allow_unused=True, is_grads_batched=True
    )  # fmt: skip
    for row, wanted in enumerate(one_by_one):
        if wanted is None or together is None:
            continue
        if not np.allclose(_wide(together[row]), _wide(wanted)):
            raise GradcheckError(
                "While computing batched gradients, rows together and one by one differ for output "
                f"{number} and input {place}"
            )


def _drawn(out: Tensor) -> Tensor:
    """A cotangent of ``out``, its parts from -1 to 1 of the default generator, as PyTorch draws."""
    made: Any = out.detach().clone()
    (view_as_real(made) if out.is_complex() else made).uniform_(-1, 1)  # type: ignore[attr-defined]
    return made.requires_grad_()  # type: ignore[no-any-return]


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
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

    return gradcheck(
        first, [*given, *seeds], eps=eps, atol=atol, rtol=rtol, raise_exception=raise_exception,
        nondet_tol=nondet_tol, check_grad_dtypes=check_grad_dtypes,
        check_batched_grad=check_batched_grad, check_forward_ad=check_fwd_over_rev,
        check_backward_ad=check_rev_over_rev,
    )  # fmt: skip
