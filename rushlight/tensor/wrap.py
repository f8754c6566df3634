"""The user's functions, generated from the op table.

For each op one Python function is written as text and compiled when it is first asked for: it
takes tensors and numbers as PyTorch's does, looks its key up in the trie and makes the result. The
text is straight-line code without loops over arguments, because this is the path that every
operation of every training step takes (about 1 us). ``wrap_source`` writes it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from itertools import count
from types import FunctionType
from typing import Any

import numpy as np

from rushlight.base import dtype as dtypes
from rushlight.base import hot
from rushlight.base.spans import spanned
from rushlight.engine.call import SCALAR, TENSOR, op_call
from rushlight.engine.flush import flush
from rushlight.engine.trace import Step, Trace, local
from rushlight.engine.value import Value, require_one_device, values_at
from rushlight.ops import load_rare, table
from rushlight.ops.table import OPS, Op, Parameter
from rushlight.tensor import autocast
from rushlight.tensor.argument_kinds import asked, require_kind, require_kinds
from rushlight.tensor.arrange import Arranged, arrange
from rushlight.tensor.at_once import joined
from rushlight.tensor.kinds import as_bool, class_name, require_fits
from rushlight.tensor.numpy_names import MISSING, lacking, renamed
from rushlight.tensor.older_order import call_older
from rushlight.tensor.out import for_out, require_dtypes, require_parts, write_out
from rushlight.tensor.overlap import OVERLAP
from rushlight.tensor.plain_arguments import (
    complex_number,
    holds_array,
    plain_constant,
    within_reach,
)
from rushlight.tensor.signatures import Shown
from rushlight.tensor.state import LEAF, attach, attach_one
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.views import make_view
from rushlight.tensor.wrap_source import MAY_HOLD_NUMBER, NUMBER_TYPES, source

_OPTIONAL = (table.OPTIONAL_TENSOR, table.OPTIONAL_OPERAND, table.OPTIONAL_SCALAR)


@hot.hot
def enter_all(tensors: Any, trace: Trace, epoch: Any) -> tuple[int, ...]:
    """The positions of a list of tensors."""
    if type(tensors) not in (tuple, list):
        raise TypeError("expected a tuple or list of tensors")
    places = []
    for tensor in tensors:
        value = tensor._value if tensor._storage is None else tensor._read_value()
        places.append(value.pos if value.epoch is epoch else trace.enter(value))
    return tuple(places)


@hot.hot
def is_constant(parameter: Parameter, value: Any) -> bool:
    """Whether a Scalar is a constant: its default, or complex (no input of a plan is)."""
    if parameter.kind not in (table.SCALAR, table.OPTIONAL_SCALAR):
        return False
    return value is parameter.default or type(value) is complex


@hot.hot
def _bindings(
    op: Op, arguments: tuple[Any, ...], parts: Sequence[Any]
) -> tuple[list[Any], list[Tensor], list[int], list[Any]]:
    """(template, tensors, their places, numbers) of a call; see engine.call and ``miss``."""
    template: list[Any] = []
    tensors: list[Tensor] = []
    places: list[int] = []
    numbers: list[Any] = []
    for parameter, value, part in zip(op.parameters, arguments, parts):  # noqa: B905  one for each
        kind = parameter.kind
        if kind == table.STATIC or value is None or is_constant(parameter, value):
            if parameter.name == "dtype" and value is not None:
                value = dtypes.of_argument(value, op.name)
            template.append(value)
        elif kind == table.TENSORS:
            template.append([TENSOR] * len(value))
            tensors.extend(value)
            places.extend(part)
        elif type(value) in NUMBER_TYPES:
            if value in table.SPECIAL_NUMBERS.get(kind, ()):
                template.append(value)
            else:
                template.append(SCALAR)
                numbers.append(value)
        else:
            template.append(TENSOR)
            tensors.append(value)
            places.append(part)
    return template, tensors, places, numbers


@hot.hot
def miss(trace: Trace, key: Any, op: Op, arguments: tuple[Any, ...], parts: Sequence[Any]) -> Step:
    """The step of a call not met here before. Raises the user's errors.

    ``parts``: what stands for each argument in the key; of a tensor its place in the trace.
    """
    for parameter, value in zip(op.parameters, arguments):  # noqa: B905  one for each
        if parameter.kind == table.STATIC and holds_array(value):
            # A key would keep it by identity: numbers must be numbers before they get here.
            raise _Normalise
    require_kinds(op, arguments)
    template, tensors, places, numbers = _bindings(op, arguments, parts)
    values = [tensor._read_value() for tensor in tensors]
    if trace.shells:
        require_one_device(values)
    metas = tuple([value.meta for value in values])
    step = trace.miss(key, op_call(op, tuple(template)), tuple(places), metas, numbers)
    arrange(trace, step, op, arguments, tensors)
    return step


class _Normalise(Exception):
    """A constant argument is a tensor or array: turn it into numbers and call again."""


@hot.hot
def several(trace: Trace, step: Step) -> Any:
    """The results of a call that has more than one (or a tuple of one)."""
    values = values_at(trace.epoch, count(step.start), step.metas)
    trace.values += values
    structure = step.structure
    if structure.__class__ is Arranged:
        return structure.made(trace, values)
    tensors = [Tensor._of(value) for value in values]
    if structure in (tuple, list):
        return structure(tensors)
    return structure(*tensors)


def outs_of(result: Any) -> tuple[Tensor, ...]:
    """The results of a call, one or several, as a tuple."""
    return (result,) if isinstance(result, Tensor) else tuple(result)


@hot.hot
def differentiate(result: Any, step: Step, op: Op, arguments: tuple[Any, ...]) -> None:
    """Record where the gradient of ``result`` goes, if any argument wants one."""
    edges: list[Any] = []
    values: list[Value] = []
    numbers: list[Any] = []
    wanted = False
    for parameter, value in zip(op.parameters, arguments):  # noqa: B905  one for each
        kind = parameter.kind
        if kind == table.STATIC or value is None or is_constant(parameter, value):
            continue
        if kind == table.TENSORS:
            for tensor in value:
                edge = tensor._edge
                if edge is not None:
                    wanted = True
                    edge = tensor if edge is LEAF else edge
                edges.append(edge)
                values.append(tensor._value)
        elif type(value) in NUMBER_TYPES:
            if value not in table.SPECIAL_NUMBERS.get(kind, ()):
                numbers.append(value)
        else:
            edge = value._edge
            if edge is not None:
                wanted = True
                edge = value if edge is LEAF else edge
            edges.append(edge)
            values.append(value._value)
    if wanted:
        attach(outs_of(result), step, tuple(edges), values, tuple(numbers))


# These read their argument at places of their own, so they cannot write over it.
_READ_OUT_OF_ORDER = (
    "cat", "stack", "gather", "take", "index_select", "take_along_dim", "kthvalue",
)  # fmt: skip


def into(function: Callable[..., Any], op: Op, arguments: tuple[Any, ...], out: Any) -> Any:
    """``out=``: compute, then write."""
    if not isinstance(out, (Tensor, tuple, list)):
        raise TypeError(f"{op.name}(): argument 'out' must be Tensor, not {class_name(out)}")
    for target in (out,) if isinstance(out, Tensor) else out:
        if isinstance(target, Tensor):
            for each in arguments:
                for read in each if isinstance(each, (list, tuple)) else (each,):
                    target._apart_from(read, op.name in _READ_OUT_OF_ORDER)
    arguments = for_out(op.name, arguments, out)
    trace = local.trace
    before, trace.autocast = trace.autocast, None  # results go where the user says, as they are
    try:
        result = call_op(function, op, arguments)
    finally:
        trace.autocast = before
    require_parts(op.name, out, result)
    require_dtypes(op.name, out, result, arguments)
    if op.name in _READ_OUT_OF_ORDER and isinstance(out, Tensor) and out._storage is not None:
        # ``out`` would grow over what is read.
        shares = any(isinstance(each, Tensor) and each._storage is out._storage
                     for each in arguments)  # fmt: skip
        if shares and out.shape != result.shape:
            raise RuntimeError(OVERLAP)
    if isinstance(result, Tensor):
        return write_out(op.name, out, result)
    for target, each in zip(out, result, strict=True):
        write_out(op.name, target, each)
    return type(result)(*out) if hasattr(result, "_fields") else tuple(out)


def call_op(function: Callable[..., Any], op: Op, arguments: tuple[Any, ...]) -> Any:
    """Call an op's function with its parameters passed as it declares them."""
    positional: list[Any] = []
    keywords: dict[str, Any] = {}
    for parameter, value in zip(op.parameters, arguments, strict=True):
        if parameter.keyword_only:
            keywords[parameter.name] = value
        elif parameter.variadic:
            positional.extend(value)
        else:
            positional.append(value)
    return function(*positional, **keywords)


