"""The user's functions, generated from the op table.

For each op one Python function is written as text and compiled when it is first asked for: it
takes tensors and numbers as PyTorch's does, looks its key up in the trie and makes the result. The
text is straight-line code without loops over arguments, because this is the path that every
operation of every training step takes (about 1 us). ``source(op)`` shows it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np

from rushlight.engine.call import SCALAR, TENSOR, op_call
from rushlight.engine.flush import flush
from rushlight.engine.trace import BYTES_LIMIT, TRACE_LIMIT, Step, Trace, local
from rushlight.engine.value import Value
from rushlight.ops import table
from rushlight.ops.table import OPS, Op, Parameter
from rushlight.tensor.state import LEAF, attach, attach_one
from rushlight.tensor.tensor import Tensor, make_view, write_out

_MAY_HOLD_NUMBER = (table.OPERAND, table.OPTIONAL_OPERAND, table.POWER)
_OPTIONAL = (table.OPTIONAL_TENSOR, table.OPTIONAL_OPERAND, table.OPTIONAL_SCALAR)
NUMBER_TYPES = (float, int, bool)


def _read(name: str, indent: str) -> list[str]:
    """Lines that put the value of tensor ``name`` _into ``name_v`` and enter it in the trace."""
    return [
        f"{indent}{name}_v = {name}._value if {name}._storage is None else {name}._read_value()",
        f"{indent}if {name}_v.epoch is not e_: t_.enter({name}_v)",
    ]


def _prepare(parameter: Parameter) -> tuple[list[str], str]:
    """Lines before the key is made, and this parameter's part of the key."""
    name, kind = parameter.name, parameter.kind
    pad = "        "
    if kind == table.TENSOR:
        return _read(name, pad), f"{name}_v.pos"
    if kind == table.OPTIONAL_TENSOR:
        lines = [f"{pad}if {name} is None: {name}_k = None", f"{pad}else:"]
        return [
            *lines,
            *_read(name, pad + "    "),
            f"{pad}    {name}_k = {name}_v.pos",
        ], f"{name}_k"
    if kind == table.TENSORS:
        return [f"{pad}{name}_k = _enter_all({name}, t_, e_)"], f"{name}_k"
    if kind in _MAY_HOLD_NUMBER:
        lines = [f"{pad}{name}_k = type({name})", f"{pad}if {name}_k in _NUMBERS:"]
        if kind == table.POWER:
            lines.append(f"{pad}    if {name} in _SPECIAL: {name}_k = (type({name}), {name})")
            lines.append(f"{pad}    else: t_.scalars.append({name})")
        else:
            lines.append(f"{pad}    t_.scalars.append({name})")
        if kind == table.OPTIONAL_OPERAND:
            lines.append(f"{pad}elif {name} is None: {name}_k = None")
        lines.append(f"{pad}else:")
        return [
            *lines,
            *_read(name, pad + "    "),
            f"{pad}    {name}_k = {name}_v.pos",
        ], f"{name}_k"
    if kind in (table.SCALAR, table.OPTIONAL_SCALAR):
        # The default is a constant (alpha=1 costs no multiplication), anything else an input.
        default = "None" if parameter.default is inspect.Parameter.empty else f"default_{name}"
        lines = [
            f"{pad}if {name} is {default}: {name}_k = None",
            f"{pad}else:",
            f"{pad}    {name}_k = type({name})",
            f"{pad}    if {name}_k not in _NUMBERS: raise TypeError",
            f"{pad}    t_.scalars.append({name})",
        ]
        return lines, f"{name}_k"
    if parameter.annotation == "bool":
        return [], name
    # True == 1 and hashes alike, but var(True) and var(1) are two calls.
    return [], f'({name} if {name}.__class__ is not bool else ("bool", {name}))'


def _default(parameter: Parameter) -> str:
    return "" if parameter.default is inspect.Parameter.empty else f"=default_{parameter.name}"


