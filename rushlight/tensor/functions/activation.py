"""torch.nn.functional's activations: ops with ``inplace=``, softmax with its old default."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rushlight.base.dtype import dtype as DType
from rushlight.base.limits import finfo
from rushlight.base.warn import warn
from rushlight.engine.trace import local
from rushlight.ops.legacy_names import legacy_name
from rushlight.tensor.argument_kinds import require_tensor
from rushlight.tensor.functions.register import FUNCTIONS, public
from rushlight.tensor.kinds import require_fits
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


def into_input(name: str, input: Tensor, *args: Any) -> Tensor:
    """``op(input, *args)`` written into ``input``; its gradient sees what was there before."""
    require_tensor(f"{name}_", input)
    input._writable(f"{name}_")
    tracked = local.trace.grad and input._edge is not None
    source = function("clone")(input) if tracked and name != "relu" else input
    return input._inplace(function(name)(source, *args), f"{name}_")


_relu = function("relu")


@public(torch=False, functional=True)
def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0)."""
    if inplace:
        return into_input("relu", input)
    out: Tensor = _relu(input)
    return out


def _with_inplace(name: str, doc: str) -> Any:
    plain = function(name)

    def activation(input: Tensor, inplace: bool = False) -> Tensor:
        if inplace:
            return into_input(name, input)
        out: Tensor = plain(input)
        return out

    activation.__name__ = activation.__qualname__ = name
    activation.__doc__ = doc
    return public(torch=False, functional=True)(activation)


relu6 = _with_inplace("relu6", "min(max(x, 0), 6).")
selu = _with_inplace("selu", "scale * elu(x, alpha) with the constants of Klambauer et al. 2017.")
silu = _with_inplace("silu", "x * sigmoid(x).")
mish = _with_inplace("mish", "x * tanh(softplus(x)).")
hardswish = _with_inplace("hardswish", "x * hardsigmoid(x).")
hardsigmoid = _with_inplace("hardsigmoid", "clamp(x + 3, 0, 6) / 6.")


@public(torch=False, functional=True)
def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x where positive, else negative_slope * x."""
    if inplace:
        return into_input("leaky_relu", input, negative_slope)
    out: Tensor = function("leaky_relu")(input, negative_slope)
    return out


@public(torch=False, functional=True)
def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where positive, else alpha * (e**x - 1)."""
    if inplace:
        return into_input("elu", input, alpha)
    out: Tensor = function("elu")(input, alpha)
    return out


@public(torch=False, functional=True)
def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """max(x, 0) + min(alpha * (e**(x / alpha) - 1), 0)."""
    if inplace:
        return into_input("celu", input, alpha)
    out: Tensor = function("celu")(input, alpha)
    return out


@public(torch=False, functional=True, out=True)
def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x moved toward 0 by lambd, 0 within it. Raises RuntimeError where lambd is negative."""
    if lambd < 0:
        raise RuntimeError(
            f"lambda must be in range [0, {finfo(input.dtype).max:g}] for input dtype "
            f"{legacy_name(input.dtype)}, but found {lambd:g}"
        )
    out: Tensor = function("softshrink")(input, lambd)
    return out


@public(torch=False, functional=True)
def hardtanh(
    input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Tensor:
    """x cut to [min_val, max_val]. Raises ValueError where min_val > max_val."""
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    require_tensor("hardtanh", input)
    if not (input.dtype.is_floating_point or input.dtype.is_complex):
        for bound in (min_val, max_val):
            require_fits(bound, input.dtype)
    if inplace:
        return into_input("hardtanh", input, min_val, max_val)
    out: Tensor = function("hardtanh")(input, min_val, max_val)
    return out


@public(functional=True)
def threshold(input: Tensor, threshold: float, value: float, inplace: object = False) -> Tensor:
    """x where x > threshold, else value."""
    if inplace:
        return into_input("threshold", input, threshold, value)
    out: Tensor = function("threshold")(input, threshold, value)
    return out


# ``F.<name>_``: written into ``input``, with the keywords of the plain form.
_WRITING: dict[str, Callable[..., Tensor]] = {
    "elu": lambda input, alpha=1.0: into_input("elu", input, alpha),
    "hardtanh": lambda input, min_val=-1.0, max_val=1.0: into_input(
        "hardtanh", input, min_val, max_val
    ),
    "leaky_relu": lambda input, negative_slope=0.01: into_input(
        "leaky_relu", input, negative_slope
    ),
    "celu": lambda input, alpha=1.0: into_input("celu", input, alpha),
    "selu": lambda input: into_input("selu", input),
    "threshold": lambda input, threshold, value: into_input("threshold", input, threshold, value),
}


def _rrelu_(
    input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False
) -> Tensor:
    return FUNCTIONS["rrelu"](input, lower, upper, training, True)  # type: ignore[no-any-return]


def _list_inplace_forms() -> None:
    public(functional=True, name="rrelu_")(_rrelu_)
    for name, form in _WRITING.items():
        form.__name__ = form.__qualname__ = f"{name}_"
        form.__doc__ = f"``{name}``, written into ``input``."
        FORMS[f"{name}_"] = public(torch=False, functional=True, name=f"{name}_")(form)
    public(functional=True, name="relu_")(lambda input: into_input("relu", input))


FORMS: dict[str, Any] = {}
_list_inplace_forms()


# Softmax


def _implicit_dim(who: str, input: Tensor) -> int:
    warn(
        f"Implicit dimension choice for {who} has been deprecated. "
        "Change the call to include dim=X as an argument."
    )
    return 0 if input.ndim in (0, 1, 3) else 1


@public(torch=False, functional=True)
def softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: DType | None = None
) -> Tensor:
    """exp(x) / sum(exp(x)) along ``dim``."""
    if dim is None:
        dim = _implicit_dim("softmax", input)
    out: Tensor = function("softmax")(input, dim, dtype)
    return out


@public(torch=False, functional=True)
def log_softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: DType | None = None
) -> Tensor:
    """log(softmax(x)), computed without overflow."""
    if dim is None:
        dim = _implicit_dim("log_softmax", input)
    out: Tensor = function("log_softmax")(input, dim, dtype)
    return out


@public(torch=False, functional=True)
def softmin(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: DType | None = None
) -> Tensor:
    """softmax(-x)."""
    if dim is None:
        dim = _implicit_dim("softmin", input)
    out: Tensor = function("softmax")(function("neg")(input), dim, dtype)
    return out


@public(torch=False, functional=True)
def gumbel_softmax(
    logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1
) -> Tensor:
    """A sample of the Gumbel-softmax distribution (Jang 2017); ``hard``: one-hot forward."""
    if eps != 1e-10:
        warn("`eps` parameter is deprecated and has no effect.")
    noise: Any = function("clone")(logits.detach())
    gumbels = -noise.exponential_().log()
    soft: Tensor = function("softmax")((logits + gumbels) / tau, dim)  # type: ignore[operator]
    if not hard:
        return soft
    index = function("_max")(soft, dim, True)[1]
    one_hot = function("scatter")(function("mul")(soft.detach(), 0), dim, index, 1.0)
    straight: Tensor = one_hot - soft.detach() + soft
    return straight


@public(torch=False, functional=True)
def glu(input: Tensor, dim: int = -1) -> Tensor:
    """The first half times the sigmoid of the second, along ``dim``."""
    if input.ndim == 0:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    out: Tensor = function("glu")(input, dim)
    return out