def recast(function: Callable[..., Any], op: Op, arguments: tuple[Any, ...], trace: Trace) -> Any:
    """The call under autocast, of an op that it concerns."""

    def plain(*arguments: Any) -> Any:
        return call_op(function, op, arguments)

    return autocast.run(trace, autocast.RULES[op.name], plain, arguments, {})


def otherwise(
    function: Callable[..., Any], op: Op, arguments: tuple[Any, ...], trace: Trace, error: Exception
) -> Any:
    """The call's arguments are not plain: turn what can be turned, or say what is wrong."""
    trace.repair()
    for each in arguments:
        one = each[0] if each.__class__ in (tuple, list) and each else each
        foreign = getattr(one, "_in_other_form", None)  # a tensor of another layout
        if foreign is not None:
            return foreign(op, arguments)
        if not isinstance(each, Tensor) and hasattr(type(each), "__torch_function__"):
            return on_foreign(function, op, arguments)
    plain = tuple(
        _plain(op, parameter, value, arguments)
        for parameter, value in zip(op.parameters, arguments, strict=True)
    )
    if all(a is b for a, b in zip(plain, arguments, strict=True)):
        raise error
    return call_op(function, op, plain)


def _plain(op: Op, parameter: Parameter, value: Any, arguments: tuple[Any, ...] = ()) -> Any:
    """An argument as the generated function takes it, or TypeError as PyTorch words it."""
    kind = parameter.kind
    if kind == table.STATIC:
        require_kind(op, parameter, value)
        return plain_constant(value)
    if value is None:
        if kind in _OPTIONAL:
            return None
    elif isinstance(value, Tensor):
        if kind not in (table.SCALAR, table.OPTIONAL_SCALAR, table.TENSORS):
            return value
        if value.ndim == 0 and kind != table.TENSORS:
            return value.item()
    elif kind in (*MAY_HOLD_NUMBER, table.SCALAR, table.OPTIONAL_SCALAR):
        if type(value) in NUMBER_TYPES:
            return within_reach(value, arguments)
        if isinstance(value, (complex, np.complexfloating)) and kind in MAY_HOLD_NUMBER:
            return complex_number(complex(value), arguments)
        if isinstance(value, np.ndarray) and kind in MAY_HOLD_NUMBER:
            return Tensor._from_array(value)
        if isinstance(value, (np.bool_, np.integer, np.floating)):
            return within_reach(value.item(), arguments)
        if isinstance(value, (int, float)):  # a subclass: IntEnum, say
            plain = int(value) if isinstance(value, int) else float(value)
            return within_reach(plain, arguments)
    if kind == table.TENSORS and isinstance(value, (tuple, list)):
        for place, each in enumerate(value):
            if not isinstance(each, Tensor):
                raise TypeError(
                    f"expected Tensor as element {place} in argument 0, but got "
                    f"{type(each).__name__}"
                )
        return value if isinstance(value, tuple) else tuple(value)
    if kind == table.TENSORS and not isinstance(value, Tensor) and hasattr(value, "__iter__"):
        return tuple(value)
    place = [p.name for p in op.parameters].index(parameter.name) + 1
    wanted = "tuple of Tensors" if kind == table.TENSORS else (
        "Number" if kind in (table.SCALAR, table.OPTIONAL_SCALAR) else "Tensor"
    )  # fmt: skip
    raise TypeError(
        f"{op.name.lstrip('_')}(): argument '{parameter.name}' (position {place}) must be "
        f"{wanted}, not {class_name(value)}"
    )


