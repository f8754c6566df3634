"""The text of the functions that ``wrap`` compiles, one for each op."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from itertools import combinations

from rushlight.ops import table
from rushlight.ops.table import Op, Parameter
from rushlight.tensor.autocast import RULES
from rushlight.tensor.numpy_names import NUMPY_NAMES
from rushlight.tensor.older_order import OLDER

MAY_HOLD_NUMBER = (table.OPERAND, table.OPTIONAL_OPERAND, table.POWER, table.DIVISOR)
NUMBER_TYPES = (float, int, bool)
_SMALLEST, _LARGEST = -(2**63), 2**63 - 1  # of the whole numbers that a plan takes


def _read(name: str, indent: str) -> list[str]:
    """Lines that put the value of tensor ``name`` into ``name_v`` and its place in the trace into
    ``name_k``. Between the two looks at a value is no call, so no other thread that reads it."""
    return [
        f"{indent}{name}_v = {name}._value if {name}._storage is None else {name}._read_value()",
        f"{indent}{name}_k = {name}_v.pos if {name}_v.epoch is e_ else t_.enter({name}_v)",
    ]


def _number(name: str, pad: str, holder: str) -> list[str]:
    """Lines that make the number ``name`` an input; what no plan can take is a TypeError first.

    ``holder``: the tensor whose dtype has to hold it, where there is one.
    """
    lines = [
        f"{pad}if {name}_k is int and not {_SMALLEST} <= {name} <= {_LARGEST}: raise TypeError"
    ]
    if holder:
        lines.append(f"{pad}_require_fits({name}, {holder}_v.meta.dtype)")
    return [*lines, f"{pad}t_.scalars.append({name})"]


def _prepare(parameter: Parameter, holder: str) -> tuple[list[str], str]:
    """Lines before the key is made, and this parameter's part of the key."""
    name, kind = parameter.name, parameter.kind
    pad = "        "
    if kind == table.TENSOR:
        return _read(name, pad), f"{name}_k"
    if kind == table.OPTIONAL_TENSOR:
        lines = [f"{pad}if {name} is None: {name}_v = {name}_k = None", f"{pad}else:"]
        return [*lines, *_read(name, pad + "    ")], f"{name}_k"
    if kind == table.TENSORS:
        return [f"{pad}{name}_k = _enter_all({name}, t_, e_)"], f"{name}_k"
    if kind in MAY_HOLD_NUMBER:
        lines = [f"{pad}{name}_k = type({name})", f"{pad}if {name}_k is _Tensor:"]
        lines += _read(name, pad + "    ")
        lines.append(f"{pad}elif {name}_k in _NUMBERS:")
        lines.append(f"{pad}    {name}_v = None")
        if kind in table.SPECIAL_NUMBERS:
            lines.append(
                f"{pad}    if {name} in _SPECIAL[{kind}]: {name}_k = (type({name}), {name})"
            )
            lines.append(f"{pad}    else:")
            lines += _number(name, pad + "        ", holder)
        else:
            lines += _number(name, pad + "    ", holder)
        if kind == table.OPTIONAL_OPERAND:
            lines.append(f"{pad}elif {name} is None: {name}_v = {name}_k = None")
        lines.append(f"{pad}else:")  # a sub-class, or what makes a TypeError
        return [*lines, *_read(name, pad + "    ")], f"{name}_k"
    if kind in (table.SCALAR, table.OPTIONAL_SCALAR):
        # The default is a constant (alpha=1 costs no multiplication), anything else an input.
        default = "None" if parameter.default is inspect.Parameter.empty else f"default_{name}"
        lines = [f"{pad}if {name} is {default}: {name}_k = None"]
        if type(parameter.default) is float and parameter.default:  # -0.0 would be equal to 0.0
            lines += [
                f"{pad}elif {name}.__class__ in _PLAIN and {name} == {default}:",
                f"{pad}    {name}, {name}_k = {default}, None",
            ]
        lines += [
            f"{pad}else:",
            f"{pad}    {name}_k = type({name})",
            f"{pad}    if {name}_k is complex: {name}_k = (complex, repr({name}))",
            f"{pad}    elif {name}_k not in _NUMBERS: raise TypeError",
            f"{pad}    else:",
            *_number(name, pad + "        ", holder),
        ]
        return lines, f"{name}_k"
    if parameter.annotation == "bool":
        return [], f"({name} if {name}.__class__ is bool else _as_bool(_OP.name, '{name}', {name}))"
    # True == 1 == 1.0 and all hash alike, but var(True) and var(1) are two calls.
    if parameter.annotation == "int":
        return [], f"({name} if {name}.__class__ is int else ({name}.__class__, {name}))"
    return [], f'({name} if {name}.__class__ is not bool else ("bool", {name}))'


