"""Views: another look at the same memory. Nothing is recorded until a view is read."""

from __future__ import annotations

from typing import Any

from rushlight.base.hot import hot
from rushlight.engine.call import TENSOR, Gradient, OpCall, op_call
from rushlight.engine.drafted import gradient_of
from rushlight.engine.trace import TRACE_LIMIT, local
from rushlight.engine.value import NOWHERE, Meta, Size, Value, meta_of, shell_meta
from rushlight.ops.layout import Layout
from rushlight.ops.table import Op
from rushlight.ops.view.reshape import flatten
from rushlight.tensor.argument_kinds import require_kinds
from rushlight.tensor.plain_arguments import holds_array, plain_constant
from rushlight.tensor.state import GradNode, attach, edge_of
from rushlight.tensor.tensor import Tensor

new = object.__new__


@hot
def edge_of_view(value: Value, parent: Value, source: Any, gradient: Gradient | None) -> Any:
    """The edge of a view of ``parent``, whose edge is ``source``."""
    if gradient is None:
        return None
    saved = gradient.pick((parent, value))
    node = GradNode(gradient, (source,), saved, ())
    tape = local.trace.tape
    if not saved and len(tape) < TRACE_LIMIT:  # views alone come to no flush
        node.origin = gradient
        tape.append(node)
    return node


def gradient_of_view(call: OpCall, parent: Meta, shown: Meta) -> Gradient | None:
    """What ``edge_of_view`` needs, the same for all views of one kind."""
    if local.trace.varies:
        return gradient_of(call, (parent,), (), (shown,), 1)
    return call.gradient(((parent,), ()), (shown,), 1)


_VIEWS_LIMIT = 1 << 14
# Deriving a gradient costs more than the view: rows of data, of which there are many, need none.
_NOT_ASKED: Any = object()


@hot
def make_view(op: Op, x: Tensor, arguments: tuple[Any, ...]) -> Any:
    """Apply a view op: no recording, only where the elements lie. Copies where no view can be."""
    cache = op.views
    if x._storage is None:
        value = x._value
        layout = value.meta.layout
        key: Any = (value.meta, arguments)
    else:
        value = x._read_value()
        layout = x._layout
        key = (layout, value.meta.dtype, arguments)
    entry = cache.get(key)
    if entry is None:
        if holds_array(arguments):  # x.view(n, -1) with a tensor n, or a number of NumPy's
            require_kinds(op, (x, *arguments))
            return make_view(op, x, plain_constant(arguments))
        require_kinds(op, (x, *arguments))
        if len(cache) > _VIEWS_LIMIT:
            cache.clear()
        entry = cache[key] = _plan_view(op, layout, value.meta, arguments)
    target, call, meta, gradient = entry
    if target is None:
        return _copy_view(x, value, call)
    if op is flatten and len(target.shape) == len(layout.shape):
        return x
    storage = x._share()
    result = new(Tensor)
    shown = Value(NOWHERE, -1, shell_meta(meta) if value.meta.shell else meta)
    shown.parent = value
    shown.recipe = call
    shown.version = storage.version
    shown.window = target
    result._value = shown
    result._storage = storage
    result._layout = target
    result._seen = storage.version
    result._edge = None
    result._base = x if x._base is None else x._base
    trace = local.trace
    if x._edge is not None:
        if trace.grad:
            if gradient is _NOT_ASKED:
                gradient = gradient_of_view(call, value.meta, meta)
                cache[key] = target, call, meta, gradient
            result._edge = edge_of_view(shown, value, edge_of(x), gradient)
        else:
            result.__dict__["_detached"] = True
    elif x._base is not None and "_detached" in x.__dict__:
        result.__dict__["_detached"] = True
    if x._untracked:
        result._untracked = True
    if x._part_of:
        result._part_of = x._part_of
    return result


def _plan_view(
    op: Op, layout: Layout, meta: Meta, arguments: tuple[Any, ...]
) -> tuple[Layout | None, OpCall, Meta | None, Gradient | None]:
    """Where the view looks, what it records, its meta and, once asked for, its gradient."""
    assert op.stride_rule is not None
    positional: list[Any] = []
    keywords: dict[str, Any] = {}
    for parameter, value in zip(op.parameters[1:], arguments, strict=True):
        if parameter.variadic:
            positional.extend(value)
        elif parameter.keyword_only:
            keywords[parameter.name] = value
        else:
            positional.append(value)
    target = op.stride_rule(layout, *positional, **keywords)
    call = op_call(op, (TENSOR, *arguments))
    if target is None:
        return None, call, None, None
    target = Layout(Size(target.shape), tuple(target.strides), target.offset)
    shown = meta_of(target.shape, meta.dtype)
    return target, call, shown, _NOT_ASKED


def _copy_view(x: Tensor, value: Value, call: OpCall) -> Tensor:
    trace = local.trace
    (made,) = trace.record(call, (value,))
    step = trace.step
    result = Tensor._of(made)
    if x._edge is not None and trace.grad:
        attach((result,), step, (edge_of(x),), (value,), ())
    return result
