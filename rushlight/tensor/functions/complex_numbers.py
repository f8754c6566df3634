"""Parts and conjugates of complex tensors: views of the same memory where no gradient is asked.

A gradient flows through ``x.real`` as through any op; then the result is a tensor of its own.
A conjugate has elements of its own, which a write to the tensor changes too, and the other way
round (see ``mirror`` in tensor/storage.py). Where a gradient is asked, or of a tensor that is a
part of another, it is a tensor of its own, and ``is_conj()`` only says what made it.
"""

from __future__ import annotations

import weakref
from typing import Any
from weakref import ref

from rushlight.engine.trace import local
from rushlight.ops.layout import Layout
from rushlight.tensor.functions.register import public
from rushlight.tensor.methods.reinterpret import shown_as
from rushlight.tensor.state import GradNode
from rushlight.tensor.storage import Storage, is_conjugated
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


def _traced(x: Tensor) -> bool:
    """Whether the result is to be computed: for a gradient, or of one sample of ``vmap``."""
    return bool(local.trace.abstract or (x.requires_grad and local.trace.grad))


def _copied(x: Tensor, name: str) -> Tensor:
    """What would be a view without its gradient; a write to either is refused while both live."""
    made: Tensor = function(name)(x)
    if type(made._edge) is GradNode:
        made._copies = (ref(x),)
        x._copies = (*(each for each in x._copies or () if each() is not None), ref(made))
    return made


@public()
def view_as_real(input: Tensor) -> Tensor:
    """Complex (*) as real (*, 2) on the same memory: the parts along a new last axis.

    >>> import rushlight as torch
    >>> torch.view_as_real(torch.tensor([1 + 2j]))
    tensor([[1., 2.]])
    """
    if _traced(input) or not input.dtype.is_complex:
        return _copied(input, "_view_as_real")
    if is_conjugated(input):
        raise RuntimeError(
            "view_as_real doesn't work on unresolved conjugated tensors.  To resolve the conjugate "
            "tensor so you can view it as real, use self.resolve_conj(); however, be warned that "
            "the resulting tensor will NOT alias the original."
        )
    layout = _pairs(input)
    return shown_as(input, input.dtype.to_real(), layout)


def _pairs(x: Tensor) -> Layout:
    x._read_value()
    layout = x._current_layout()
    strides = (*(2 * step for step in layout.strides), 1)
    return Layout((*layout.shape, 2), strides, 2 * layout.offset)