_TENSORS = (
    "        if s_.meta is None:",
    "            r_ = _several(t_, s_)",
    "        else:",
    # Value(e_, s_.start, s_.meta), spelled out: the call would take as long as all of it.
    "            v_ = _new(_Value)",
    "            v_.epoch = e_",
    "            v_.pos = s_.start",
    "            v_.meta = s_.meta",
    "            v_.buffer = v_.parent = v_.recipe = v_.window = None",
    "            v_.overwritten = v_.journaled = False",
    "            v_.version = 0",
    "            t_.values.append(v_)",
    "            r_ = _new(_Tensor)",
    "            r_._value = v_",
    "            r_._storage = None",
    "            r_._edge = None",
)


def _default(parameter: Parameter) -> str:
    return "" if parameter.default is inspect.Parameter.empty else f"=default_{parameter.name}"


def _asked_for(op: Op, place: int) -> str:
    """A constant of a view: an int is told from True and 1.0, which a table takes for it."""
    name, annotation = op.parameters[place].name, op.parameters[place].annotation
    if annotation == "int":
        return f"{name} if {name}.__class__ is int else _asked(_OP, {place}, {name})"
    if annotation.startswith("int | "):
        return f"{name} if {name}.__class__ in _AXES else _asked(_OP, {place}, {name})"
    return name


def _awaited(op: Op) -> list[str]:
    """The required arguments from the first on that may come under NumPy's name."""
    plain = [p for p in op.parameters if not p.keyword_only]
    required = [p.name for p in plain if p.default is inspect.Parameter.empty]
    first = next((i for i, name in enumerate(required) if name in NUMPY_NAMES.values()), None)
    return [] if first is None or any(p.variadic for p in plain) else required[first:]


def source(op: Op, *, dispatch: bool = False) -> str:
    """The text of the function of ``op``."""
    names = [parameter.name for parameter in op.parameters]
    everything = f"({', '.join(names)}{',' if names else ''})"
    head = [f"def {op.name}({', '.join(_signature(op))}):", *_exceptions(op, everything, dispatch)]
    lines, key = [], ["_OP"]
    for parameter in op.parameters:
        prepared, part = _prepare(parameter, names[0] if parameter.name == op.stored else "")
        lines += prepared
        key.append(part)
    if op.view:
        rest = [_asked_for(op, place) for place in range(1, len(names))]
        text = [
            f"    try: return _view(_OP, {names[0]}, ({', '.join(rest)}{',' if rest else ''}))",
            "    except (AttributeError, TypeError) as x_:",
            f"        return _otherwise(_FUNCTION, _OP, {everything}, _local.trace, x_)",
        ]
        return "\n".join(head + text) + "\n"
    text = [
        f"    if out is not None: return _into(_FUNCTION, _OP, {everything}, out)",
        "    t_ = _local.trace",
        *(
            [f"    if t_.autocast is not None: return _recast(_FUNCTION, _OP, {everything}, t_)"]
            if op.name in RULES
            else []
        ),
        "    e_ = t_.epoch",
        "    try:",
        *lines,
        f"        k_ = ({', '.join(key)},)",
        "        s_ = t_.step.children.get(k_)",
        "    except (AttributeError, TypeError, KeyError) as x_:",
        f"        return _otherwise(_FUNCTION, _OP, {everything}, t_, x_)",
        "    except BaseException:",
        "        t_.repair()",
        "        raise",
        "    try:",
        f"        if s_ is None: s_ = _miss(t_, k_, _OP, {everything}, k_[1:])",
        "        t_.step = s_",
        *_TENSORS,
        "    except _Normalise as x_:",
        f"        return _otherwise(_FUNCTION, _OP, {everything}, t_, x_)",
        "    except BaseException:",
        "        t_.repair()",
        "        raise",
    ]
    if op.differentiable and any(p.kind in table.DIFFERENTIABLE_KINDS for p in op.parameters):
        text += ["    if t_.grad:", *_differentiating(op, everything)]
    text += ["    if s_.full: _flush(t_)", "    return r_"]
    return "\n".join(head + text) + "\n"


def _signature(op: Op) -> list[str]:
    """The parameters as ``def`` has them."""
    signature: list[str] = []
    starred = False
    awaited = _awaited(op)
    for parameter in op.parameters:
        if parameter.variadic:
            signature.append(f"*{parameter.name}")
            starred = True
            continue
        if parameter.keyword_only and not starred:
            signature.append("*older_" if op.name in OLDER else "*")
            starred = True
        missing = "=_MISSING" if parameter.name in awaited else _default(parameter)
        signature.append(parameter.name + missing)
    if not op.view:
        signature += ["out=None"] if starred else ["*", "out=None"]
    if _variadic(op) or _renamed(op):
        signature.append("**named_")
    return signature