def source(op: Op) -> str:
    """The text of the function of ``op``."""
    signature: list[str] = []
    starred = False
    for parameter in op.parameters:
        if parameter.variadic:
            signature.append(f"*{parameter.name}")
            starred = True
            continue
        if parameter.keyword_only and not starred:
            signature.append("*")
            starred = True
        signature.append(parameter.name + _default(parameter))
    has_out = op.torch and not op.view
    if has_out:
        if not starred:
            signature.append("*")
        signature.append("out=None")
    names = [parameter.name for parameter in op.parameters]
    everything = f"({', '.join(names)}{',' if names else ''})"
    lines, key = [], ["_OP"]
    tensors: list[Parameter] = []
    for parameter in op.parameters:
        prepared, part = _prepare(parameter)
        lines += prepared
        key.append(part)
        if parameter.kind in table.DIFFERENTIABLE_KINDS:
            tensors.append(parameter)
    if op.view:
        rest = names[1:]
        constants = f"({', '.join(rest)}{',' if rest else ''})"
        return (
            f"def {op.name}({', '.join(signature)}):\n"
            f"    try: return _view(_OP, {names[0]}, {constants})\n"
            "    except (AttributeError, TypeError) as x_:\n"
            f"        return _otherwise(_FUNCTION, _OP, {everything}, _local.trace, x_)\n"
        )
    text = [
        f"def {op.name}({', '.join(signature)}):",
        *(
            [f"    if out is not None: return _into(_FUNCTION, _OP, {everything}, out)"]
            if has_out
            else []
        ),
        "    t_ = _local.trace",
        "    e_ = t_.epoch",
        "    try:",
        *lines,
        f"        s_ = t_.step.children.get(({', '.join(key)},))",
        "    except (AttributeError, TypeError, KeyError) as x_:",
        f"        return _otherwise(_FUNCTION, _OP, {everything}, t_, x_)",
        "    except BaseException:",
        "        t_.repair()",
        "        raise",
        "    try:",
        f"        if s_ is None: s_ = _miss(t_, ({', '.join(key)},), _OP, {everything})",
        "        t_.step = s_",
        "        if s_.meta is None:",
        "            r_ = _several(t_, s_)",
        "        else:",
        "            v_ = _Value(e_, s_.start, s_.meta)",
        "            t_.values.append(v_)",
        "            r_ = _new(_Tensor)",
        "            r_._value = v_",
        "            r_._storage = None",
        "            r_._edge = None",
        "    except _Normalise as x_:",
        f"        return _otherwise(_FUNCTION, _OP, {everything}, t_, x_)",
        "    except BaseException:",
        "        t_.repair()",
        "        raise",
    ]
    if op.differentiable and tensors:
        simple = [p for p in tensors if p.kind in (table.TENSOR,)]
        checks = " or ".join(f"{p.name}._edge is not None" for p in simple)
        for p in tensors:
            if p.kind in (*_MAY_HOLD_NUMBER, table.OPTIONAL_TENSOR):
                is_tensor = f"{p.name}_k.__class__ is int"
                checks += f"{' or ' * bool(checks)}{is_tensor} and {p.name}._edge is not None"
        lists = any(p.kind == table.TENSORS for p in tensors)
        text.append("    if t_.grad:" if lists else f"    if ({checks}) and t_.grad:")
        text += _differentiating(op, everything)
    text.append("    if s_.start > _LIMIT or s_.nbytes > _BYTES: _flush(t_)")
    text.append("    return r_")
    return "\n".join(text) + "\n"


def _differentiating(op: Op, everything: str) -> list[str]:
    """Lines that hang the gradient under the result: spelled out for the case that all arguments
    that may want one are tensors, the last perhaps None, and that no numbers are given."""
    tensors = [p for p in op.parameters if p.kind in table.DIFFERENTIABLE_KINDS]
    pad = " " * 8
    otherwise_ = f"_differentiate(r_, s_, _OP, {everything})"
    if any(p.kind == table.TENSORS for p in tensors):
        return [pad + otherwise_]
    scalars = [p for p in op.parameters if p.kind in (table.SCALAR, table.OPTIONAL_SCALAR)]
    plain = [f"{p.name}_k is None" for p in scalars]
    unsure = [p for p in tensors if p.kind != table.TENSOR]
    whole = " and ".join(plain + [f"{p.name}_k.__class__ is int" for p in unsure])
    names = [p.name for p in tensors]
    if not whole:
        return _attaching(names, pad)
    lines = [f"{pad}if {whole}:", *_attaching(names, pad + "    ")]
    last = tensors[-1]
    if [last] == unsure and last.kind == table.OPTIONAL_TENSOR and len(names) > 1:
        none = " and ".join([*plain, f"{last.name} is None"])
        lines += [f"{pad}elif {none}:", *_attaching(names[:-1], pad + "    ")]
    return [*lines, f"{pad}else: {otherwise_}"]


def _attaching(names: list[str], pad: str) -> list[str]:
    """Lines that hang the gradient under the result of a call of these tensors."""
    edges = "".join(f"{n} if {n}_e is _LEAF else {n}_e, " for n in names)
    values = "".join(f"{n}_v, " for n in names)
    bits = [f"({1 << k} if {n}_e is not None else 0)" for k, n in enumerate(names)]
    return [
        f"{pad}{'; '.join(f'{n}_e = {n}._edge' for n in names)}",
        f"{pad}m_ = {' | '.join(bits)}",
        f"{pad}if m_:",
        f"{pad}    if s_.meta is not None:",
        f"{pad}        _attach_one(r_, s_, m_, ({edges}), ({values}v_))",
        f"{pad}    else: _attach(tuple(r_), s_, ({edges}), ({values}), ())",
    ]


