"""Whether an argument is of the kind its parameter says: ``sum(x, "a")`` is a TypeError.

A parameter's annotation is the one place that says it, for ops of the table as for functions made
by hand. Constants of ops are looked at when a call is met for the first time (``require_kinds``;
the key of the trace tells ``1`` from ``True`` and ``1.0`` where a parameter is an ``int``),
arguments of functions made by hand at each call (``checked``).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar, final

import numpy as np

from rushlight.base.dtype import bool_
from rushlight.base.hot import hot
from rushlight.ops import table
from rushlight.ops.table import Op, Parameter
from rushlight.runtime.generator import Generator
from rushlight.tensor.kinds import class_name
from rushlight.tensor.tensor import Tensor

F = TypeVar("F", bound=Callable[..., Any])


def _is_int(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _is_ints(value: Any) -> bool:
    # As PyTorch: True counts as 1, but not in the first place.
    if not isinstance(value, (tuple, list)):
        return False
    return not value or (
        is_whole(value[0]) and all(is_whole(each) or each.__class__ is bool for each in value)
    )


def is_whole(value: Any) -> bool:
    """An int, or a tensor that counts as one."""
    if isinstance(value, Tensor):
        kind = value.dtype
        return value._value.meta.numel == 1 and not (kind.is_floating_point or kind.is_complex)
    return _is_int(value)


def _is_tensors(value: Any) -> bool:
    return isinstance(value, (tuple, list)) and all(map(_is_tensor, value))


def _is_dims(value: Any) -> bool:
    return value is None or _is_window(value)


def _is_window(value: Any) -> bool:
    return is_whole(value) or _is_ints(value)


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool)


def _is_axis(value: Any) -> bool:
    """One int, or a tensor without axes that counts as one."""
    return _is_size(value) and not (isinstance(value, Tensor) and value.ndim)


def _is_size(value: Any) -> bool:
    return is_whole(value) and not (isinstance(value, Tensor) and value.dtype is bool_)


def _is_number(value: Any) -> bool:
    if isinstance(value, Tensor):
        return value.ndim == 0
    return isinstance(value, (int, float, complex, np.number, np.bool_))


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_generator(value: Any) -> bool:
    return isinstance(value, Generator)


def _is_tensor(value: Any) -> bool:
    return isinstance(value, Tensor) or hasattr(type(value), "__torch_function__")


# By annotation: what is taken, and PyTorch's word for it.
_KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "int": (_is_axis, "int"),
    "bool": (_is_bool, "bool"),
    "float": (_is_number, "float"),
    "str": (_is_text, "str"),
    "Tensor": (_is_tensor, "Tensor"),
    "Tensor | float": (lambda value: _is_tensor(value) or _is_number(value), "Tensor"),
    "Sequence[Tensor]": (_is_tensors, "tuple of Tensors"),
    "Generator": (_is_generator, "torch.Generator"),
    "Dims": (_is_dims, "tuple of ints"),
    "Dims | bool": (lambda value: _is_dims(value) or _is_bool(value), "tuple of ints"),
    "int | Shape": (_is_window, "int or tuple of ints"),
    "int | Shape | Tensor": (
        lambda value: _is_window(value) or _is_tensor(value),
        "int or tuple of ints",
    ),
    "Shape": (_is_ints, "tuple of ints"),
    "Sequence[int]": (_is_ints, "tuple of ints"),
    "tuple[int, ...]": (_is_ints, "tuple of ints"),
    "Window": (_is_window, "tuple of ints"),
}
_OR_NONE = " | None"
# What PyTorch counts among sizes: a tensor of one element is such an int too, whatever its axes.
_SIZES = frozenset({
    "diagonal", "end", "groups", "high", "ignore_index", "index", "k", "length", "low", "m",
    "minlength", "n", "num_samples", "output_size", "repeats", "split_size", "start",
    "storage_offset",
})  # fmt: skip


@hot
def _fits(annotation: str, value: Any, name: str) -> bool:
    if annotation.endswith(_OR_NONE):
        if value is None:
            return True
        annotation = annotation.removesuffix(_OR_NONE)
    if annotation == "int" and name in _SIZES:
        return _is_size(value)
    kind = _KINDS.get(annotation)
    return kind is None or kind[0](value)


def _refuse(who: str, name: str, place: int, annotation: str, value: Any) -> NoReturn:
    word = _KINDS[annotation.removesuffix(_OR_NONE)][1]
    raise TypeError(
        f"{who.lstrip('_')}(): argument '{name}' (position {place}) must be {word}, "
        f"not {class_name(value)}"
    )


def require_tensor(who: str, value: Any) -> None:
    """TypeError if the first argument, ``input``, is no tensor."""
    if not _is_tensor(value):
        _refuse(who, "input", 1, "Tensor", value)


def require_tensors(values: Any) -> None:
    """TypeError unless every one of a call's tensors is one."""
    if not isinstance(values, (tuple, list)):
        raise TypeError(
            f"expected tensors, or a tuple or list of them, not {type(values).__name__}"
        )
    for place, value in enumerate(values):
        if not _is_tensor(value):
            raise TypeError(
                f"expected Tensor as element {place} in argument 0, but got {type(value).__name__}"
            )


