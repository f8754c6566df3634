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
    dropout,
    dynamic,
    loss,
    memory,
    norm,
    one_sequence,
    padding,
    pooling,
    products,
    sorting,
    split,
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

# Functions that no other file uses, with their methods of Tensor (tensor/late.py).
RARE = {
    "checks": "",
    "copies": (
        "as_strided_scatter diagonal_scatter narrow_copy positive select_scatter slice_scatter "
        "unsafe_chunk unsafe_split unsafe_split_with_sizes"
    ),
    "ctc": "",
    "embedding_bag": "",
    "fft": "",
    "foreach": "",
    "frequencies": "",
    "grid": "",
    "hashing": "hash_tensor",
    "histogram": "histogram",
    "inner": "",
    "integration": "",
    "linalg": (
        "cholesky cholesky_inverse cholesky_solve eig geqrf inverse logdet lstsq lu lu_solve "
        "matrix_power matrix_rank norm orgqr ormqr pinverse qr slogdet solve svd symeig "
        "triangular_solve"
    ),
    "linear_loss": "",
    "multi_head": "",
    "native_norm": "",
    "numbered_losses": "",
    "pairs": "",
    "rare_forms": "",
    "recurrent": "",
    "segments": "",
    "sequence_conv": "",
    "sparse": (
        "_indices _nnz _values coalesce indices is_coalesced sparse_mask to_dense to_sparse "
        "to_sparse_bsc to_sparse_bsr to_sparse_coo to_sparse_csc to_sparse_csr values"
    ),
    "special": "",
    "statistics": "corrcoef cov index_reduce index_reduce_ nonzero_static renorm renorm_",
    "stft": "istft stft",
    "unpooling": "",
    "variates": "",
    "vision": "",
    "weight_norm": "",
    "windows": "",
}
_waiting = [*RARE]


def load_rare() -> bool:
    """List the rare functions and ops too. False if they were there already."""
    fresh = ops.load_rare()
    fresh = fresh or bool(_waiting)
    while _waiting:
        importlib.import_module(f"rushlight.tensor.functions.{_waiting.pop()}")
    return fresh
