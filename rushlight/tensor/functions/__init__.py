"""Functions that several ops make up, or that need values on the host: the rest of torch.*,
Tensor.* and torch.nn.functional.* beside the op table.

``FUNCTIONS`` maps each name to its function; METHODS, INPLACE, FUNCTIONAL and TORCH say where users
find it (INPLACE: ``Tensor.<name>_`` exists too).
"""

from rushlight.tensor.functions import (
    activation,
    closeness,
    complex_numbers,
    copies,
    ctc,
    dropout,
    dynamic,
    embedding_bag,
    fft,
    frequencies,
    grid,
    histogram,
    integration,
    linalg,
    linear_loss,
    loss,
    memory,
    multi_head,
    native_norm,
    norm,
    padding,
    pairs,
    pooling,
    products,
    recurrent,
    segments,
    sequence_conv,
    sorting,
    sparse,
    special,
    split,
    statistics,
    stft,
    torch_forms,
    unpooling,
    variates,
    vision,
    weight_norm,
    windows,
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
    "FUNCTIONAL", "FUNCTIONS", "INPLACE", "METHODS", "TORCH", "TORCH_FORMS", "activation",
    "closeness", "complex_numbers", "copies", "ctc", "dropout", "dynamic", "embedding_bag", "fft",
    "frequencies", "grid", "histogram", "integration", "linalg", "linear_loss", "loss", "memory",
    "multi_head", "native_norm", "norm", "padding", "pairs", "pooling", "products", "recurrent",
    "segments", "sequence_conv", "sorting", "sparse", "special", "split", "statistics", "stft",
    "torch_forms", "unpooling", "variates", "vision", "weight_norm", "windows",
]  # fmt: skip
