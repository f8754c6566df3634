"""The user's functions, generated from the op table.

For each op one Python function is written as text and compiled when it is first asked for: it
takes tensors and numbers as PyTorch's does, looks its key up in the trie and makes the result. The
text is straight-line code without loops over arguments, because this is the path that every
operation of every training step takes (about 1 us). ``wrap_source`` writes it; what it leaves to
others is in ``wrap_rare``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from itertools import count
from types import FunctionType
from typing import Any

from rushlight.base import dtype as dtypes
from rushlight.base import hot
from rushlight.base.spans import spanned
from rushlight.engine.call import SCALAR, TENSOR, op_call
from rushlight.engine.flush import flush
from rushlight.engine.trace import Step, Trace, local
from rushlight.engine.value import Value, require_one_device, values_at
from rushlight.ops import load_rare, table
from rushlight.ops.table import OPS, Op, Parameter
from rushlight.tensor.argument_kinds import asked, require_kinds
from rushlight.tensor.arrange import Arranged, arrange
from rushlight.tensor.at_once import joined
from rushlight.tensor.kinds import as_bool, require_fits
from rushlight.tensor.numpy_names import MISSING, lacking, renamed
from rushlight.tensor.older_order import call_older
from rushlight.tensor.plain_arguments import (
    holds_array,
)
from rushlight.tensor.signatures import Shown
from rushlight.tensor.state import LEAF, attach, attach_one
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.views import make_view
from rushlight.tensor.wrap_rare import Normalise, into, otherwise, recast, spelled_out
from rushlight.tensor.wrap_source import NUMBER_TYPES, source


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
            raise Normalise
    require_kinds(op, arguments)
    template, tensors, places, numbers = _bindings(op, arguments, parts)
    values = [tensor._read_value() for tensor in tensors]
    if trace.shells:
        require_one_device(values)
    metas = tuple([value.meta for value in values])
    step = trace.miss(key, op_call(op, tuple(template)), tuple(places), metas, numbers)
    arrange(trace, step, op, arguments, tensors)
    return step


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


_SHARED: dict[str, Any] = {
    "_local": local, "_Tensor": Tensor, "_Value": Value, "_new": object.__new__,
    "_NUMBERS": frozenset(NUMBER_TYPES), "_SPECIAL": table.SPECIAL_NUMBERS,
    "_attach_one": attach_one, "_enter_all": enter_all, "_miss": miss, "_several": several,
    "_view": make_view, "_older": call_older, "_Normalise": Normalise,
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
