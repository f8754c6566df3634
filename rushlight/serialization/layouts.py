"""torch.strided and its kin in a file: by name."""

from __future__ import annotations

from pickle import UnpicklingError

from rushlight.serialization.brief import brief
from rushlight.tensor.interface import layout, sparse_coo, strided

_ABSENT = [f"torch.sparse_{name}" for name in ("csr", "csc", "bsr", "bsc")]
LAYOUTS = {str(each): each for each in (strided, sparse_coo)}


def find_layout(name: object) -> layout:
    """The layout called ``torch.strided``. Raises UnpicklingError if there is none."""
    found = LAYOUTS.get(name) if isinstance(name, str) else None
    if name in _ABSENT:
        raise NotImplementedError(
            f"torch.load: the file holds a tensor in the layout {name}; of the sparse layouts "
            "only torch.sparse_coo is there"
        )
    if found is None:
        raise UnpicklingError(f"a layout called {brief(name)} is unknown")
    return found