def enter_all(tensors: Any, trace: Trace, epoch: Any) -> tuple[int, ...]:
    """The positions of a list of tensors."""
    if type(tensors) not in (tuple, list):
        raise TypeError("expected a tuple or list of tensors")
    places = []
    for tensor in tensors:
        value = tensor._value if tensor._storage is None else tensor._read_value()
        if value.epoch is not epoch:
            trace.enter(value)
        places.append(value.pos)
    return tuple(places)


def is_default(parameter: Parameter, value: Any) -> bool:
    """Whether a Scalar is its default, and so a constant."""
    return value is parameter.default and parameter.kind in (table.SCALAR, table.OPTIONAL_SCALAR)


def _bindings(op: Op, arguments: tuple[Any, ...]) -> tuple[list[Any], list[Tensor], list[Any]]:
    """(template, tensors, numbers) of a call; see engine.call."""
    template: list[Any] = []
    tensors: list[Tensor] = []
    numbers: list[Any] = []
    for parameter, value in zip(op.parameters, arguments, strict=True):
        kind = parameter.kind
        if kind == table.STATIC or value is None or is_default(parameter, value):
            template.append(value)
        elif kind == table.TENSORS:
            template.append([TENSOR] * len(value))
            tensors.extend(value)
        elif type(value) in NUMBER_TYPES:
            if kind == table.POWER and value in table.SPECIAL_POWERS:
                template.append(value)
            else:
                template.append(SCALAR)
                numbers.append(value)
        else:
            template.append(TENSOR)
            tensors.append(value)
    return template, tensors, numbers


def miss(trace: Trace, key: Any, op: Op, arguments: tuple[Any, ...]) -> Step:
    """The step of a call not met here before. Raises the user's errors."""
    for parameter, value in zip(op.parameters, arguments, strict=True):
        if parameter.kind == table.STATIC and _holds_array(value):
            # A key would keep it by identity: numbers must be numbers before they get here.
            raise _Normalise
    template, tensors, numbers = _bindings(op, arguments)
    values = [tensor._read_value() for tensor in tensors]
    for value in values:
        if value.epoch is not trace.epoch and value.buffer is None:
            trace.enter(value)
    return trace.miss(key, op_call(op, _hashable(template)), values, numbers)


def _hashable(template: list[Any]) -> tuple[Any, ...]:
    return tuple(template)


class _Normalise(Exception):
    """A constant argument is a tensor or array: turn it into numbers and call again."""


def _holds_array(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return any(map(_holds_array, value))
    return isinstance(value, (Tensor, np.ndarray, np.generic))


def several(trace: Trace, step: Step) -> Any:
    """The results of a call that has more than one (or a tuple of one)."""
    values = [Value(trace.epoch, step.start + k, meta) for k, meta in enumerate(step.metas)]
    trace.values.extend(values)
    tensors = [Tensor._of(value) for value in values]
    structure = step.structure
    if structure in (tuple, list):
        return structure(tensors)
    return structure(*tensors)


def differentiate(result: Any, step: Step, op: Op, arguments: tuple[Any, ...]) -> None:
    """Record where the gradient of ``result`` goes, if any argument wants one."""
    edges: list[Any] = []
    values: list[Value] = []
    numbers: list[Any] = []
    wanted = False
    for parameter, value in zip(op.parameters, arguments, strict=True):
        kind = parameter.kind
        if kind == table.STATIC or value is None or is_default(parameter, value):
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
            if kind != table.POWER or value not in table.SPECIAL_POWERS:
                numbers.append(value)
        else:
            edge = value._edge
            if edge is not None:
                wanted = True
                edge = value if edge is LEAF else edge
            edges.append(edge)
            values.append(value._value)
    if wanted:
        outs = (result,) if step.meta is not None else tuple(result)
        attach(outs, step, tuple(edges), values, tuple(numbers))


def into(function: Callable[..., Any], op: Op, arguments: tuple[Any, ...], out: Any) -> Any:
    """``out=``: compute, then write."""
    result = _call(function, op, arguments)
    if isinstance(result, Tensor):
        return write_out(op.name, out, result)
    for target, each in zip(out, result, strict=True):
        write_out(op.name, target, each)
    return type(result)(*out) if hasattr(result, "_fields") else tuple(out)


def _call(function: Callable[..., Any], op: Op, arguments: tuple[Any, ...]) -> Any:
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


def otherwise(
    function: Callable[..., Any], op: Op, arguments: tuple[Any, ...], trace: Trace, error: Exception
) -> Any:
    """The call's arguments are not plain: turn what can be turned, or say what is wrong."""
    trace.repair()
    plain = tuple(
        _plain(op, parameter, value)
        for parameter, value in zip(op.parameters, arguments, strict=True)
    )
    if all(a is b for a, b in zip(plain, arguments, strict=True)):
        raise error
    return _call(function, op, plain)


def _plain(op: Op, parameter: Parameter, value: Any) -> Any:
    """An argument as the generated function takes it, or TypeError as PyTorch words it."""
    kind = parameter.kind
    if kind == table.STATIC:
        return _plain_constant(value)
    if value is None:
        if kind in _OPTIONAL:
            return None
    elif isinstance(value, Tensor):
        if kind in (table.SCALAR, table.OPTIONAL_SCALAR):
            return value.item()
        if kind != table.TENSORS:
            return value
    elif kind in (*_MAY_HOLD_NUMBER, table.SCALAR, table.OPTIONAL_SCALAR):
        if type(value) in NUMBER_TYPES:
            return value
        if isinstance(value, np.ndarray) and kind in _MAY_HOLD_NUMBER:
            return Tensor._from_array(value)
        if isinstance(value, (np.bool_, np.integer, np.floating)):
            return value.item()
        if isinstance(value, (int, float)):  # a subclass: IntEnum, say
            return int(value) if isinstance(value, int) else float(value)
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
        f"{op.name}(): argument '{parameter.name}' (position {place}) must be {wanted}, "
        f"not {type(value).__name__}"
    )


