"""dtypes and layouts of PyTorch's that no tensor has here: their names are there, tensors are not.

Libraries put ``torch.qint8`` or ``torch.float8_e4m3fn`` into tables as they are imported, and ask
``x.layout == torch.sparse_csr``: that works. Making such a tensor raises NotImplementedError.

>>> DTYPES["qint8"]
torch.qint8
>>> refuse(DTYPES["qint8"], "zeros")
Traceback (most recent call last):
    ...
rushlight.base.left_out.LeftOut: zeros: torch.qint8 is left out of Rushlight: quantised integers ...
"""

from __future__ import annotations

from typing import final

from rushlight.base.left_out import HALF_COMPLEX, LeftOut

_NARROW = "float8 and numbers of fewer than 8 bits are not part of it; float16 holds every float8"
_QUANTISED = "quantised integers are not part of it; keep weights in float16 or bfloat16"


@final
class AbsentDtype:
    """A dtype that can be named, compared and looked up, and that no tensor has."""

    __slots__ = ("is_complex", "is_floating_point", "is_signed", "itemsize", "name", "why")

    def __init__(self, name: str, itemsize: int, why: str) -> None:
        self.name = name
        self.itemsize = itemsize
        self.why = why
        self.is_complex = name.startswith("complex")
        self.is_floating_point = name.startswith("float")
        self.is_signed = not name.startswith(("u", "q", "b"))

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return dtype_named, (self.name,)


_FLOAT8 = (
    "float8_e4m3fn float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz float8_e8m0fnu float4_e2m1fn_x2"
)
_SUB_BYTE = [f"{kind}{bits}" for kind in ("int", "uint") for bits in range(1, 8)]
DTYPES: dict[str, AbsentDtype] = {
    name: AbsentDtype(name, itemsize, why)
    for names, itemsize, why in (
        (
            [
                *_FLOAT8.split(),
                "float4_e2m1fn_x2",
                *_SUB_BYTE,
                "bits8",
                "bits1x8",
                "bits2x4",
                "bits4x2",
            ],
            1,
            _NARROW,
        ),
        (["bits16"], 2, _NARROW),
        (["complex32"], 4, HALF_COMPLEX),
        (["qint8", "quint8", "quint4x2", "quint2x4"], 1, _QUANTISED),
        (["qint32"], 4, _QUANTISED),
    )
    for name in names
}
# Layouts are made where their class is (tensor/interface.py).
LAYOUTS = ("sparse_csr", "sparse_csc", "sparse_bsr", "sparse_bsc", "jagged")


def dtype_named(name: str) -> AbsentDtype:
    """The one object of that name (what a pickled one becomes again)."""
    return DTYPES[name]


def refuse(value: object, who: str) -> None:
    """Raise NotImplementedError if ``value`` is a dtype that no tensor has."""
    if isinstance(value, AbsentDtype):
        raise LeftOut(f"{who}: {value} is left out of Rushlight: {value.why}")
