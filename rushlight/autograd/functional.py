"""``torch.autograd.functional``: derivatives of functions of tensors or tuples of tensors.

``create_graph`` makes the results differentiable, ``strict`` refuses what does not depend on an
input (its derivative is zero otherwise), ``vectorize`` pulls all rows back at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rushlight.tensor import Tensor, enable_grad, grad
from rushlight.tensor.levels import zeros_like
from rushlight.tensor.wrap import function

Function = Callable[..., Any]
Tensors = tuple[Tensor, ...]


def _tuple(given: Any, what: str, who: str) -> tuple[Tensors, bool]:
    """A tensor or tuple of tensors as a tuple, and whether it was one. TypeError for others."""
    several = isinstance(given, tuple)
    found = given if several else (given,)
    for place, each in enumerate(found):
        if not isinstance(each, Tensor):
            if several:
                raise TypeError(
                    f"The {what} given to {who} must be either a Tensor or a tuple of Tensors but "
                    f"the value at index {place} has type {type(each)}."
                )
            raise TypeError(
                f"The {what} given to {who} must be either a Tensor or a tuple of Tensors but the "
                f"given {what} has type {type(each)}."
            )
    return found, several


def _variables(inputs: Tensors, create_graph: bool) -> Tensors:
    """Inputs to differentiate by: views if a graph to the user's is wanted, else leaves."""
    made = []
    for each in inputs:
        if create_graph and each.requires_grad:
            made.append(function("view")(each, *each.shape))
        else:
            made.append(each._alias().requires_grad_())  # type: ignore[attr-defined]
    return tuple(made)


def _released(tensors: Sequence[Tensor], create_graph: bool) -> Tensors:
    return tuple(tensors) if create_graph else tuple(each._alias() for each in tensors)


def _shaped(tensors: Sequence[Any], several: bool) -> Any:
    return tuple(tensors) if several else tensors[0]


def _require_vector(v: Tensors, like: Tensors, who: str) -> None:
    if len(v) != len(like):
        raise RuntimeError(
            f"v is a tuple of invalid length: should be {len(like)} but got {len(v)}."
        )
    for place, (each, other) in enumerate(zip(v, like, strict=True)):
        if each.shape != other.shape:
            what = f"Entry {place} in v" if len(like) > 1 else "v"
            raise RuntimeError(
                f"{what} has invalid size: should be {other.shape} but got {each.shape}."
            )


def _require_dependent(outs: Tensors, who: str) -> None:
    for place, each in enumerate(outs):
        if not each.requires_grad:
            raise RuntimeError(
                f"Output {place} of the user-provided function does not require gradients. The "
                "outputs must be computed in a differentiable manner from the input when running "
                "in strict mode."
            )


def _pull(
    outs: Sequence[Tensor], ins: Tensors, seeds: Sequence[Tensor | None] | None,
    create_graph: bool, strict: bool, what: str, batched: bool = False,
) -> list[Tensor]:  # fmt: skip
    """``autograd.grad`` with zeros for what does not flow; RuntimeError for it in ``strict``."""
    given = [None] * len(outs) if seeds is None else list(seeds)
    pairs = [(out, seed) for out, seed in zip(outs, given, strict=True) if out.requires_grad]
    found: Sequence[Tensor | None] = [None] * len(ins)
    if pairs:
        seeds_ = None if seeds is None else [seed for _, seed in pairs]
        found = grad(
            [out for out, _ in pairs], ins, seeds_, True, create_graph, allow_unused=True,
            is_grads_batched=batched,
        )  # fmt: skip
    made = []
    for place, (each, variable) in enumerate(zip(found, ins, strict=True)):
        if strict and each is None:
            raise RuntimeError(
                f"{what}: the output of the user-provided function is independent of input "
                f"{place}. This is not allowed in strict mode."
            )
        if strict and create_graph and each is not None and not each.requires_grad:
            raise RuntimeError(
                f"{what}: the gradient by input {place} is independent of the inputs. This is not "
                "allowed in strict mode when create_graph=True."
            )
        if each is None:
            assert not batched or seeds is not None
            each = zeros_like(variable)
            if batched:
                count = next(s for s in seeds or () if s is not None).shape[0]
                each = function("expand")(each, count, *each.shape)
        made.append(each)
    return made


def _ones_or(v: Any, outs: Tensors, who: str) -> Tensors | None:
    """The vector to pull back; None where it may be left out. RuntimeError where it may not."""
    if v is None:
        if len(outs) != 1 or outs[0]._value_meta.numel != 1:
            raise RuntimeError(
                "The vector v can only be None if the user-provided function returns a single "
                "Tensor with a single element."
            )
        return None
    given, _ = _tuple(v, "v", who)
    _require_vector(given, outs, who)
    return given


