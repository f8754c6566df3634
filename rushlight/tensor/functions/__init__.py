"""Functions that several ops make up, or that need values on the host: the rest of torch.*,
Tensor.* and torch.nn.functional.* beside the op table.

``FUNCTIONS`` maps each name to its function; METHODS, INPLACE, FUNCTIONAL and TORCH say where users
find it (INPLACE: ``Tensor.<name>_`` exists too).
"""

import importlib

from rushlight import ops
from rushlight.tensor.functions import (
    activation,
    closeness,
    complex_numbers,
    copies,
    dropout,
    dynamic,
    fft,
    frequencies,
    histogram,
    linalg,
    loss,
    memory,
    norm,
    padding,
    pooling,
    products,
    sorting,
    sparse,
    split,
    statistics,
    stft,
    torch_forms,
)
from rushlight.tensor.functions.register import (
    FUNCTIONAL,
    FUNCTIONS,
    INPLACE,
    METHODS,
    TORCH,
    TORCH_FORMS,
)

__all__ = [
    "FUNCTIONAL", "FUNCTIONS", "INPLACE", "METHODS", "RARE", "TORCH", "TORCH_FORMS", "load_rare",
]  # fmt: skip

# No function here is a method of Tensor; see ops/__init__.py.
RARE = (
    "ctc", "embedding_bag", "grid", "integration", "linear_loss", "multi_head", "native_norm",
    "pairs", "rare_forms", "recurrent", "segments", "sequence_conv", "special", "unpooling",
    "variates", "vision", "weight_norm", "windows",
)  # fmt: skip
_waiting = [*RARE]


def load_rare() -> bool:
    """List the rare functions and ops too. False if they were there already."""
    fresh = ops.load_rare()
    fresh = fresh or bool(_waiting)
    while _waiting:
        importlib.import_module(f"rushlight.tensor.functions.{_waiting.pop()}")
    return fresh
