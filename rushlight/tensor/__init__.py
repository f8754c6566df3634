"""Tensors: values with PyTorch's face. Importing this completes the class.

Every name of the op table that PyTorch has as ``torch.<name>`` can be imported from here; it is
made when first asked for.
"""

from __future__ import annotations

from typing import Any

import rushlight.ops  # fills the op table
from rushlight.base.dtype import BY_NAME as _DTYPES
from rushlight.base.dtype import (
    bfloat16,
    bool_,
    cdouble,
    cfloat,
    complex64,
    complex128,
    double,
    dtype,
    float16,
    float32,
    float64,
    get_default_dtype,
    half,
    int8,
    int16,
    int32,
    int64,
    long,
    short,
    uint8,
    uint16,
    uint32,
    uint64,
)  # fmt: skip
from rushlight.base.dtype import float_ as _float
from rushlight.base.dtype import int_ as _int
from rushlight.base.dtype import set_default_dtype as _set_default_dtype
from rushlight.base.spans import spanned
from rushlight.engine.flush import flush
from rushlight.engine.trace import local
from rushlight.engine.value import Size
from rushlight.tensor import functions, indexing, late, methods, operators, overrides, random_fill
from rushlight.tensor import samples as samples
from rushlight.tensor.backward import backward, grad
from rushlight.tensor.create import (
    arange,
    empty,
    empty_like,
    eye,
    full,
    full_like,
    linspace,
    logspace,
    ones,
    ones_like,
    zeros,
    zeros_like,
)  # fmt: skip
from rushlight.tensor.device import Device as device
from rushlight.tensor.display import set_printoptions
from rushlight.tensor.from_data import (
    as_tensor,
    asarray,
    from_file,
    from_numpy,
    frombuffer,
    scalar_tensor,
    tensor,
)  # fmt: skip
from rushlight.tensor.generator import (
    Generator,
    default_generator,
    get_rng_state,
    initial_seed,
    manual_seed,
    seed,
    set_rng_state,
)  # fmt: skip
from rushlight.tensor.methods import exchange
from rushlight.tensor.modes import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)  # fmt: skip
from rushlight.tensor.out import require_parts, require_same_dtypes, write_out
from rushlight.tensor.random import (
    normal,
    rand,
    rand_like,
    randint,
    randint_like,
    randn,
    randn_like,
    randperm,
)  # fmt: skip
from rushlight.tensor.random_choice import bernoulli, multinomial
from rushlight.tensor.state import edge_of
from rushlight.tensor.tensor import Tensor, edge_through
from rushlight.tensor.wrap import canonical, function

methods.install()
exchange.install()
overrides.install()
operators.install()
indexing.install()
late.install()
for _name, _method in random_fill.METHODS.items():
    setattr(Tensor, _name, _method)


def set_default_dtype(d: dtype) -> None:
    """Make ``d`` the dtype of new floating-point tensors. Raises TypeError for other kinds."""
    flush()  # what is recorded was recorded under the old one
    _set_default_dtype(d)
    local.trace.reset()


# What makes tensors, or reads them; the op table and tensor/functions name theirs themselves.
for _made in (
    arange, as_tensor, bernoulli, empty, empty_like, eye, from_numpy, full, full_like, linspace,
    logspace, multinomial, normal, ones, ones_like, rand, rand_like, randint, randint_like, randn,
    randn_like, randperm, tensor, zeros, zeros_like, Tensor.copy_, Tensor.item, Tensor.numpy,
    Tensor.to, Tensor.tolist,
):  # fmt: skip
    spanned(_made, f"aten::{_made.__name__}")
for _backward in (backward, Tensor.backward):
    spanned(_backward, "autograd::backward")
spanned(grad, "autograd::grad")


def _extremum(name: str, kind: str, pairwise: str) -> Any:
    def extremum(input: Tensor, *args: Any, **kwargs: Any) -> Any:
        out = kwargs.pop("out", None)
        if "other" in kwargs or (args and isinstance(args[0], Tensor)):
            return function(pairwise)(input, *args, **kwargs, out=out)
        if args[:1] == (None,) or kwargs.get("dim", 0) is None:
            raise TypeError(f"{name}(): argument 'dim' must be int, not NoneType; leave it out")
        dim = args[0] if args else kwargs.get("dim")
        if isinstance(dim, (tuple, list)):
            raise TypeError(f"{name}(): argument 'dim' must be int, not {type(dim).__name__}")
        result = function(f"_{kind}")(input, *args, **kwargs)
        if out is None:
            return result
        if isinstance(result, Tensor):
            return write_out(name, out, result)
        require_parts(name, out, result)
        require_same_dtypes(name, out, result)
        return type(result)(*(write_out(name, a, b) for a, b in zip(out, result, strict=True)))

    extremum.__name__ = extremum.__qualname__ = name
    extremum.__doc__ = (
        f"The {name} of all elements; (values, indices) along ``dim``; or element by element with "
        "another tensor."
    )
    return extremum


