"""The op table: every operation of the library is one entry, made by ``@composite``.

An op is a Python function with PyTorch's user-level signature whose body works on graph ``Node``s:

    @composite
    def softplus(input: Node, beta: Scalar = 1.0, threshold: Scalar = 20.0) -> Node: ...

The annotation of a parameter says what it is:

    Node             a tensor                        list[Node]    several tensors
    Node | None      a tensor or nothing             Operand       a tensor or a Python number
    Operand | None   or nothing                      Power         an Operand; a small whole
    Scalar           a Python number that is an        exponent stays a Python number
                     *input* (changing it           Divisor       an Operand; a power of two
                     compiles nothing)                 stays a Python number
    Scalar | None    such a number or nothing
    anything else    a constant that decides shape or structure: part of the trace's key

Inside a body a number given for an Operand or Scalar is a 0-d node of op ``scalar``; literals may
be mixed in freely (``2.0 * x``). The gradient is derived from the body (ops/derive.py), or given:

    @softplus.vjp
    def _(g, out, input, beta, threshold): return (g * sigmoid(beta * input), None, None)

A vjp rule takes the cotangent(s) of the output(s), the output(s), then the op's own parameters,
and returns one cotangent or None for each parameter that may hold a tensor, in order (those of a
list[Node] as a list).
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any, final, overload

from rushlight.ir.graph import Node

Scalar = Node | float | int | bool
Operand = Node | float | int | bool
Power = Node | float | int | bool
Divisor = Node | float | int | bool
Rule = Callable[..., Any]
# What a vjp of an op whose parameters hold one tensor each returns.
Grads = tuple[Node | None, ...]

# What a parameter is, by its annotation.
(
    TENSOR, OPTIONAL_TENSOR, TENSORS, OPERAND, OPTIONAL_OPERAND, POWER, DIVISOR, SCALAR,
    OPTIONAL_SCALAR, STATIC,
) = range(10)  # fmt: skip
_KINDS = {
    "Node": TENSOR,
    "Node | None": OPTIONAL_TENSOR,
    "list[Node]": TENSORS,
    "Operand": OPERAND,
    "Operand | None": OPTIONAL_OPERAND,
    "Power": POWER,
    "Divisor": DIVISOR,
    "Scalar": SCALAR,
    "Scalar | None": OPTIONAL_SCALAR,
}
DIFFERENTIABLE_KINDS = (
    TENSOR, OPTIONAL_TENSOR, TENSORS, OPERAND, OPTIONAL_OPERAND, POWER, DIVISOR,
)  # fmt: skip
# Numbers that decide the structure of the code: constants, where others are inputs. Of divisors
# those whose reciprocal is exact: multiplying by it gives the same bits in a fifth of the time.
SPECIAL_NUMBERS: dict[int, frozenset[float]] = {
    POWER: frozenset({0, 1, 2, 3, 4, -1, -2, 0.5, -0.5}),
    DIVISOR: frozenset(sign * 2.0**k for k in range(-14, 15) for sign in (1, -1)),
}


@final
class Parameter:
    """One parameter of an op: its name, kind, default and whether it is keyword-only."""

    __slots__ = ("annotation", "default", "keyword_only", "kind", "name", "variadic")

    def __init__(
        self, name: str, annotation: str, default: Any, keyword_only: bool, variadic: bool
    ) -> None:
        self.name = name
        self.annotation = annotation
        self.kind = _KINDS.get(annotation, STATIC)
        self.default = default  # inspect.Parameter.empty where there is none
        self.keyword_only = keyword_only
        self.variadic = variadic


def _parameters(body: Any) -> tuple[Parameter, ...]:
    """What ``inspect.signature`` says, a tenth as long."""
    code, empty = body.__code__, inspect.Parameter.empty
    names, n, words = code.co_varnames, code.co_argcount, code.co_kwonlyargcount
    defaults = body.__defaults__ or ()
    defaults = (empty,) * (n - len(defaults)) + defaults
    told, by_word = body.__annotations__, body.__kwdefaults__ or {}
    found = [
        Parameter(name, str(told.get(name, "")), default, False, False)
        for name, default in zip(names[:n], defaults, strict=True)
    ]
    if code.co_flags & inspect.CO_VARARGS:
        name = names[n + words]
        found.append(Parameter(name, str(told.get(name, "")), empty, False, True))
    for name in names[n : n + words]:
        found.append(
            Parameter(name, str(told.get(name, "")), by_word.get(name, empty), True, False)
        )
    return tuple(found)


@final
class Op:
    """One operation: its name, its body and what is known about it."""

    def __init__(
        self,
        body: Rule,
        *,
        name: str = "",
        torch: bool,
        method: bool,
        functional: bool,
        inplace: bool,
        view: bool,
        differentiable: bool,
        grad_name: str,
        aliases: tuple[str, ...],
        complex_rule: bool,
        stored: str,
    ) -> None:
        self.name = name or body.__name__.rstrip("_")
        self.__name__ = self.name
        self.__doc__ = body.__doc__
        self.body = body
        self._written = body  # ops/by_parts.py puts another around it, with the same parameters
        self.torch = torch  # torch.<name>
        self.method = method  # Tensor.<name>
        self.functional = functional  # torch.nn.functional.<name>
        self.inplace = inplace  # Tensor.<name>_
        self.view = view  # the result shares the storage of its first argument
        self.differentiable = differentiable
        self.stored = stored  # the parameter whose number becomes an element: it has to fit
        self.complex_rule = complex_rule  # its vjp conjugates by itself (ops/derive.py)
        camel = "".join(part.capitalize() for part in self.name.split("_"))
        self.grad_name = (grad_name or camel) + "Backward0"
        self.aliases = aliases
        self.vjp_rule: Rule | None = None
        self.stride_rule: Rule | None = None
        self.reference_rule: Rule | None = None
        self.samples_rule: Callable[[Any], Iterator[Any]] | None = None
        self.bad_inputs_rule: Callable[[Any], Iterator[Any]] | None = None
        self.views: dict[Any, Any] = {}  # of a view: what tensor.make_view has worked out
        OPS[self.name] = self

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    @functools.cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """The body's, in order. Few programs ask this of more than a tenth of the ops."""
        return _parameters(self._written)

    @functools.cached_property
    def signature(self) -> inspect.Signature:
        """The body's."""
        return inspect.signature(self._written)

    def vjp(self, rule: Rule) -> Rule:
        """The gradient: ``rule(g, out, *parameters) -> cotangents``. Else derived from the body."""
        rule.__qualname__ = f"{self.name}.vjp"
        self.vjp_rule = rule
        return rule

    def strides(self, rule: Rule) -> Rule:
        """For views: ``rule(layout, *parameters after the first) -> layout`` (ops/layout.py)."""
        rule.__qualname__ = f"{self.name}.strides"
        self.stride_rule = rule
        return rule

    def reference(self, rule: Rule) -> Rule:
        """The meaning on NumPy arrays, written independently of the body: the test's oracle."""
        rule.__qualname__ = f"{self.name}.reference"
        self.reference_rule = rule
        return rule

    def samples(self, rule: Callable[[Any], Iterator[Any]]) -> Callable[[Any], Iterator[Any]]:
        """``rule(rng)`` yields (args, kwargs) of NumPy arrays and numbers that must work."""
        rule.__qualname__ = f"{self.name}.samples"
        self.samples_rule = rule
        return rule

    def bad_inputs(self, rule: Callable[[Any], Iterator[Any]]) -> Callable[[Any], Iterator[Any]]:
        """``rule(rng)`` yields (args, kwargs, exception class, message pattern)."""
        rule.__qualname__ = f"{self.name}.bad_inputs"
        self.bad_inputs_rule = rule
        return rule

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Apply to nodes inside another op's body: builds graph, records nothing."""
        out = self.body(*args, **kwargs)
        if self.vjp_rule is not None and tape is not None:
            note(self, args, kwargs, out)
        return out


