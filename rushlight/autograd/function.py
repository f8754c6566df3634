"""``torch.autograd.Function``: an operation whose backward is the user's Python."""

from __future__ import annotations

import functools
from typing import Any

from rushlight.autograd.mapped import mapped
from rushlight.autograd.transpose import transposed
from rushlight.base.warn import warn
from rushlight.engine.samples import SampleTrace
from rushlight.engine.trace import local
from rushlight.engine.value import Meta
from rushlight.tensor import Tensor, state
from rushlight.tensor.modes import enable_grad, no_grad
from rushlight.tensor.overwrite import own_value
from rushlight.tensor.saved_hooks import pack
from rushlight.tensor.state import LEAF, GradNode, OutputEdge, edge_of
from rushlight.tensor.wrap import function


class FunctionCtx:
    """``ctx``: what forward hands to backward."""

    def __init__(self) -> None:
        self.needs_input_grad: tuple[bool, ...] = ()
        self._saved: tuple[Tensor | None, ...] = ()
        self._unpack: list[Any] | None = None  # where saved-tensor hooks packed them
        self._dirty: tuple[Tensor, ...] = ()
        self._without: tuple[Tensor, ...] = ()
        self._materialize = True

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep inputs or outputs for backward. TypeError for what is no tensor."""
        for each in tensors:
            if each is not None and not isinstance(each, Tensor):
                raise TypeError(
                    "save_for_backward can only save variables, but argument "
                    f"{tensors.index(each)} is of type {type(each).__name__}"
                )
        self._saved = tensors

    def save_for_forward(self, *tensors: Tensor | None) -> None:
        """Keep tensors for ``jvp``."""
        self._for_forward = tensors

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        """What ``save_for_backward`` kept. Raises RuntimeError once the graph was freed."""
        node = self.__dict__.get("_node")
        if node is not None and node.saved is None:
            node._freed()
        if self._unpack is not None:
            return tuple(None if each is None else each() for each in self._unpack)
        for number, (each, version) in enumerate(
            zip(self._saved, self.__dict__.get("_versions", ()), strict=False)
        ):
            if each is not None and each._version != version and not state.mutation_allowed:  # type: ignore[attr-defined]
                raise RuntimeError(
                    "one of the variables needed for gradient computation has been modified by an "
                    f"inplace operation: saved tensor {number} of shape {list(each.shape)} is at "
                    f"version {each._version}; expected version {version} instead."  # type: ignore[attr-defined]
                )
        return self._saved

    saved_variables = saved_tensors

    def mark_dirty(self, *tensors: Tensor) -> None:
        """These inputs were changed in place."""
        self._dirty = tensors

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """These outputs have no gradient."""
        self._without = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Whether missing cotangents come as zeros (True) or as None."""
        self._materialize = value

    def _close(self) -> None:
        """Forward is over: saved tensors go through the hooks, if there are any."""
        unpack = [None if each is None else pack(each) for each in self._saved]
        if any(each is not None for each in unpack):
            self._unpack, self._saved = unpack, ()
        else:
            self._versions = tuple(
                None if each is None else each._version  # type: ignore[attr-defined]
                for each in self._saved
            )