def spelled_out(op: Op, given: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
    """The values of a starred parameter that came as a keyword: ``flip(x, dims=(0, 1))``."""
    name = next(p.name for p in op.parameters if p.variadic)
    strange = [each for each in named if each != name] or ([name] if given else [])
    if strange:
        raise TypeError(f"{op.name}() got an unexpected keyword argument '{strange[0]}'")
    value = named[name]
    return (value,) if isinstance(value, (int, Tensor)) else tuple(value)


_SHARED: dict[str, Any] = {
    "_local": local, "_Tensor": Tensor, "_Value": Value, "_new": object.__new__,
    "_NUMBERS": frozenset(NUMBER_TYPES), "_SPECIAL": table.SPECIAL_NUMBERS,
    "_attach_one": attach_one, "_enter_all": enter_all, "_miss": miss, "_several": several,
    "_view": make_view, "_older": call_older, "_Normalise": _Normalise,
    "_differentiate": differentiate, "_LEAF": LEAF, "_into": into,
    "_otherwise": otherwise, "_flush": flush,
    "_spelled_out": spelled_out, "_recast": recast, "_renamed": renamed, "_lacking": lacking,
    "_MISSING": MISSING, "_LISTS": (tuple, list), "_joined": joined,
    "_require_fits": require_fits, "_as_bool": as_bool, "_PLAIN": (int, float), "_asked": asked,
    "_AXES": frozenset({int, tuple, list, type(None)}),
}  # fmt: skip


def _unwritten(*args: Any, **kwargs: Any) -> Any:
    """What every generated function is before its first call: it writes itself, then runs."""
    return _write(_FUNCTION, _OP)(  # type: ignore[name-defined]  # noqa: F821
        *args, **kwargs
    )


# Whether functions ask their arguments for ``__torch_function__``: not before somebody has one.
dispatching = [False]


def enable_dispatch(overridden: Any, dispatched: Any) -> None:
    """From now on every function asks ``overridden`` whether to be ``dispatched`` instead."""
    if dispatching[0]:
        return
    dispatching[0] = True
    _SHARED.update(_overridden=overridden, _dispatched=dispatched)
    for each in set(_functions.values()):
        if each.__code__ is not _unwritten.__code__:
            _write(each, each.__globals__["_OP"])


def _write(function_: Any, op: Op) -> Callable[..., Any]:
    """Compile the text of ``op`` into ``function_``: 300 ops are too many to compile at import."""
    namespace = function_.__globals__
    for parameter in op.parameters:
        if parameter.default is not inspect.Parameter.empty:
            namespace[f"default_{parameter.name}"] = parameter.default
    if dispatching[0]:  # since the function was made, maybe
        namespace.update(_overridden=_SHARED["_overridden"], _dispatched=_SHARED["_dispatched"])
    text = source(op, dispatch=dispatching[0] and op.name[0] != "_")
    exec(compile(text, f"<rushlight op {op.name}>", "exec"), namespace)  # our own text
    made = namespace.pop(op.name)
    hot.written(function_, text)
    function_.__defaults__, function_.__kwdefaults__ = made.__defaults__, made.__kwdefaults__
    function_.__code__ = made.__code__
    return spanned(function_, f"{'rushlight' if op.name[0] == '_' else 'aten'}::{op.name}")  # type: ignore[no-any-return]


def compile_function(op: Op) -> Callable[..., Any]:
    """The function of an op; its code is written when it is first called. See ``source``."""
    namespace = {**_SHARED, "_OP": op, "_write": _write}
    made = FunctionType(_unwritten.__code__, namespace, op.name)
    namespace["_FUNCTION"] = made
    made.__signature__ = Shown(op)  # type: ignore[attr-defined]
    made.__doc__, made.__qualname__ = op.__doc__, op.name.removeprefix("_special_")
    # Where users find it, and so pickle.
    home = "rushlight" if made.__qualname__ == op.name else "rushlight.special"
    made.__module__ = "rushlight.nn.functional" if op.functional and not op.torch else home
    return made


# Set by tensor.overrides: a call with an object that is no tensor and has ``__torch_function__``.
on_foreign: Callable[..., Any]


def set_on_foreign(made: Callable[..., Any]) -> None:
    global on_foreign
    on_foreign = made


_functions: dict[str, Callable[..., Any]] = {}
_aliases: dict[str, str] = {}
_aliased = [0]  # of so many ops


def canonical(name: str) -> str | None:
    """The op that ``name`` (a name or an alias) means, or None."""
    if name in OPS:
        return name
    if _aliased[0] != len(OPS):
        _aliased[0] = len(OPS)
        _aliases.update((alias, op.name) for op in OPS.values() for alias in op.aliases)
    return _aliases.get(name)


def function(name: str) -> Callable[..., Any]:
    """The user's function of the op ``name``. Raises KeyError for what is no op."""
    found = _functions.get(name)
    if found is None:
        if canonical(name) is None:
            load_rare()
        op = OPS[canonical(name) or name]
        found = _functions.get(op.name) or compile_function(op)
        _functions[op.name] = _functions[name] = found
    return found