OPS: dict[str, Op] = {}

# A call on the tape: the op, its arguments, its result.
Noted = tuple[Op, tuple[Any, ...], dict[str, Any], Any]

# While a gradient is derived from a body, the calls of ops that have a rule of their own are
# noted here, so that the rule is used instead of what lies inside (ops/derive.py).
tape: dict[Node, Noted] | None = None


def note(op: Op, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> None:
    """Remember that ``out`` (a node or a tuple of nodes) is ``op(*args, **kwargs)``."""
    assert tape is not None
    call = (op, args, kwargs, out)  # one for all outputs: that is how they are known as one call
    for each in out if isinstance(out, tuple) else (out,):
        # A body that returns an argument or another op's result unchanged is no call of its own.
        if each not in tape and not any(each is arg for arg in args):
            tape[each] = call


def start_tape() -> dict[Node, Noted]:
    """Begin to note calls; ``stop_tape`` with what was there before."""
    global tape
    tape = {}
    return tape


def set_tape(previous: dict[Node, Noted] | None) -> None:
    global tape
    tape = previous


@overload
def composite(
    body: Rule, *, name: str = ..., torch: bool = ..., method: bool = ..., functional: bool = ...,
    inplace: bool = ..., view: bool = ..., differentiable: bool = ..., grad_name: str = ...,
    aliases: tuple[str, ...] = ..., complex_rule: bool = ..., stored: str = ...,
) -> Op: ...  # fmt: skip
@overload
def composite(
    body: None = None, *, name: str = ..., torch: bool = ..., method: bool = ...,
    functional: bool = ..., inplace: bool = ..., view: bool = ..., differentiable: bool = ...,
    grad_name: str = ..., aliases: tuple[str, ...] = ..., complex_rule: bool = ...,
    stored: str = ...,
) -> Callable[[Rule], Op]: ...  # fmt: skip


def composite(
    body: Rule | None = None,
    *,
    name: str = "",
    torch: bool = True,
    method: bool = False,
    functional: bool = False,
    inplace: bool = False,
    view: bool = False,
    differentiable: bool = True,
    grad_name: str = "",
    aliases: tuple[str, ...] = (),
    complex_rule: bool = False,
    stored: str = "",
) -> Op | Callable[[Rule], Op]:
    """Make a body an op. Flags: where users find it (``torch.x``, ``Tensor.x``, ``F.x``)."""

    def make(function: Rule) -> Op:
        return Op(
            function,
            name=name,
            torch=torch,
            method=method,
            functional=functional,
            inplace=inplace,
            view=view,
            differentiable=differentiable,
            grad_name=grad_name,
            aliases=aliases,
            complex_rule=complex_rule,
            stored=stored,
        )

    return make if body is None else make(body)