def _plain_constant(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        plain = tuple(map(_plain_constant, value))
        same = isinstance(value, tuple) and all(a is b for a, b in zip(plain, value, strict=True))
        return value if same else plain
    if isinstance(value, (np.generic,)):
        return value.item()
    if isinstance(value, np.ndarray):
        return _plain_constant(value.tolist())
    if isinstance(value, Tensor):
        return _plain_constant(value.tolist())
    if isinstance(value, range):
        return tuple(value)
    return value


_SHARED: dict[str, Any] = {
    "_local": local, "_Tensor": Tensor, "_Value": Value, "_new": object.__new__,
    "_NUMBERS": frozenset(NUMBER_TYPES), "_SPECIAL": table.SPECIAL_POWERS, "_attach": attach,
    "_attach_one": attach_one,
    "_enter_all": enter_all, "_miss": miss, "_several": several, "_view": make_view,
    "_Normalise": _Normalise, "_differentiate": differentiate, "_LEAF": LEAF, "_into": into,
    "_otherwise": otherwise, "_LIMIT": TRACE_LIMIT, "_BYTES": BYTES_LIMIT, "_flush": flush,
}  # fmt: skip


def _unwritten(*args: Any, **kwargs: Any) -> Any:
    """What every generated function is before its first call: it writes itself, then runs."""
    return _write(_FUNCTION, _OP)(*args, **kwargs)  # type: ignore[name-defined]  # noqa: F821


def _write(function_: Any, op: Op) -> Callable[..., Any]:
    """Compile the text of ``op`` into ``function_``: 300 ops are too many to compile at import."""
    namespace = function_.__globals__
    exec(compile(source(op), f"<rushlight op {op.name}>", "exec"), namespace)  # our own text
    made = namespace.pop(op.name)
    function_.__defaults__, function_.__kwdefaults__ = made.__defaults__, made.__kwdefaults__
    function_.__code__ = made.__code__
    return function_  # type: ignore[no-any-return]


def compile_function(op: Op) -> Callable[..., Any]:
    """The function of an op; its code is written when it is first called."""
    namespace = {**_SHARED, "_OP": op, "_write": _write}
    for parameter in op.parameters:
        if parameter.default is not inspect.Parameter.empty:
            namespace[f"default_{parameter.name}"] = parameter.default
    made = FunctionType(_unwritten.__code__, namespace, op.name)
    namespace["_FUNCTION"] = made
    made.__doc__ = op.__doc__
    made.__module__ = "rushlight"
    return made


_functions: dict[str, Callable[..., Any]] = {}
_aliases: dict[str, str] = {}


def canonical(name: str) -> str | None:
    """The op that ``name`` (a name or an alias) means, or None."""
    if name in OPS:
        return name
    if not _aliases:
        for op in OPS.values():
            for alias in op.aliases:
                _aliases[alias] = op.name
    return _aliases.get(name)


def function(name: str) -> Callable[..., Any]:
    """The user's function of the op ``name``. Raises KeyError for what is no op."""
    found = _functions.get(name)
    if found is None:
        op = OPS[canonical(name) or name]
        found = _functions.get(op.name) or compile_function(op)
        _functions[op.name] = _functions[name] = found
    return found
