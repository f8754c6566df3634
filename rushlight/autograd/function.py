"""``torch.autograd.Function``: an operation whose backward is the user's Python."""

from __future__ import annotations

from typing import Any

from rushlight.engine.trace import local
from rushlight.engine.value import Meta
from rushlight.tensor import Tensor
from rushlight.tensor.modes import enable_grad, no_grad
from rushlight.tensor.state import GradNode, OutputEdge, edge_of
from rushlight.tensor.wrap import function


class FunctionContext:
    """``ctx``: what forward hands to backward."""

    def __init__(self) -> None:
        self.needs_input_grad: tuple[bool, ...] = ()
        self._saved: tuple[Tensor | None, ...] = ()
        self._dirty: tuple[Tensor, ...] = ()
        self._without: tuple[Tensor, ...] = ()
        self._materialize = True

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep inputs or outputs for backward."""
        self._saved = tensors

    save_for_forward = save_for_backward

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        """What ``save_for_backward`` kept. Raises RuntimeError once the graph was freed."""
        node = self.__dict__.get("_node")
        if node is not None and node.saved is None:
            node._freed()
        return self._saved

    def mark_dirty(self, *tensors: Tensor) -> None:
        """These inputs were changed in place."""
        self._dirty = tensors

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """These outputs have no gradient."""
        self._without = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Whether missing cotangents come as zeros (True) or as None."""
        self._materialize = value


class _UserNode(GradNode):
    """The gradient node of a user's Function."""

    def __init__(self, kind: type[Function], context: FunctionContext, edges: tuple[Any, ...],
                 metas: tuple[Meta, ...]) -> None:  # fmt: skip
        super().__init__(None, edges, (), ())
        self.outputs = len(metas)
        self.__dict__.update(kind=kind, context=context, metas=metas)

    def name(self) -> str:
        return f"{self.__dict__['kind'].__name__}Backward"

    @property
    def out_metas(self) -> tuple[Meta, ...]:
        metas: tuple[Meta, ...] = self.__dict__["metas"]
        return metas

    def apply(self, cotangents: list[Any], create_graph: bool) -> list[Any]:
        if self.saved is None:
            self._freed()
        context: FunctionContext = self.__dict__["context"]
        given: list[Tensor | None] = []
        for cotangent, meta in zip(cotangents, self.out_metas, strict=True):
            if cotangent is None and context._materialize:
                given.append(function("_constant")(meta.shape, 0, meta.dtype))
            elif cotangent is None or create_graph:
                given.append(cotangent)
            else:
                given.append(Tensor._of(cotangent))
        with enable_grad() if create_graph else no_grad():
            results = self.__dict__["kind"].backward(context, *given)
        results = results if isinstance(results, tuple) else (results,)
        arguments: int = self.__dict__["arguments"]
        extra = results[arguments:]
        if len(results) < arguments or any(each is not None for each in extra):
            raise RuntimeError(
                f"function {self.name()} returned an incorrect number of gradients (expected "
                f"{arguments}, got {len(results)})"
            )
        wanted = [results[place] for place in self.__dict__["places"]]
        if create_graph:
            return wanted
        return [None if each is None else each._read_value() for each in wanted]


class Function:
    """Subclass with static ``forward(ctx, ...)`` and ``backward(ctx, ...)``; call ``apply``.

    >>> import rushlight as torch
    >>> class Double(Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         return 2 * x
    ...     @staticmethod
    ...     def backward(ctx, g):
    ...         return 2 * g
    >>> x = torch.ones(2, requires_grad=True)
    >>> Double.apply(x).sum().backward()
    >>> x.grad
    tensor([2., 2.])
    """

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(
            "You must implement the forward function for custom autograd.Function."
        )

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom "
            "autograd.Function to use it with backward mode AD."
        )

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        raise NotImplementedError("setup_context is not implemented.")

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run forward; where an input wants a gradient, hang ``backward`` under the outputs."""
        context = FunctionContext()
        places = tuple(k for k, each in enumerate(args) if isinstance(each, Tensor))
        recording = local.trace.grad and any(args[k].requires_grad for k in places)
        context.needs_input_grad = tuple(
            isinstance(each, Tensor) and each.requires_grad for each in args
        )
        separate = cls.setup_context is not Function.setup_context
        edges = tuple(edge_of(args[place]) for place in places)
        with no_grad():
            if separate:
                output = cls.forward(*args, **kwargs)
                cls.setup_context(context, args, output)
            else:
                output = cls.forward(context, *args, **kwargs)
        if not recording:
            return output
        several = isinstance(output, tuple)
        outs = output if several else (output,)
        tensors = [each for each in outs if isinstance(each, Tensor)]
        node = _UserNode(cls, context, edges, tuple(each._meta for each in tensors))
        node.__dict__.update(places=places, arguments=len(args))
        context.__dict__["_node"] = node
        results = []
        number = 0
        for each in outs:
            if not isinstance(each, Tensor):
                results.append(each)
                continue
            result = each
            skip = any(each is other for other in context._without)
            dirty = any(each is other for other in context._dirty)
            if not dirty and any(each is arg for arg in args):
                result = each._alias()  # an input returned as it is: another tensor of its own
            if not skip and each.dtype.is_floating_point:
                result._edge = node if number == 0 else OutputEdge(node, number)
                # A saved output must be the tensor that carries this node.
                context._saved = tuple(result if s is each else s for s in context._saved)
            number += 1
            results.append(result)
        return tuple(results) if several else results[0]


def once_differentiable(backward: Any) -> Any:
    """A backward whose own derivative is refused."""

    def wrapped(ctx: Any, *cotangents: Any) -> Any:
        with no_grad():
            return backward(ctx, *cotangents)

    return wrapped