def vjp(
    func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """(func(inputs), v J).

    >>> import rushlight as torch
    >>> vjp(torch.square, torch.tensor([1.0, 2.0]), torch.ones(2))
    (tensor([1., 4.]), tensor([2., 4.]))
    """
    with enable_grad():
        given, several = _tuple(inputs, "inputs", "vjp")
        ins = _variables(given, create_graph)
        outs, many = _tuple(func(*ins), "outputs of the user-provided function", "vjp")
        if strict:
            _require_dependent(outs, "vjp")
        seeds = _ones_or(v, outs, "vjp")
        found = _pull(outs, ins, seeds, create_graph, strict, "vjp")
    return (
        _shaped(_released(outs, create_graph), many),
        _shaped(_released(found, create_graph), several),
    )


def jvp(
    func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """(func(inputs), J v), by two pull-backs.

    >>> import rushlight as torch
    >>> jvp(torch.square, torch.tensor([1.0, 2.0]), torch.ones(2))
    (tensor([1., 4.]), tensor([2., 4.]))
    """
    with enable_grad():
        given, _ = _tuple(inputs, "inputs", "jvp")
        ins = _variables(given, create_graph)
        if v is None:
            if len(ins) != 1 or ins[0]._value_meta.numel != 1:
                raise RuntimeError(
                    "The vector v can only be None if the input to the user-provided function is "
                    "a single Tensor with a single element."
                )
            moves: Tensors = (function("_constant")(ins[0].shape, 1, ins[0].dtype),)
        else:
            moves, _ = _tuple(v, "v", "jvp")
            _require_vector(moves, ins, "jvp")
        outs, many = _tuple(func(*ins), "outputs of the user-provided function", "jvp")
        if strict:
            _require_dependent(outs, "jvp")
        seeds = tuple(zeros_like(out).requires_grad_() for out in outs)  # type: ignore[attr-defined]
        rows = _pull(outs, ins, seeds, True, strict, "jvp")
        found = _pull(rows, seeds, moves, create_graph, False, "jvp")
    return (
        _shaped(_released(outs, create_graph), many),
        _shaped(_released(found, create_graph), many),
    )


def _rows_of(
    out: Tensor, ins: Tensors, create_graph: bool, strict: bool, vectorize: bool
) -> list[Tensor]:
    """The Jacobian of one output by each input: (*out, *input)."""
    count = out._value_meta.numel
    flat = function("reshape")(out, count)
    kept = create_graph
    if vectorize:
        seeds = function("diag")(function("_constant")((count,), 1, out.dtype))
        found = _pull([flat], ins, [seeds], kept, False, "jacobian", batched=True)
    else:
        rows = [_pull([flat[place]], ins, None, kept, strict, "jacobian") for place in range(count)]  # type: ignore[index]
        found = [
            function("stack")(column) if rows else
            function("_constant")((0, *each.shape), 0, each.dtype)
            for column, each in zip(zip(*rows, strict=True) if rows else [()] * len(ins), ins,
                                    strict=True)
        ]  # fmt: skip
    return [
        function("reshape")(each, (*out.shape, *variable.shape))
        for each, variable in zip(found, ins, strict=True)
    ]


def jacobian(
    func: Function, inputs: Any, create_graph: bool = False, strict: bool = False,
    vectorize: bool = False, strategy: str = "reverse-mode",
) -> Any:  # fmt: skip
    """The Jacobian of each output by each input, (*output, *input): a tensor, or tuples of them.

    >>> import rushlight as torch
    >>> jacobian(torch.square, torch.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    if strategy not in ("reverse-mode", "forward-mode"):
        raise AssertionError(
            'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your '
            'function has more outputs than inputs, "forward-mode" tends to be more performant. '
            'Otherwise, prefer to use "reverse-mode".'
        )
    if strategy == "forward-mode":
        if create_graph:
            raise NotImplementedError(
                "torch.autograd.functional.jacobian: `create_graph=True` and "
                '`strategy="forward-mode"` are not supported together (yet). Please either set '
                '`create_graph=False` or `strategy="reverse-mode"`.'
            )
        if strict:
            raise RuntimeError(
                'torch.autograd.functional.jacobian: `strict=True` and `strategy="forward-mode"` '
                "are not supported together (yet). Please either set `strict=False` or "
                '`strategy="reverse-mode"`.'
            )
        if not vectorize:
            raise NotImplementedError(
                "Computing Jacobian using forward-AD or forward-over-reverse Hessian is only "
                "implemented for `vectorize=True`."
            )
    if strict and vectorize:
        raise RuntimeError(
            "torch.autograd.functional.jacobian: `strict=True` and `vectorized=True` are not "
            "supported together. Please either set `strict=False` or `vectorize=False`."
        )
    with enable_grad():
        given, several = _tuple(inputs, "inputs", "jacobian")
        ins = _variables(given, create_graph)
        outs, many = _tuple(func(*ins), "outputs of the user-provided function", "jacobian")
        if strict:
            _require_dependent(outs, "jacobian")
        found = [_rows_of(out, ins, create_graph, strict, vectorize) for out in outs]
    return _shaped([_shaped(_released(row, create_graph), several) for row in found], many)


def _scalar(func: Function, who: str) -> Function:
    def checked(*args: Tensor) -> Tensor:
        outs, several = _tuple(func(*args), "outputs of the user-provided function", who)
        if several and len(outs) != 1:
            raise RuntimeError(f"The function given to {who} should return a single Tensor")
        if outs[0]._value_meta.numel != 1:
            raise RuntimeError(
                f"The Tensor returned by the function given to {who} should contain a single "
                "element"
            )
        made: Tensor = function("reshape")(outs[0], ())
        return made

    return checked


def hessian(
    func: Function, inputs: Any, create_graph: bool = False, strict: bool = False,
    vectorize: bool = False, outer_jacobian_strategy: str = "reverse-mode",
) -> Any:  # fmt: skip
    """The second derivatives of a function of one element: by each two inputs (*input, *input).

    >>> import rushlight as torch
    >>> hessian(lambda x: (x**3).sum(), torch.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    given, several = _tuple(inputs, "inputs", "hessian")
    if outer_jacobian_strategy not in ("reverse-mode", "forward-mode"):
        raise AssertionError('Expected strategy to be either "forward-mode" or "reverse-mode".')
    single = _scalar(func, "hessian")

    def slopes(*args: Tensor) -> Tensors:
        variables = tuple(
            each if each.requires_grad else each.requires_grad_()
            for each in args  # type: ignore[attr-defined]
        )
        value = single(*variables)
        if strict:
            _require_dependent((value,), "hessian")
        return tuple(_pull([value], variables, None, True, strict, "hessian"))

    made = jacobian(slopes, given, create_graph, strict, vectorize, outer_jacobian_strategy)
    return made if several else made[0][0]


def vhp(
    func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """(func(inputs), v H) for a function of one element."""
    with enable_grad():
        given, several = _tuple(inputs, "inputs", "vhp")
        ins = _variables(given, create_graph)
        value = _scalar(func, "vhp")(*ins)
        if strict:
            _require_dependent((value,), "vhp")
        moves = _vector_for(v, ins, "vhp")
        slopes = _pull([value], ins, None, True, strict, "vhp")
        found = _pull(slopes, ins, moves, create_graph, strict, "vhp")
    (out,) = _released((value,), create_graph)
    return out, _shaped(_released(found, create_graph), several)


def hvp(
    func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """(func(inputs), H v) for a function of one element, by two more pull-backs.

    >>> import rushlight as torch
    >>> hvp(lambda x: (x**3).sum(), torch.tensor([1.0, 2.0]), torch.ones(2))
    (tensor(9.), tensor([ 6., 12.]))
    """
    with enable_grad():
        given, several = _tuple(inputs, "inputs", "hvp")
        ins = _variables(given, create_graph)
        value = _scalar(func, "hvp")(*ins)
        if strict:
            _require_dependent((value,), "hvp")
        moves = _vector_for(v, ins, "hvp")
        slopes = _pull([value], ins, None, True, strict, "hvp")
        seeds = tuple(zeros_like(each).requires_grad_() for each in ins)  # type: ignore[attr-defined]
        rows = _pull(slopes, ins, seeds, True, strict, "hvp")
        found = _pull(rows, seeds, moves, create_graph, False, "hvp")
    (out,) = _released((value,), create_graph)
    return out, _shaped(_released(found, create_graph), several)


def _vector_for(v: Any, ins: Tensors, who: str) -> Tensors:
    if v is None:
        if len(ins) != 1 or ins[0]._value_meta.numel != 1:
            raise RuntimeError(
                "The vector v can only be None if the input to the user-provided function is a "
                "single Tensor with a single element."
            )
        return (function("_constant")(ins[0].shape, 1, ins[0].dtype),)
    given, _ = _tuple(v, "v", who)
    _require_vector(given, ins, who)
    return given


__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]