@public()
def view_as_complex(input: Tensor) -> Tensor:
    """Real (*, 2) as complex (*) on the same memory. RuntimeError where pairs do not lie together.

    >>> import rushlight as torch
    >>> torch.view_as_complex(torch.tensor([[1., 2.]]))
    tensor([1.+2.j])
    """
    made: Tensor
    if input.dtype.name not in ("float32", "float64") or input.shape[-1:] != (2,):
        made = function("_view_as_complex")(input)  # says what is wrong
        return made
    input._read_value()
    layout = input._current_layout()
    *outer, last = layout.strides
    if last != 1:
        raise RuntimeError("Tensor must have a last dimension with stride 1")
    if any(step % 2 for step in outer):
        raise RuntimeError("Tensor must have a stride divisible by 2 for all but last dimension")
    if layout.offset % 2:
        raise RuntimeError("Tensor must have a storage_offset divisible by 2")
    if _traced(input):
        return _copied(input, "_view_as_complex")
    halves = Layout(layout.shape[:-1], tuple(step // 2 for step in outer), layout.offset // 2)
    return shown_as(input, input.dtype.to_complex(), halves)


def _part(x: Tensor, place: int) -> Tensor:
    layout = _pairs(x)
    one = Layout(layout.shape[:-1], layout.strides[:-1], layout.offset + place)
    return shown_as(x, x.dtype.to_real(), one)


@public()
def real(input: Tensor) -> Tensor:
    """The real part, on the same memory; a real tensor itself."""
    if not input.dtype.is_complex:
        return input
    if _traced(input):
        return _copied(input, "_real")
    return _part(input, 0)


@public()
def imag(input: Tensor) -> Tensor:
    """The imaginary part, on the same memory. RuntimeError for a real tensor."""
    if _traced(input) or not input.dtype.is_complex:
        return _copied(input, "_imag")
    return _part(input, 1)


@public(method=True)
def conj(input: Tensor) -> Tensor:
    """The complex conjugate; a real tensor itself."""
    if not input.dtype.is_complex:
        return input
    layout = input._current_layout()
    if input.requires_grad or local.trace.abstract or not layout.fills(input._root().meta.numel):
        made: Tensor = function("_conj")(input)
        if not is_conj(input):
            made.__dict__["_conjugate"] = True
        return made
    input._read_value()
    return Tensor._window(_mirror_of(input._share()), layout)


def _mirror_of(storage: Storage) -> Storage:
    """The storage of the conjugates of all elements: the same one as long as somebody has it."""
    known = None if storage.mirror is None else storage.mirror()
    if known is not None:
        return known
    mirror = Storage(function("_conj")(Tensor._of(storage.value))._read_value())
    mirror.version = mirror.value.version = storage.version
    mirror.conjugated = not storage.conjugated
    storage.mirror, mirror.mirror = weakref.ref(mirror), weakref.ref(storage)
    return mirror


@public(method=True)
def is_conj(input: Tensor) -> bool:
    """Whether the tensor is a conjugate view: what ``conj`` made, or a view of that."""
    return input.dtype.is_complex and is_conjugated(input)


@public(method=True)
def resolve_conj(input: Tensor) -> Tensor:
    """The same numbers, with ``is_conj()`` False."""
    if not is_conj(input):
        return input
    made: Tensor = function("clone")(input)
    return made


@public(method=True)
def is_neg(input: Tensor) -> bool:
    """False: no tensor is lazily negated here."""
    return False


@public(method=True)
def resolve_neg(input: Tensor) -> Tensor:
    """The tensor itself."""
    return input


@public(method=True, out=True)
def angle(input: Tensor) -> Tensor:
    """The angle of complex numbers; of real ones 0, pi below 0, nan of nan."""
    made: Tensor
    if input.dtype.is_complex:
        made = function("_angle")(input)
        return made
    x: Any = input if input.dtype.is_floating_point else function("mul")(input, 1.0)
    made = function("_angle_of_real")(x)
    return made


@public(method=True)
def adjoint(input: Tensor) -> Tensor:
    """The last two axes swapped, and conjugated."""
    if 0 < input.ndim < 2:
        raise RuntimeError(
            "tensor.adjoint() is only supported on matrices or batches of matrices. Got "
            f"{input.ndim}-D tensor."
        )
    made: Tensor = input if not input.ndim else function("transpose")(input, -2, -1)
    return conj(made)


def matrix_adjoint(input: Tensor) -> Tensor:
    """``Tensor.mH``: as ``adjoint``. RuntimeError below two dims."""
    if 0 < input.ndim < 2:
        raise RuntimeError(
            "tensor.mH is only supported on matrices or batches of matrices. Got "
            f"{input.ndim}-D tensor."
        )
    return adjoint(input)


def hermitian(input: Tensor) -> Tensor:
    """``Tensor.H``: the conjugate transpose of one matrix."""
    if input.ndim not in (0, 2):
        raise RuntimeError(
            f"tensor.H is only supported on matrices (2-D tensors). Got {input.ndim}-D tensor."
        )
    return adjoint(input)


@public(method=True, out=True)
def vdot(input: Tensor, other: Tensor) -> Tensor:
    """The dot product of two vectors, the first one conjugated."""
    made: Tensor = function("dot")(conj(input), other)
    return made


def set_real(input: Tensor, value: Any) -> None:
    """``x.real = value``."""
    real(input).copy_(value)  # type: ignore[attr-defined]


def set_imag(input: Tensor, value: Any) -> None:
    """``x.imag = value``."""
    imag(input).copy_(value)  # type: ignore[attr-defined]


Tensor.real = property(real, set_real)  # type: ignore[attr-defined]
Tensor.imag = property(imag, set_imag)  # type: ignore[attr-defined]
Tensor.H = property(hermitian)  # type: ignore[attr-defined]
Tensor.mH = property(matrix_adjoint)  # type: ignore[attr-defined]
