"""``grad``, ``vjp``: reverse-mode derivatives of functions."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from rushlight.base.pytree import tree_flatten, tree_map, tree_unflatten
from rushlight.tensor import Tensor
from rushlight.tensor.levels import Variables, pulled_back

Argnums = int | tuple[int, ...]


def chosen(args: tuple[Any, ...], argnums: Any) -> Any:
    """The arguments that ``argnums`` names: one, or a tuple. RuntimeError where there is none."""
    if isinstance(argnums, bool) or not isinstance(argnums, (int, tuple)):
        raise RuntimeError(f"argnums must be int or Tuple[int, ...], got: {type(argnums)}")
    numbers = (argnums,) if isinstance(argnums, int) else argnums
    if not numbers:
        raise RuntimeError("argnums must be non-empty")
    for number in numbers:
        if not -len(args) <= number < len(args):
            raise RuntimeError(
                f"Got argnum={number}, but only {len(args)} positional inputs; argnum should be in "
                f"[{-len(args)}, {len(args) - 1}]"
            )
    if len({number % len(args) for number in numbers}) != len(numbers):
        raise RuntimeError(f"argnums elements must be unique, got: {argnums}")
    picked = tuple(args[number] for number in numbers)
    return picked[0] if isinstance(argnums, int) else picked


def replaced(args: tuple[Any, ...], argnums: Argnums, given: Any) -> tuple[Any, ...]:
    """The arguments with those that ``argnums`` names replaced."""
    result = list(args)
    if isinstance(argnums, int):
        result[argnums] = given
    else:
        for number, each in zip(argnums, given, strict=True):
            result[number] = each
    return tuple(result)


def variables_of(variables: Variables, tree: Any, who: str) -> tuple[Any, list[Tensor]]:
    """The tree with variables in place of its tensors, and these."""
    leaves, spec = tree_flatten(tree)
    made = []
    for leaf in leaves:
        if not isinstance(leaf, Tensor):
            raise ValueError(
                f"Thing passed to transform API must be Tensor, got {type(leaf)} ({who})"
            )
        made.append(variables.variable(leaf))
    return tree_unflatten(made, spec), made


def _split_aux(output: Any, who: str) -> tuple[Any, Any]:
    if not (isinstance(output, tuple) and len(output) == 2):
        raise RuntimeError(
            f"{who}: output of function f should be a tuple: (output, aux) if has_aux is True"
        )
    return output


def grad_and_value(
    func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """As ``grad``; the function gives (gradient, value), with ``has_aux`` (gradient, (value, aux)).

    >>> import rushlight as torch
    >>> torch.func.grad_and_value(lambda x: x * x)(torch.tensor(3.0))
    (tensor(6.), tensor(9.))
    """

    @functools.wraps(func)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        variables = Variables()
        picked = chosen(args, argnums)
        with variables.open():
            tree, inner = variables_of(variables, picked, "grad_and_value")
            output = func(*replaced(args, argnums, tree), **kwargs)
            aux = None
            if has_aux:
                output, aux = _split_aux(output, "grad_and_value(f)(*args)")
            if not isinstance(output, Tensor):
                raise RuntimeError(
                    "grad_and_value(f)(*args): Expected f(*args) to return a Tensor, got "
                    f"{type(output)}"
                )
            if output.ndim:
                raise RuntimeError(
                    "grad_and_value(f)(*args): Expected f(*args) to return a scalar Tensor, got "
                    f"tensor with {output.ndim} dims. Maybe you wanted to use the vjp or jacrev "
                    "APIs instead? Or reduce the output, e.g. with .sum() or .mean()."
                )
            seed = output.new_ones(())  # type: ignore[attr-defined]
            found = pulled_back([output], inner, [seed], variables.wanted_outside(output))
        gradient = tree_unflatten(map(variables.outside, found), tree_flatten(tree)[1])
        value = variables.outside(output)
        if has_aux:
            return gradient, (value, tree_map(variables.outside, aux))
        return gradient, value

    return wrapped


def grad(
    func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The gradient of a function that gives a 0-d tensor, as a function.

    ``argnums`` says by which arguments (trees of tensors); with ``has_aux`` the function gives
    (output, aux) and its gradient (gradient, aux).

    >>> import rushlight as torch
    >>> torch.func.grad(torch.func.grad(torch.sin))(torch.tensor(0.5)) + torch.tensor(0.5).sin()
    tensor(0.)
    """
    both = grad_and_value(func, argnums, has_aux)

    @functools.wraps(func)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        gradient, value = both(*args, **kwargs)
        return (gradient, value[1]) if has_aux else gradient

    return wrapped


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """(output, vjp_fn), and aux if the function has it: ``vjp_fn(cotangents)`` is u J.

    >>> import rushlight as torch
    >>> output, pull = torch.func.vjp(torch.square, torch.tensor([1.0, 2.0]))
    >>> pull(torch.ones(2))
    (tensor([2., 4.]),)
    """
    return vjp_by(func, primals, None, has_aux)


def vjp_by(
    func: Callable[..., Any], args: tuple[Any, ...], argnums: Argnums | None, has_aux: bool
) -> Any:
    """``vjp`` by some arguments only; ``vjp_fn`` gives as ``argnums`` names them."""
    variables = Variables()
    picked = args if argnums is None else chosen(args, argnums)
    with variables.open():
        tree, inner = variables_of(variables, picked, "vjp(f, *primals)")
        output = func(*(tree if argnums is None else replaced(args, argnums, tree)))
        aux = None
        if has_aux:
            output, aux = _split_aux(output, "vjp(f, *primals)")
    outs, spec = tree_flatten(output)
    for each in outs:
        if not isinstance(each, Tensor):
            raise RuntimeError(
                f"vjp(f, *primals): Expected f(*primals) to return only tensors, got {type(each)}"
            )
    shape = tree_flatten(tree)[1]
    wanted = any(map(variables.wanted_outside, outs))

    def vjp_fn(cotangents: Any, retain_graph: bool = True, create_graph: bool | None = None) -> Any:
        seeds, seed_spec = tree_flatten(cotangents)
        if seed_spec != spec:
            raise RuntimeError(
                "Expected pytree structure of cotangents to be the same as pytree structure of "
                f"outputs to the function. cotangents: {seed_spec}, primal output: {spec}"
            )
        mode = Variables()
        flows = mode.outer_grad and (wanted or any(each.requires_grad for each in seeds))
        found = pulled_back(outs, inner, seeds, bool(flows or create_graph))
        return tree_unflatten([_closed(variables, mode, each) for each in found], shape)

    result = tree_map(variables.outside, output)
    return (result, vjp_fn, tree_map(variables.outside, aux)) if has_aux else (result, vjp_fn)


def _closed(variables: Variables, mode: Variables, tensor: Tensor) -> Any:
    variables.outer_grad = mode.outer_grad
    return variables.outside(tensor)