@hot
def require_kinds(op: Op, arguments: tuple[Any, ...]) -> None:
    """TypeError for a constant of a call that is none for its parameter. The ops that only this
    package calls (``_full``) are not asked."""
    for parameter, value in zip(op.parameters, arguments):  # noqa: B905  one for each
        require_kind(op, parameter, value)


@hot
def require_kind(op: Op, parameter: Parameter, value: Any) -> None:
    """``require_kinds`` of one argument."""
    if parameter.kind != table.STATIC or value is parameter.default:
        return
    annotation = parameter.annotation
    if parameter.variadic and annotation == "int":
        annotation = "Shape"
        if len(value) == 1 and not is_whole(value[0]):
            (value,) = value  # one sequence of what may be given one by one
    if op.name[0] != "_" and not _fits(annotation, value, parameter.name):
        place = op.parameters.index(parameter) + 1
        _refuse(op.name, parameter.name, place, annotation, value)


@hot
def asked(op: Op, place: int, value: Any) -> Any:
    """``value`` of a view's parameter ``place``, which is not of the plainest class. TypeError
    for True, which is 1 to the table that views are looked up in."""
    parameter = op.parameters[place]
    if parameter.variadic:
        for each in value:
            if each.__class__ is not int:
                break
        else:
            return value
    require_kind(op, parameter, value)
    return value


_CLASSES: dict[str, frozenset[type]] = {
    "int": frozenset({int}), "bool": frozenset({bool}), "float": frozenset({float, int, bool}),
    "str": frozenset({str}), "Tensor": frozenset({Tensor}), "int | Shape": frozenset({int}),
    "Window": frozenset({int}), "Dims": frozenset({int, type(None)}),
}  # fmt: skip
_SEQUENCES = frozenset(name for name, (_, word) in _KINDS.items() if word.endswith("tuple of ints"))
_INT = frozenset({int})


@final
class _Argument:
    """What ``checked`` asks of one parameter: a class of ``classes``, or a longer look."""

    __slots__ = ("annotation", "classes", "default", "ints", "name", "place", "who")

    def __init__(self, who: str, place: int, name: str, annotation: str, default: Any) -> None:
        self.who, self.place, self.name, self.annotation = who, place, name, annotation
        plain = annotation.removesuffix(_OR_NONE)
        known = _CLASSES.get(plain, frozenset())
        self.ints = plain in _SEQUENCES
        self.classes = known | {type(None)} if annotation.endswith(_OR_NONE) else known
        self.default = default

    def look(self, value: Any) -> None:
        kind = value.__class__
        if value is self.default or (
            self.ints and (kind is tuple or kind is list) and _INT.issuperset(map(type, value))
        ):
            return
        if not _fits(self.annotation, value, self.name):
            _refuse(self.who, self.name, self.place, self.annotation, value)
        if Tensor in self.classes:  # that it is of this class is all there is to see
            self.classes |= {kind}


def _asked(function: Any, who: str) -> tuple[dict[str, _Argument | None], int]:
    """By the parameters' names, in order: what to ask of each, None for nothing; and how many of
    them may be given by place."""
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    code, told = function.__code__, function.__annotations__
    count = code.co_argcount
    given = function.__defaults__ or ()
    defaults = dict(zip(code.co_varnames[count - len(given) : count], given, strict=True))
    defaults |= function.__kwdefaults__ or {}
    names = code.co_varnames[: count + code.co_kwonlyargcount]
    asked = {
        name: _Argument(who, place, name, told[name], defaults.get(name, _REQUIRED))
        if str(told.get(name, "")).removesuffix(_OR_NONE) in _KINDS
        else None
        for place, name in enumerate(names, 1)
    }
    return asked, count


_REQUIRED: Any = object()


def asks(function: F) -> F:
    """``checked``, under the function's own name."""
    return checked(function, function.__name__)


def checked(function: F, who: str) -> F:
    """``function``, whose arguments have to be of the kinds that its annotations say."""
    asked: dict[str, _Argument | None] = {}
    placed: list[_Argument | None] = []

    @functools.wraps(function)
    @hot
    def taking(*args: Any, **kwargs: Any) -> Any:
        if not asked:  # most are never called
            found, count = _asked(function, who)
            asked.update(found)
            placed.extend(list(found.values())[:count])
        for value, argument in zip(args, placed, strict=False):
            if argument is not None and value.__class__ not in argument.classes:
                argument.look(value)
        for name, value in kwargs.items():
            argument = asked.get(name)
            if argument is not None and value.__class__ not in argument.classes:
                argument.look(value)
        return function(*args, **kwargs)

    return taking  # type: ignore[return-value]