max = _extremum("max", "max", "maximum")
min = _extremum("min", "min", "minimum")
Tensor.max, Tensor.min = max, min  # type: ignore[attr-defined]


def as_strided(input: Tensor, size: Any, stride: Any, storage_offset: int | None = None) -> Tensor:
    """Any window into the storage of ``input``: steps in elements, checked against its end."""
    from rushlight.ops.layout import Layout

    layout = input._current_layout()
    offset = layout.offset if storage_offset is None else int(storage_offset)
    shape, steps = Size(size), Size(stride)
    if len(shape) != len(steps):
        raise RuntimeError("mismatch in length of strides and shape")
    if any(each < 0 for each in shape):
        raise RuntimeError(
            f"Storage size calculation overflowed with sizes={list(shape)} and "
            f"strides={list(steps)}"
        )
    if any(step < 0 for step in steps):
        raise RuntimeError(
            "as_strided: Negative strides are not supported at the moment, got strides: "
            f"{list(steps)}"
        )
    storage = input._share()
    input._read_value()
    source = edge_of(input)
    window = Layout(Size(shape), steps, offset)
    if offset < 0:
        raise RuntimeError(f"Tensor: invalid storage offset {offset}")
    held = storage.value.meta
    if window.ends > held.numel:
        raise RuntimeError(
            f"setStorage: sizes {list(shape)}, strides {list(steps)}, storage offset {offset}, and "
            f"itemsize {held.dtype.itemsize} requiring a storage size of "
            f"{window.ends * held.dtype.itemsize} are out of bounds for storage of size "
            f"{held.nbytes}"
        )
    view = object.__new__(Tensor)
    view._storage, view._value, view._seen, view._edge = storage, storage.value, -1, None
    view._layout = window
    view._refresh()
    # A view that became a leaf, or was made without a graph, is where the gradient ends.
    ends = input._base is None or (edge_of(input._base) is None and source is not None)
    view._base = input if ends else input._base
    if source is not None:
        if local.trace.grad:
            view._edge = edge_through(input, window, source)
        else:
            view.__dict__["_detached"] = True
    return view


Tensor.as_strided = as_strided  # type: ignore[attr-defined]


def __getattr__(name: str) -> Any:
    """``float``, ``int`` and ``bool`` are dtypes; other names come from the op table."""
    found = named(name)
    if found is None:
        raise AttributeError(f"module 'torch' has no attribute '{name}'")
    globals()[name] = found
    return found


_KINDS = {"float": _float, "int": _int, "bool": bool_}


def named(name: str) -> Any:
    """What ``torch.<name>`` is, as far as the tensor layer knows; None where it is nothing."""
    if name in _KINDS:
        return _KINDS[name]
    if name in functions.TORCH_FORMS:
        return functions.TORCH_FORMS[name]
    if name in functions.TORCH:
        return functions.FUNCTIONS[name]
    op = canonical(name)
    if op is not None and (rushlight.ops.OPS[op].torch or rushlight.ops.OPS[op].view):
        return function(name)
    if name.endswith("_"):
        op = canonical(name[:-1])
        if op is not None and rushlight.ops.OPS[op].inplace:
            return getattr(Tensor, name, None) or methods.find_method(name)
    return named(name) if functions.load_rare() else None


def functional(name: str) -> Any:
    """What ``torch.nn.functional.<name>`` is; None where it is nothing."""
    if name in functions.FUNCTIONAL:
        return functions.FUNCTIONS[name]
    op = canonical(name)
    if op is not None and rushlight.ops.OPS[op].functional:
        return function(name)
    return functional(name) if functions.load_rare() else None


def functional_names() -> set[str]:
    """Every name that ``functional`` knows."""
    functions.load_rare()
    ops = {
        name
        for op in rushlight.ops.OPS.values()
        if op.functional
        for name in (op.name, *op.aliases)
    }
    return {name for name in {*functions.FUNCTIONAL, *ops} if name[0] != "_"}


__all__ = [
    "_DTYPES", "Generator", "Size", "Tensor", "arange", "as_strided", "as_tensor", "asarray",
    "backward", "bernoulli", "bfloat16", "cdouble", "cfloat", "complex64", "complex128",
    "default_generator", "device", "double", "dtype", "empty", "empty_like", "enable_grad", "eye",
    "float16", "float32", "float64", "from_file", "from_numpy", "frombuffer", "full", "full_like",
    "get_default_dtype", "get_rng_state", "grad", "half", "inference_mode", "initial_seed", "int8",
    "int16", "int32", "int64", "is_grad_enabled", "is_inference_mode_enabled", "linspace",
    "logspace", "long", "manual_seed", "max", "min", "multinomial", "no_grad", "normal", "ones",
    "ones_like", "rand", "rand_like", "randint", "randint_like", "randn", "randn_like",
    "randperm", "scalar_tensor", "seed", "set_default_dtype", "set_grad_enabled",
    "set_printoptions", "set_rng_state", "short", "tensor", "uint8", "uint16",
    "uint32", "uint64", "zeros", "zeros_like",
]  # fmt: skip