def _variadic(op: Op) -> str:
    """The parameter that takes all positional arguments from its place on, or ''."""
    return next((p.name for p in op.parameters if p.variadic), "")


def _renamed(op: Op) -> bool:
    """Whether NumPy has other names for some parameters."""
    return any(parameter.name in NUMPY_NAMES.values() for parameter in op.parameters)


def _exceptions(op: Op, everything: str, dispatch: bool) -> list[str]:
    """Lines that look first for what is seldom: other spellings, sub-classes, arrays to join."""
    lines: list[str] = []
    has_out = not op.view
    variadic, awaited = _variadic(op), _awaited(op)
    if variadic:  # also given as a keyword: flip(x, dims=(0, 1))
        before = "".join(f"{p.name}, " for p in op.parameters if not p.variadic
                         and not p.keyword_only)  # fmt: skip
        after = "".join(f", {p.name}={p.name}" for p in op.parameters if p.keyword_only)
        after += ", out=out" if has_out else ""
        lines.append(
            f"    if named_: return _FUNCTION({before}"
            f"*_spelled_out(_OP, {variadic}, named_){after})"
        )
    elif _renamed(op):
        names = [parameter.name for parameter in op.parameters] + ["out"] * has_out
        given = ", ".join(f"{name!r}: {name}" for name in names)
        lines.append(f"    if named_: return _FUNCTION(**_renamed(_OP, named_, {{{given}}}))")
    if awaited:
        missing = " or ".join(f"{name} is _MISSING" for name in awaited)
        lines.append(f"    if {missing}: raise _lacking(_OP, {everything})")
    if op.name in OLDER:  # p.add_(-lr, grad): tensor/older_order.py
        first = ", ".join(p.name for p in op.parameters if not p.keyword_only)
        lines.append(f"    if older_: return _older(_FUNCTION, _OP, ({first}, *older_), out)")
    if dispatch:  # somebody has a sub-class of Tensor, or a mode: tensor/overrides.py
        given = "out" if has_out else "None"
        lines.append(
            f"    if _overridden({everything}): "
            f"return _dispatched(_FUNCTION, _OP, {everything}, {given})"
        )
    if op.name in ("cat", "stack"):
        lines += [
            "    if tensors.__class__ in _LISTS and len(tensors) > 1 and out is None:",
            f"        r_ = _joined({op.name!r}, tensors, dim)",
            "        if r_ is not None: return r_",
        ]
    return lines


def _differentiating(op: Op, everything: str) -> list[str]:
    """Lines that hang the gradient under the result: spelled out unless there are several results,
    lists of tensors or more than two arguments that may be no tensors."""
    tensors = [p for p in op.parameters if p.kind in table.DIFFERENTIABLE_KINDS]
    unsure = [p for p in tensors if p.kind != table.TENSOR]
    if len(unsure) > 2 or any(p.kind == table.TENSORS for p in tensors):
        return [f"        _differentiate(r_, s_, _OP, {everything})"]
    scalars = [p for p in op.parameters if p.kind in (table.SCALAR, table.OPTIONAL_SCALAR)]
    lines = [f"        if s_.meta is None: _differentiate(r_, s_, _OP, {everything})"]
    # Those of the unsure that are tensors: all, then fewer.
    for given in (each for n in range(len(unsure), -1, -1) for each in combinations(unsure, n)):
        among = [p.name for p in tensors if p not in unsure or p in given]
        if not among:
            continue
        numbers = [
            p for p in op.parameters
            if p in scalars or (p in unsure and p not in given and p.kind != table.OPTIONAL_TENSOR)
        ]  # fmt: skip
        asked = " and ".join(f"{p.name}_v is not None" for p in given)
        lines.append(f"        elif {asked}:" if asked else "        else:")
        lines += _attaching(among, " " * 12, numbers)
    return lines


def _attaching(names: list[str], pad: str, numbers: Sequence[Parameter]) -> list[str]:
    """Lines that hang the gradient under the one result of a call of these tensors and those of
    ``numbers`` that are neither None nor constants."""
    edges = "".join(f"{n} if {n}_e is _LEAF else {n}_e, " for n in names)
    values = "".join(f"{n}_v, " for n in names)
    bits = [f"({1 << k} if {n}_e is not None else 0)" for k, n in enumerate(names)]
    given = " + ".join(f"(({p.name},) if {p.name}_k.__class__ is type else ())" for p in numbers)
    last = f", {given}" if given else ""
    return [
        f"{pad}{'; '.join(f'{n}_e = {n}._edge' for n in names)}",
        f"{pad}if {' or '.join(f'{n}_e is not None' for n in names)}:",
        f"{pad}    m_ = {' | '.join(bits)}",
        f"{pad}    _attach_one(t_, r_, s_, m_, ({edges}), ({values}v_){last})",
    ]
