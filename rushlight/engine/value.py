"""Values: what a tensor holds, an array that may not have been computed yet.

A ``Value`` is in one of three states:

* lazy: result number ``pos`` of the trace whose ``epoch`` it carries; nothing is computed;
* concrete: ``buffer`` holds its elements, row-major, from the buffer's first byte;
* derived: a view of ``parent`` made by the recorded call ``recipe`` (a transpose, a slice ...).
  It owns no memory: whenever a later trace reads it, the view is recorded again, and the compiler
  turns it into the strides of a load.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, final

from rushlight.base.dtype import INTEGER, float32
from rushlight.base.dtype import dtype as DType
from rushlight.base.hot import hot
from rushlight.engine.unused import drop_unused
from rushlight.ops.layout import Layout
from rushlight.runtime.buffer import Buffer
from rushlight.runtime.room import no_room

if TYPE_CHECKING:
    from rushlight.engine.call import Call
    from rushlight.engine.trace import Trace


def _whole(place: int, size: Any) -> int:
    """``size`` as an int: NumPy's whole numbers and tensors of one are taken for theirs."""
    try:
        return operator.index(size)
    except TypeError:
        raise TypeError(
            f"torch.Size() takes an iterable of 'int' (item {place} is '{type(size).__name__}')"
        ) from None


_ADDRESSABLE = 1 << 47  # bytes: no process has room for more


def require_room(call: Any, metas: Iterable[Meta]) -> None:
    """RuntimeError where a result of ``call`` has more bytes than a process can have at all.

    Said where it is recorded, so that what else waits to be computed does not fail with it. A view
    has no bytes of its own, a derivative those that its operation has had.
    """
    if getattr(getattr(call, "op", None), "view", True):
        return
    for meta in metas:
        if meta.nbytes >= _ADDRESSABLE and not meta.shell:
            raise no_room(meta.nbytes)


class Size(tuple[int, ...]):
    """A shape: a tuple of ints that prints and counts as PyTorch's ``torch.Size``.

    >>> Size((2, 3)).numel()
    6
    """

    __slots__ = ()

    def __new__(cls, sizes: Iterable[Any] = ()) -> Size:
        made = tuple.__new__(cls, sizes)
        for each in made:
            if type(each) is not int:
                return tuple.__new__(cls, map(_whole, range(len(made)), made))
        return made

    def numel(self) -> int:
        total = 1
        for size in self:
            total *= size
        return total

    def __repr__(self) -> str:
        return f"torch.Size([{', '.join(map(str, self))}])"

    def __add__(self, other: Any) -> Size:
        return Size(tuple.__add__(self, tuple(other)))

    def __radd__(self, other: Any) -> Size:
        return Size(tuple(other) + tuple(self))

    def __mul__(self, count: Any) -> Size:
        return Size(tuple.__mul__(self, count))

    __rmul__ = __mul__

    def __getitem__(self, index: Any) -> Any:
        found = tuple.__getitem__(self, index)
        return Size(found) if isinstance(index, slice) else found

    def __reduce__(self) -> Any:
        return (Size, (tuple(self),))


_RANKS: dict[tuple[int, DType], int] = {}


@final
@hot
class Meta:
    """Shape and dtype, interned: two values of the same kind share one ``Meta``."""

    __slots__ = (
        "dtype", "inference", "layout", "nbytes", "numel", "rank", "shape", "shell", "twin",
        "without",
    )  # fmt: skip

    def __init__(self, shape: Size, dtype: DType) -> None:
        self.inference = False  # whether of a tensor made in ``inference_mode``
        self.twin: Meta | None = None
        self.shell = False  # whether of tensors of the device "meta", which have no elements
        self.without: Meta | None = None  # the kind of the same tensors without elements
        self.shape = shape
        self.dtype = dtype
        self.numel = shape.numel()
        self.nbytes = self.numel * dtype.itemsize
        self.layout = Layout.of(shape)  # row-major
        self.rank = _RANKS.setdefault((len(shape), dtype), len(_RANKS))  # how many axes of what

    def __repr__(self) -> str:
        return f"{self.dtype.name}{list(self.shape)}"


_METAS: dict[tuple[tuple[int, ...], DType], Meta] = {}
_METAS_LIMIT = 1 << 16


