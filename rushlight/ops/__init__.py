"""Every operation of the library, each defined once. Importing this fills the op table.

A family is a file, or a folder with a file per concept. The rare ones are loaded by the first
look-up of a name that the others do not have: an import has to be short.
"""

import importlib
from typing import Any

from rushlight.base.left_out import OPERATORS, LeftOut
from rushlight.base.operator_names import ATEN as aten
from rushlight.base.operators import known_namespace
from rushlight.ops import (
    activation,
    adaptive_indices,
    addmm,
    arithmetic,
    attention,
    comparison,
    complex_numbers,
    conv,
    conv_transpose,
    create,
    diagonals,
    dropout,
    einsum,
    embedding,
    fill_at,
    fold,
    indexing,
    interpolate,
    linear,
    loop_rule,
    loss,
    matmul,
    movement,
    norm,
    pointwise,
    pool,
    products,
    ranked,
    reduce,
    scatter,
    selection,
    sorting,
    view,
)
from rushlight.ops.table import OPS

__all__ = ["OPS", "RARE", "aten", "load_rare"]

# Families that no other family uses, with their methods of Tensor (tensor/late.py).
RARE = {
    "antialias": "",
    "bag": "",
    "ctc": "",
    "distance": "",
    "fft": "",
    "grid": "",
    "linalg": "det",
    "matrix_exp": "matrix_exp",
    "recurrent": "",
    "special": (
        "i0 i0_ igamma igamma_ igammac igammac_ logaddexp logaddexp2 logaddexp2_ logaddexp_ "
        "logcumsumexp logcumsumexp_ logit logit_ mvlgamma mvlgamma_ sinc sinc_ xlogy xlogy_"
    ),
    "unpool": "",
}
_waiting = [*RARE]


def load_rare() -> bool:
    """Fill the table with the rare families too. False if they were there already."""
    if not _waiting:
        return False
    while _waiting:
        importlib.import_module(f"rushlight.ops.{_waiting.pop()}")
    return True


def __getattr__(name: str) -> Any:
    """``torch.ops.NAME`` is left out, but for what ``torch.library`` registered."""
    if name.startswith("_"):
        raise AttributeError(f"module 'rushlight.ops' has no attribute '{name}'")
    registered = known_namespace(name)
    if registered is not None:
        return registered
    raise LeftOut(f"torch.ops.{name} is left out of Rushlight: {OPERATORS}")
