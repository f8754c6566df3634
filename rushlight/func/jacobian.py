"""``jacrev``, ``jacfwd``, ``hessian``: whole matrices of derivatives."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from rushlight.base.pytree import tree_flatten, tree_unflatten
from rushlight.func.grad import Argnums, chosen, vjp_by
from rushlight.func.vmap import vmap
from rushlight.tensor import Tensor
from rushlight.tensor.wrap import function


def _basis(outs: list[Tensor]) -> list[Tensor]:
    """Unit cotangents of all elements of all outputs, one after another: (total, *shape) each."""
    total = sum(out.numel() for out in outs)  # type: ignore[attr-defined]
    made, start = [], 0
    for out in outs:
        count = out.numel()  # type: ignore[attr-defined]
        rows = out.new_zeros((total, count))  # type: ignore[attr-defined]
        rows[start : start + count].fill_diagonal_(1)
        made.append(function("view")(rows, total, *out.shape))
        start += count
    return made


def jacrev(
    func: Callable[..., Any], argnums: Argnums = 0, *, has_aux: bool = False,
    chunk_size: int | None = None, _preallocate_and_copy: bool = False,
) -> Callable[..., Any]:  # fmt: skip
    """The Jacobian of a function: for each output, by each argument, (*output, *input).

    All rows are pulled back at once, or ``chunk_size`` at a time.

    >>> import rushlight as torch
    >>> torch.func.jacrev(torch.square)(torch.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    if chunk_size is not None and not chunk_size > 0:
        raise ValueError("jacrev: `chunk_size` should be greater than 0.")

    @functools.wraps(func)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        call = functools.partial(func, **kwargs) if kwargs else func
        output, pull, *aux = vjp_by(call, args, argnums, has_aux)
        outs, spec = tree_flatten(output)
        for number, out in enumerate(outs):
            if out.dtype.is_complex:
                raise RuntimeError(
                    "jacrev: Expected all outputs to be real but received complex tensor at "
                    f"flattened input idx: {number}"
                )
        inputs, in_spec = tree_flatten(chosen(args, argnums))
        rows = vmap(lambda *seeds: pull(tree_unflatten(seeds, spec)), chunk_size=chunk_size)(
            *_basis(outs)
        )
        found = tree_flatten(rows)[0]
        results, start = [], 0
        for out in outs:
            count = out.numel()
            blocks = [
                row.narrow(0, start, count).reshape((*out.shape, *each.shape))
                for row, each in zip(found, inputs, strict=True)
            ]
            results.append(tree_unflatten(blocks, in_spec))
            start += count
        made = tree_unflatten(results, spec)
        return (made, aux[0]) if has_aux else made

    return wrapped


def jacfwd(
    func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False, *,
    randomness: str = "error",
) -> Callable[..., Any]:  # fmt: skip
    """The Jacobian, as ``jacrev`` gives it: here forward mode is made of reverse mode anyway."""
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(
            f"Only allowed values for randomness are 'error', 'different', or 'same'. Got "
            f"{randomness}"
        )
    return jacrev(func, argnums, has_aux=has_aux)


def hessian(func: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The second derivatives of a function: (*output, *input, *input).

    >>> import rushlight as torch
    >>> torch.func.hessian(lambda x: (x**3).sum())(torch.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    return jacfwd(jacrev(func, argnums), argnums)
