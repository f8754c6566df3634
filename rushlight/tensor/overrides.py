"""``__torch_function__``: sub-classes of Tensor, objects like tensors, modes that hear of calls.

Functions do not ask for any of it until the first sub-class is defined or the first mode entered;
from then on each function of the op table looks at its arguments first.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any

from rushlight.ops.table import Op
from rushlight.tensor import functions, late
from rushlight.tensor.hearing import hearing
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import enable_dispatch
from rushlight.tensor.wrap_rare import call_op, set_on_foreign


class DisableTorchFunctionSubclass:
    """Inside, sub-classes are taken for plain tensors."""

    def __enter__(self) -> None:
        self._before = hearing.enabled
        hearing.enabled = False

    def __exit__(self, *details: object) -> None:
        hearing.enabled = self._before


class DisableTorchFunction(DisableTorchFunctionSubclass):
    """Inside, nothing is overridden, by modes neither."""

    def __enter__(self) -> None:
        super().__enter__()
        self._modes, hearing.modes = hearing.modes, []

    def __exit__(self, *details: object) -> None:
        hearing.modes = self._modes
        super().__exit__()


def _overrides(value: Any) -> bool:
    kind = type(value)
    if kind is Tensor or not hasattr(kind, "__torch_function__"):
        return False
    return not getattr(kind, "_plain", False)


def _overriding(arguments: Iterable[Any]) -> list[Any]:
    """The arguments that override, one of each class, sub-classes before their bases."""
    found: list[Any] = []
    for each in arguments:
        inside = each if type(each) in (tuple, list) else (each,)
        for value in inside:
            if _overrides(value) and all(type(value) is not type(other) for other in found):
                place = next(
                    (k for k, other in enumerate(found) if isinstance(value, type(other))),
                    len(found),
                )
                found.insert(place, value)
    return found


def has_torch_function(relevant_args: Iterable[Any]) -> bool:
    """Whether one of these, or a mode, wants to hear of the call."""
    if hearing.modes:
        return True
    return hearing.enabled and bool(_overriding(relevant_args))


def handle_torch_function(
    public_api: Callable[..., Any], relevant_args: Iterable[Any], *args: Any, **kwargs: Any
) -> Any:
    """Ask the modes, then the arguments, until one does not return NotImplemented."""
    found = _overriding(relevant_args)
    types = tuple(map(type, found))
    if hearing.modes:
        modes = hearing.modes
        mode = modes[-1]
        hearing.modes = modes[:-1]
        try:
            result = mode.__torch_function__(public_api, types, args, kwargs)
        finally:
            hearing.modes = modes
        if result is not NotImplemented:
            return result
    for each in found:
        result = each.__torch_function__(public_api, types, args, kwargs)
        if result is not NotImplemented:
            return result
    raise TypeError(
        f"Multiple dispatch failed for 'torch.{public_api.__name__}'; all __torch_function__ "
        f"handlers returned NotImplemented: {[kind.__name__ for kind in types]}"
    )


def _dispatched(function: Any, op: Op, arguments: tuple[Any, ...], out: Any = None) -> Any:
    defaults = {p.name: p.default for p in op.parameters}
    positions = [p.name for p in op.parameters if not (p.keyword_only or p.variadic)]
    starred = any(p.variadic for p in op.parameters)

    def told(*args: Any, **kwargs: Any) -> Any:
        # What was not given is not told.
        named = {name: value for name, value in kwargs.items() if value is not defaults[name]}
        if out is not None:
            named["out"] = out
        keep = len(args)
        while keep and not starred and args[keep - 1] is defaults[positions[keep - 1]]:
            keep -= 1
        return handle_torch_function(function, arguments, *args[:keep], **named)

    return call_op(told, op, arguments)


# Methods that make tensors of this one, or read it, without being operations of the table.
_METHODS = frozenset((
    "__getitem__", "__setitem__", "bfloat16", "clone", "contiguous", "detach", "double", "float",
    "half", "int", "item", "long", "new_empty", "new_full", "new_ones", "new_tensor", "new_zeros",
    "to", "tolist", "type", "view", "view_as", "reshape_as", "expand_as", "type_as",
))  # fmt: skip
# Functions of the namespace torch that make tensors: what modes hear of too.
_MAKERS = (
    "arange", "as_tensor", "empty", "empty_like", "eye", "full", "full_like", "linspace",
    "logspace", "normal", "ones", "ones_like", "rand", "rand_like", "randint", "randint_like",
    "randn", "randn_like", "randperm", "tensor", "zeros", "zeros_like",
)  # fmt: skip


def _is_heard(name: str) -> bool:
    """Whether a method of Tensor asks: those that write in place do."""
    if name in _METHODS or name in functions.FUNCTIONS or name in functions.TORCH_FORMS:
        return True
    return name.endswith("_") and not name.startswith("_")


def _heard(function: Callable[..., Any], name: str = "") -> Callable[..., Any]:
    """A function that is not of the table, asking its arguments first."""

    @functools.wraps(function)
    def heard(*args: Any, **kwargs: Any) -> Any:
        given = (*args, *kwargs.values())
        if has_torch_function(given):
            return handle_torch_function(heard, given, *args, **kwargs)
        return function(*args, **kwargs)

    if name:
        heard.__name__ = name
    return heard


def listen() -> None:
    """Let every function ask its arguments, from now on."""
    if _state_of_process.enabled:
        return
    _state_of_process.enabled = True
    functions.load_rare()
    late.load_all()
    enable_dispatch(has_torch_function, _dispatched)
    own: dict[Any, Any] = {}
    for table in (functions.FUNCTIONS, functions.TORCH_FORMS):
        for name, function in list(table.items()):
            if not isinstance(function, FunctionType) or "_OP" in function.__globals__:
                continue
            table[name] = own.setdefault(function, _heard(function))
    for name, member in list(vars(Tensor).items()):
        wanted = isinstance(member, FunctionType) and "_OP" not in member.__globals__
        if wanted and _is_heard(name):
            setattr(Tensor, name, own.setdefault(member, _heard(member, name)))
    for space in ("linalg", "fft"):
        # Loaded by now, as all that is rare.
        table = getattr(sys.modules[f"rushlight.tensor.functions.{space}"], space.upper())
        for name, function in list(table.items()):
            if isinstance(function, FunctionType):
                made = table[name] = own[function] = _heard(function)
                # PyTorch's name for it is linalg_norm; pickle looks it up by the other one.
                made.__name__, made.__qualname__ = f"{space}_{name}", name
                made.__module__ = f"rushlight.{space}"
    torch = vars(sys.modules["rushlight"])
    for name in _MAKERS:
        made = torch[name] = own.setdefault(torch[name], _heard(torch[name]))
        made.__module__ = "rushlight"  # where pickle finds it
    for place in _SPOKEN:
        spoken = vars(sys.modules[place]) if place in sys.modules else {}
        for name, value in list(spoken.items()):
            if isinstance(value, FunctionType) and value in own:
                spoken[name] = own[value]


# Where users look functions up: what was looked up before is kept there.
_SPOKEN = (
    "rushlight", "rushlight.nn.functional", "rushlight.nn.init", "rushlight.linalg",
    "rushlight.fft", "rushlight.special",
)  # fmt: skip


class _Process:
    enabled = False


_state_of_process = _Process()


def _torch_function(
    cls: type, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
) -> Any:
    """What a sub-class does by default: the function, its tensors of the sub-class again."""
    if not all(issubclass(cls, kind) for kind in types):
        return NotImplemented
    with DisableTorchFunctionSubclass():
        return _converted(func(*args, **(kwargs or {})), cls)


def _converted(result: Any, cls: type) -> Any:
    if cls is Tensor:
        return result
    if isinstance(result, Tensor):
        return result if isinstance(result, cls) else result.as_subclass(cls)  # type: ignore[attr-defined]
    if isinstance(result, (tuple, list)):
        made = [_converted(each, cls) for each in result]
        return type(result)(*made) if hasattr(result, "_fields") else type(result)(made)
    return result


def _new_subclass(cls: type, **names: Any) -> None:
    """A sub-class of the user's: functions must look at their arguments from now on."""
    super(Tensor, cls).__init_subclass__(**names)
    if cls.__module__.partition(".")[0] == "rushlight":
        cls._plain = True  # type: ignore[attr-defined]
        return
    if any(getattr(base, "_plain", False) for base in cls.__mro__) and (
        "__torch_function__" not in cls.__dict__
    ):
        return  # a Parameter of the user's is one for the library
    cls._plain = False  # type: ignore[attr-defined]
    listen()


