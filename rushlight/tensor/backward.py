"""``backward`` and ``autograd.grad``: a walk (tensor/walk.py), and what is wrong with its roots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from typing import Any

from rushlight.base.dtype import dtype as DType
from rushlight.base.warn import warn, warn_once
from rushlight.engine.trace import local
from rushlight.tensor.arrange import relaid
from rushlight.tensor.state import edge_of
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.walk import EdgeTarget, Walk, edge_target, like_leaf, sum_of
from rushlight.tensor.wrap import function


def ones_like(tensor: Tensor) -> Tensor:
    """1 everywhere, recorded as a constant."""
    made: Tensor = function("_constant")(tensor.shape, 1, tensor.dtype)
    return made


@contextmanager
def mode_of(create_graph: bool) -> Any:
    trace = local.trace
    before, trace.grad = trace.grad, create_graph
    try:
        yield
    finally:
        trace.grad = before


_NO_GRADIENT = "element {} of tensors does not require grad and does not have a grad_fn"


def roots_of(tensors: Sequence[Tensor], gradients: Sequence[Tensor | None]) -> list[Any]:
    roots = []
    for tensor, gradient in zip(tensors, gradients, strict=True):
        if not tensor.requires_grad:
            raise RuntimeError(_NO_GRADIENT.format(len(roots)))
        if gradient is None:
            if tensor._value_meta.numel != 1:
                raise RuntimeError("grad can be implicitly created only for scalar outputs")
            if tensor.dtype.is_complex:
                raise RuntimeError(
                    "grad can be implicitly created only for real scalar outputs but got "
                    f"{tensor.dtype}"
                )
            if not tensor.dtype.is_floating_point:
                raise RuntimeError("only floating point tensors can start a backward pass")
            gradient = ones_like(tensor)
        elif gradient.shape != tensor.shape:
            raise RuntimeError(
                f"Mismatch in shape: grad_output[{len(roots)}] has a shape of "
                f"{gradient.shape} and output[{len(roots)}] has a shape of {tensor.shape}."
            )
        elif gradient.dtype.is_complex != tensor.dtype.is_complex:
            raise RuntimeError(
                "For complex Tensors, both grad_output and output are required to have the same "
                f"dtype. Mismatch in dtype: grad_output[{len(roots)}] has a dtype of "
                f"{gradient.dtype} and output[{len(roots)}] has a dtype of {tensor.dtype}."
            )
        roots.append((edge_of(tensor), _as_kind(gradient, tensor.dtype)))
    return roots


def _as_kind(tensor: Tensor, kind: DType) -> Tensor:
    return tensor if tensor.dtype is kind else function("_to_dtype")(tensor, kind)


def _tuple(value: Any) -> tuple[Any, ...]:
    """A tensor or edge of the graph alone, or any iterable of them."""
    return (value,) if hasattr(value, "output_nr") else tuple(value)


def _ends(given: Any) -> tuple[Any, ...]:
    """The tensors, and edges of the graph, that ``given`` names."""
    return tuple(edge_target(each) if hasattr(each, "node") else each for each in _tuple(given))


def _outputs(given: Any) -> tuple[Any, ...]:
    """What a backward pass starts from."""
    outputs = _ends(given)
    for each in outputs:
        if not isinstance(each, (Tensor, EdgeTarget)):
            raise AssertionError(
                f"Expected output to be a torch.Tensor, but got {type(each).__name__}"
            )
    return tuple(map(_in_full, outputs))


def _in_full(tensor: Any) -> Any:
    """A sparse tensor as the dense one that it was or would be: a walk knows no other."""
    if tensor.__class__ is Tensor or not getattr(tensor, "is_sparse", False):
        return tensor
    return tensor.to_dense() if tensor._source is None else tensor._source


def _gradients(given: Any, count: int) -> tuple[Tensor | None, ...]:
    """One gradient, or None, for each output. TypeError for what is neither."""
    if given is None:
        return (None,) * count
    gradients = _tuple(given)
    for each in gradients:
        if each is not None and not isinstance(each, Tensor):
            raise TypeError(
                f"gradients can be either Tensors or None, but got {type(each).__name__}"
            )
    if len(gradients) != count:
        raise RuntimeError(f"got {count} tensors and {len(gradients)} gradients")
    return tuple(map(_in_full, gradients))


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Any = None,
) -> None:
    """Add the gradient of ``tensors`` to the ``.grad`` of every leaf they depend on.

    Raises RuntimeError where a tensor has no gradient, is no scalar and no ``grad_tensors`` are
    given, where the graph was already freed, or a saved tensor was overwritten in place.
    """
    if grad_variables is not None:  # its name before PyTorch 0.4
        warn("`grad_variables` is deprecated. Use `grad_tensors` instead.", FutureWarning)
        if grad_tensors is not None:
            raise RuntimeError(
                "`grad_tensors` and `grad_variables` (deprecated) arguments both passed to "
                "`backward()`. Please only use `grad_tensors`."
            )
        grad_tensors = grad_variables
    roots = _outputs(tensors)
    seeds = _gradients(grad_tensors, len(roots))
    keep = create_graph if retain_graph is None else retain_graph
    if create_graph:
        warn_once(
            "Using backward() with create_graph=True will create a reference cycle between the "
            "parameter and its gradient which can cause a memory leak. We recommend using "
            "autograd.grad when creating the graph to avoid this. If you have to use this "
            "function, make sure to reset the .grad fields of your parameters to None after use "
            "to break the cycle and avoid the leak."
        )
    if inputs is not None:
        named = _tuple(inputs)
        if not named:
            raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
        found = grad(roots, named, seeds, keep, create_graph, allow_unused=True)
        with mode_of(create_graph):
            for tensor, cotangent in zip(named, found, strict=True):
                if cotangent is not None:
                    held = tensor._grad
                    tensor._grad = (
                        like_leaf(tensor, cotangent) if held is None else sum_of(held, cotangent)
                    )
        return
    with mode_of(create_graph):
        walk = Walk(create_graph, keep, None)
        walk.run(roots_of(roots, seeds))
        walk.accumulate()


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> Any:
    """The gradients of ``outputs`` with respect to ``inputs``, touching no ``.grad``.

    ``inputs``: a tensor or any iterable of them, for a tuple; or a dict of them, for a dict.
    """
    if not only_inputs:
        raise NotImplementedError("autograd.grad(only_inputs=False) is gone from PyTorch as well")
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: "
            "allow_unused=False."
        )
    outs = _outputs(outputs)
    if type(inputs) is dict:
        by_name = grad(
            outputs, tuple(inputs.values()), grad_outputs, retain_graph, create_graph,
            only_inputs, allow_unused, is_grads_batched, materialize_grads,
        )  # fmt: skip
        return dict(zip(inputs, by_name, strict=True))
    ins = _ends(inputs)
    if not ins:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    for place, out in enumerate(outs):
        if not out.requires_grad:
            raise RuntimeError(_NO_GRADIENT.format(place))
    for each in ins:
        if not isinstance(each, (Tensor, EdgeTarget)):
            raise RuntimeError(
                "all inputs have to be Tensors or GradientEdges, but got " + type(each).__name__
            )
    if any(not tensor.requires_grad for tensor in ins):
        raise RuntimeError("One of the differentiated Tensors does not require grad")
    seeds = _gradients(grad_outputs, len(outs))
    keep = create_graph if retain_graph is None else retain_graph
    if is_grads_batched:
        return _grad_of_many(outs, ins, seeds, keep, create_graph, allow_unused, materialize_grads)
    asked, ins = ins, tuple(map(_kept_of, ins))
    collected = _collected(outs, seeds, ins, keep, create_graph)
    # An output that is itself asked for has its seed as gradient.
    results: list[Tensor | None] = []
    for place, tensor in enumerate(ins):
        found = collected.get(place)
        if found is None and materialize_grads:
            found = function("_constant")(tensor.shape, 0, tensor.dtype)
        if found is None and not allow_unused:
            raise RuntimeError(
                f"The differentiated Tensor at index {place} appears to not have been used in the "
                "graph. Set allow_unused=True if this is the desired behavior."
            )
        found = found if found is None else _lying_like(tensor, found)
        results.append(found if asked[place] is tensor else asked[place]._with_or_none(found))
    return tuple(results)


def _kept_of(tensor: Any) -> Any:
    """What gets the gradient of ``tensor``: the elements that a sparse one keeps."""
    return tensor._elements if tensor.__class__ is not EdgeTarget and tensor.is_sparse else tensor


def _lying_like(tensor: Any, gradient: Tensor) -> Tensor:
    """A gradient in the order of memory of what it is of, where that is not row-major."""
    if tensor.__class__ is EdgeTarget or tensor._storage is None or local.trace.abstract:
        return gradient
    layout = tensor._current_layout()
    return relaid(gradient, layout.strides) if layout.dense and not layout.contiguous else gradient


def collected_by_walk(
    outs: Sequence[Any], seeds: Sequence[Tensor | None], ins: Sequence[Any], keep: bool,
    create_graph: bool,
) -> dict[int, Tensor]:  # fmt: skip
    """The gradients of those of ``ins`` that have one, by their place."""
    with mode_of(create_graph):
        walk = Walk(create_graph, keep, ins)
        walk.run(roots_of(outs, seeds))
        walk.accumulate()
    return walk.collected


# The same in one stride where it was walked before: tensor.replay stands on this module.
_collected: Callable[..., dict[int, Tensor]] = collected_by_walk


def set_collected(made: Callable[..., dict[int, Tensor]]) -> None:
    global _collected
    _collected = made


# ``grad`` for many seeds at once: tensor.samples stands on this module.
_grad_of_many: Callable[..., tuple[Tensor | None, ...]]


def set_grad_of_many(made: Callable[..., tuple[Tensor | None, ...]]) -> None:
    global _grad_of_many
    _grad_of_many = made
