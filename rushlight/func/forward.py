"""``jvp``, ``linearize``: forward-mode derivatives of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rushlight.base.pytree import TreeSpec, tree_flatten, tree_map, tree_unflatten
from rushlight.func.grad import variables_of
from rushlight.tensor import Tensor
from rushlight.tensor.levels import Forward, Variables, zeros_like


def _require_alike(primals: list[Any], tangents: list[Any], spec: TreeSpec, other: TreeSpec,
                   who: str) -> None:  # fmt: skip
    if spec != other:
        raise RuntimeError(
            f"{who}: Expected primals and tangents to have the same python structure. For example, "
            "if primals is a tuple of 3 tensors, tangents also must be. Got primals with "
            f"structure {spec} and tangents with structure {other}"
        )
    for primal, tangent in zip(primals, tangents, strict=True):
        if not isinstance(tangent, Tensor) or primal.shape != tangent.shape:
            raise RuntimeError(
                f"{who}: a tangent must be a tensor of its primal's shape {list(primal.shape)}, "
                f"got {list(tangent.shape) if isinstance(tangent, Tensor) else type(tangent)}"
            )


class _Linear:
    """A function at a point, ready to be pushed through."""

    def __init__(self, func: Callable[..., Any], primals: tuple[Any, ...], has_aux: bool,
                 who: str) -> None:  # fmt: skip
        self.variables = Variables()
        with self.variables.open():
            tree, inner = variables_of(self.variables, primals, who)
            output = func(*tree)
            self.aux = None
            if has_aux:
                output, self.aux = output
            self.outs, self.spec = tree_flatten(output)
            for each in self.outs:
                if not isinstance(each, Tensor):
                    raise RuntimeError(
                        f"{who}: Expected f(*args) to return only tensors, got unsupported type "
                        f"{type(each)}"
                    )
            self.forward = Forward(self.outs, inner)
        self.wanted = any(map(self.variables.wanted_outside, self.outs))

    def output(self) -> Any:
        return tree_unflatten(map(self.variables.outside, self.outs), self.spec)

    def push(self, tangents: list[Tensor]) -> Any:
        mode = Variables()
        flows = mode.outer_grad and (self.wanted or any(each.requires_grad for each in tangents))
        found = self.forward.push(tangents, flows)
        self.variables.outer_grad = mode.outer_grad
        made = [
            zeros_like(out) if each is None else self.variables.outside(each)
            for out, each in zip(self.outs, found, strict=True)
        ]
        return tree_unflatten(made, self.spec)


def jvp(
    func: Callable[..., Any], primals: Any, tangents: Any, *, strict: bool = False,
    has_aux: bool = False,
) -> Any:  # fmt: skip
    """(output, J v), and aux if the function has it, for tangents v of the primals.

    >>> import rushlight as torch
    >>> torch.func.jvp(torch.square, (torch.tensor([1.0, 2.0]),), (torch.ones(2),))
    (tensor([1., 4.]), tensor([2., 4.]))
    """
    if not isinstance(primals, tuple) or not isinstance(tangents, tuple):
        wrong = primals if not isinstance(primals, tuple) else tangents
        raise RuntimeError(
            "jvp(f, primals, tangents): Expected primals and tangents to be tuples. E.g. it should "
            f"be valid to call f(*primals). Got {type(wrong)}"
        )
    leaves, spec = tree_flatten(primals)
    moves, other = tree_flatten(tangents)
    for name, each in (*(("primals", x) for x in leaves), *(("tangents", x) for x in moves)):
        if not isinstance(each, Tensor):
            raise RuntimeError(
                f"jvp(f, primals, tangents): Expected {name} to only contain Tensors, got "
                f"{type(each)}"
            )
    _require_alike(leaves, moves, spec, other, "jvp(f, primals, tangents)")
    linear = _Linear(func, primals, has_aux, "jvp(f, primals, tangents)")
    results = (linear.output(), linear.push(moves))
    if has_aux:
        return (*results, tree_map(linear.variables.outside, linear.aux))
    return results


def linearize(func: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """(output, jvp_fn): the function is run once, ``jvp_fn(*tangents)`` as often as one likes.

    >>> import rushlight as torch
    >>> output, push = torch.func.linearize(torch.square, torch.tensor([1.0, 2.0]))
    >>> push(torch.ones(2))
    tensor([2., 4.])
    """
    leaves, spec = tree_flatten(primals)
    linear = _Linear(func, primals, False, "linearize(f, *primals)")

    def jvp_fn(*tangents: Any) -> Any:
        moves, other = tree_flatten(tangents)
        _require_alike(leaves, moves, spec, other, "linearize(f, *primals)")
        return linear.push(moves)

    return linear.output(), jvp_fn