def meta_of(shape: tuple[int, ...], dtype: DType) -> Meta:
    """The one ``Meta`` of this shape and dtype."""
    key = (tuple(shape), dtype)
    found = _METAS.get(key)
    if found is None:
        # NumPy's integers are equal to ours as keys: kept, every shape like it would hold them.
        key = (tuple(map(operator.index, key[0])), dtype)
        if len(_METAS) >= _METAS_LIMIT:
            drop_unused(_METAS)
        found = _METAS[key] = Meta(Size(key[0]), dtype)
    return found


@hot
def flowing(metas: Iterable[Meta]) -> int:
    """A bit for each output of such a kind that has a cotangent: whole numbers have none."""
    given = 0
    for place, meta in enumerate(metas):
        if meta.dtype.is_floating_point or meta.dtype.is_complex:
            given |= 1 << place
    return given


def inference_meta(meta: Meta) -> Meta:
    """The same kind, of tensors made in ``inference_mode``.

    A meta of its own keeps them apart in the trie, so that a gradient that would save one is
    refused when it is made: nothing is checked while steps are found again.
    """
    if meta.inference:
        return meta
    if meta.twin is None:
        meta.twin = Meta(meta.shape, meta.dtype)
        meta.twin.inference = True
    return meta.twin


def shell_meta(meta: Meta) -> Meta:
    """The same kind, of tensors of the device "meta": results of such a tensor are of it too.

    A meta of its own in the trie, as for ``inference_meta``: no step that is found again looks.
    """
    if meta.shell:
        return meta
    if meta.without is None:
        meta.without = Meta(meta.shape, meta.dtype)
        meta.without.shell = True
    return meta.without


@hot
class Epoch:
    """The life of one trace between two flushes; a value's epoch tells whether ``pos`` holds."""

    __slots__ = ("failure", "trace")

    def __init__(self) -> None:
        self.failure: BaseException | None = None
        # Whose life it is: another thread may ask for one of its values.
        self.trace: Trace | None = None


NOWHERE = Epoch()  # the epoch of values that are concrete


@final
@hot
class Value:
    """One array, computed or not; see the module's text."""

    __slots__ = (
        "__weakref__",
        "buffer",
        "epoch",
        "journaled",
        "meta",
        "overwritten",
        "parent",
        "pos",
        "recipe",
        "version",
        "window",
    )

    @hot
    def __init__(self, epoch: Epoch, pos: int, meta: Meta) -> None:
        self.epoch = epoch
        self.pos = pos
        self.meta = meta
        self.buffer: Buffer | None = None
        self.parent: Value | None = None
        self.recipe: Call | None = None
        self.window: Layout | None = None  # of a view: where in the memory of its root it looks
        # Set when an in-place operation gave the tensor another value: a backward pass that
        # saved this one must refuse. After a write through ``.data``, which nobody counts: what
        # knows the value that is there now, which the backward pass reads (tensor/storage.py,
        # tensor/saved_values.py).
        self.overwritten: object = False
        self.journaled = False  # the trace remembers it, to put it back should the flush fail
        self.version = 0

    def __repr__(self) -> str:
        state = "concrete" if self.buffer is not None else "derived" if self.parent else "lazy"
        return f"<{state} value {self.meta}>"


_made = object.__new__


@hot
def values_at(epoch: Epoch, places: Iterable[int], metas: Iterable[Meta]) -> list[Value]:
    """``Value(epoch, place, meta)`` for each, for two thirds of what that costs."""
    values = []
    for place, meta in zip(places, metas):  # noqa: B905  the shorter one decides
        value = _made(Value)
        value.epoch = epoch
        value.pos = place
        value.meta = meta
        value.buffer = value.parent = value.recipe = value.window = None
        value.overwritten = value.journaled = False
        value.version = 0
        values.append(value)
    return values


def concrete(buffer: Buffer, shape: tuple[int, ...], dtype: DType) -> Value:
    """A value whose elements lie in ``buffer`` from its first byte on, row-major."""
    value = Value(NOWHERE, -1, meta_of(shape, dtype))
    value.buffer = buffer
    return value


# Stands in a trace for a view that nobody looks at any more.
GONE = concrete(Buffer(0), (), float32)


def require_one_device(values: Iterable[Value]) -> None:
    """RuntimeError for numbers of the CPU among tensors of the device meta, as any two devices.

    One number is taken anywhere, and whole numbers are: they are indices.
    """
    values = tuple(values)
    if not any(value.meta.shell for value in values):
        return
    for value in values:
        meta = value.meta
        if not meta.shell and meta.shape and meta.dtype.category > INTEGER:
            raise RuntimeError(
                "Tensor on device cpu is not on the expected device meta! Expected all tensors to "
                "be on the same device, but found at least two devices, meta and cpu!"
            )