class TorchFunctionMode:
    """Inside, ``__torch_function__`` of the mode hears of every call of an operation.

    >>> import rushlight as torch
    >>> class Names(TorchFunctionMode):
    ...     def __torch_function__(self, func, types, args=(), kwargs=None):
    ...         print(func.__name__)
    ...         return func(*args, **(kwargs or {}))
    >>> with Names():
    ...     x = torch.exp(torch.ones(2))
    ones
    exp
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        raise NotImplementedError

    def __enter__(self) -> TorchFunctionMode:
        listen()
        hearing.modes = [*hearing.modes, self]
        return self

    def __exit__(self, *details: object) -> None:
        hearing.modes = hearing.modes[:-1]


class BaseTorchFunctionMode(TorchFunctionMode):
    """A mode that changes nothing."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return func(*args, **(kwargs or {}))


def is_tensor_like(inp: Any) -> bool:
    """Whether it is a tensor or says what functions of torch do to it."""
    return isinstance(inp, Tensor) or hasattr(inp, "__torch_function__")


def has_torch_function_unary(argument: Any) -> bool:
    """``has_torch_function`` of one argument."""
    return has_torch_function((argument,))


def has_torch_function_variadic(*arguments: Any) -> bool:
    """``has_torch_function`` of several."""
    return has_torch_function(arguments)


def install() -> None:
    """Put the hooks on the class, for sub-classes that are defined from now on."""
    set_on_foreign(_dispatched)
    Tensor.__torch_function__ = classmethod(_torch_function)  # type: ignore[attr-defined]
    Tensor.__init_subclass__ = classmethod(_new_subclass)  # type: ignore[method-assign, assignment]