class _UserNode(GradNode):
    """The gradient node of a user's Function."""

    def __init__(self, kind: type[Function], context: FunctionCtx, edges: tuple[Any, ...],
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
        context: FunctionCtx = self.__dict__["context"]
        given: list[Tensor | None] = []
        for cotangent, meta in zip(cotangents, self.out_metas, strict=True):
            if cotangent is None and context._materialize:
                given.append(function("_constant")(meta.shape, 0, meta.dtype))
            elif cotangent is None or create_graph:
                given.append(cotangent)
            else:
                given.append(Tensor._of(cotangent))
        with enable_grad() if create_graph else no_grad():
            results = self._pulled(context, given)
        results = results if isinstance(results, tuple) else (results,)
        arguments: int = self.__dict__["arguments"]
        extra = results[arguments:]
        if len(results) < arguments or any(each is not None for each in extra):
            raise RuntimeError(
                f"function {self.name()} returned an incorrect number of gradients (expected "
                f"{arguments}, got {len(results)})"
            )
        with enable_grad() if create_graph else no_grad():
            wanted = [
                None if edge is None else self._fitted(results[place], place, meta)
                for place, meta, edge in zip(
                    self.__dict__["places"], self.__dict__["inputs"], self.edges, strict=True
                )
            ]
        if create_graph:
            return wanted
        return [None if each is None else own_value(each) for each in wanted]

    def _pulled(self, context: FunctionCtx, cotangents: list[Tensor | None]) -> Any:
        """What ``backward`` or ``vjp`` makes of cotangents; ``jvp`` where only that is there."""
        kind: type[Function] = self.__dict__["kind"]
        if kind.backward is not Function.backward:
            return kind.backward(context, *cotangents)
        if kind.vjp is not Function.vjp:
            return kind.vjp(context, *cotangents)
        if kind.jvp is Function.jvp:
            return Function.backward(context)
        if "_for_forward" in context.__dict__:
            context._saved, context._versions = context._for_forward, ()
        tangents: list[Tensor | None] = [None] * self.__dict__["arguments"]
        for place, meta in zip(self.__dict__["places"], self.__dict__["inputs"], strict=True):
            if context.needs_input_grad[place] or (
                context._materialize and meta.dtype.is_floating_point
            ):
                tangents[place] = function("_constant")(meta.shape, 0, meta.dtype)
        return transposed(functools.partial(kind.jvp, context), tangents, cotangents)

    def _fitted(self, gradient: Any, place: int, meta: Meta) -> Tensor | None:
        """The gradient of an input as PyTorch takes it: of the input's dtype, and summed over the
        axes along which the input would be expanded to its shape."""
        if gradient is None:
            return None
        if not isinstance(gradient, Tensor):
            raise RuntimeError(
                f"{self.name()}: expected Variable or None (got {type(gradient).__name__}) as "
                f"gradient {place}"
            )
        if gradient.shape != meta.shape:
            lead = gradient.ndim - len(meta.shape)
            if lead < 0 or any(
                n not in (1, m) for n, m in zip(meta.shape, gradient.shape[lead:], strict=True)
            ):
                raise RuntimeError(
                    f"Function {self.name()} returned an invalid gradient at index {place} - got "
                    f"{list(gradient.shape)} but expected shape compatible with {list(meta.shape)}"
                )
            gradient = gradient.sum_to_size(meta.shape)
        if gradient.dtype is not meta.dtype:
            if gradient.dtype.is_complex and not meta.dtype.is_complex:
                raise RuntimeError(
                    f"Function {self.name()} returned a complex gradient at index {place}, whose "
                    f"input is {meta.dtype}; return its real part"
                )
            gradient = gradient.to(meta.dtype)
        return gradient


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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warn(
            f"{type(self)} should not be instantiated. Methods on autograd functions are all "
            "static, so you should invoke them on the class itself. Instantiating an autograd "
            "function will raise an error in a future version of PyTorch.",
            DeprecationWarning,
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use "
            "new-style autograd function with static forward method: call apply on the class."
        )

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

    # Whether ``vmap`` may run forward and backward sample by sample: here it always may.
    generate_vmap_rule = False

    @staticmethod
    def vmap(info: Any, in_dims: Any, *args: Any) -> Any:
        """(outputs, out_dims) of whole batches: for functions that ``vmap`` cannot look into."""
        raise NotImplementedError("To use autograd.Function with vmap, override vmap")

    @staticmethod
    def jvp(ctx: Any, *grad_inputs: Any) -> Any:
        """Tangents of the outputs from those of the inputs: for functions without ``backward``.

        Forward mode is made of gradients here, so where there is a ``backward`` that one is called.
        """
        raise NotImplementedError("You must implement the jvp function for custom Functions")

    @staticmethod
    def vjp(ctx: Any, *grad_outputs: Any) -> Any:
        """Another name of ``backward``."""
        raise NotImplementedError("You must implement the vjp function for custom Functions")

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run forward; where an input wants a gradient, hang ``backward`` under the outputs."""
        trace = local.trace
        if isinstance(trace, SampleTrace) and cls.vmap is not Function.vmap:
            return mapped(cls, trace, args)
        context = FunctionCtx()
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
        several = isinstance(output, (tuple, list))
        outs = output if several else (output,)
        tensors = [each for each in outs if isinstance(each, Tensor)]
        node = _UserNode(cls, context, edges, tuple(each._value_meta for each in tensors))
        inputs = tuple(args[place]._value_meta for place in places)
        node.__dict__.update(places=places, inputs=inputs, arguments=len(args))
        context.__dict__["_node"] = node
        for each in context._dirty:
            if each._edge is LEAF:
                raise RuntimeError(
                    "a leaf Variable that requires grad has been used in an in-place operation."
                )
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
            if not skip and (each.dtype.is_floating_point or each.dtype.is_complex):
                result._edge = node if number == 0 else OutputEdge(node, number)
                # A saved output must be the tensor that carries this node.
                context._saved = tuple(result if s is each else s for s in context._saved)
            number += 1
            results.append(result)
        context._close()
        return tuple(results) if several else results[0]


class InplaceFunction(Function):
    """A Function that may write into its inputs: the old base of those that do."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace


class _Refusal(GradNode):
    """The gradient of what cannot be differentiated twice: an error."""

    def name(self) -> str:
        return "DelayedErrorBackward"

    def apply(self, cotangents: list[Any], create_graph: bool) -> list[Any]:
        raise RuntimeError(
            "trying to differentiate twice a function that was marked with @once_differentiable"
        )


def once_differentiable(backward: Any) -> Any:
    """A backward whose own derivative is refused."""

    @functools.wraps(backward)
    def wrapped(ctx: Any, *cotangents: Any) -> Any:
        with no_grad():
            made = backward(ctx, *cotangents)
        wanting = [each for each in cotangents if isinstance(each, Tensor) and each.requires_grad]
        if not (local.trace.grad and wanting):
            return made
        several = isinstance(made, tuple)
        results = []
        for each in made if several else (made,):
            result = each
            if isinstance(each, Tensor):
                result = each._alias()
                result._edge = _Refusal(None, tuple(map(edge_of, wanting)), (), ())
            results.append(result)
        return tuple(results) if several else results[0]

    return wrapped
