"""Names that PyTorch had and took away: they say what to write instead."""

from __future__ import annotations

from typing import Any

from rushlight.tensor.functions.register import public

_INSTEAD = {
    "symeig": "torch.linalg.eigh(A, UPLO='U' if upper else 'L'), or eigvalsh without eigenvectors",
    "eig": "torch.linalg.eig(A), or eigvals without eigenvectors: their results are complex",
    "lstsq": "torch.linalg.lstsq(A, B).solution: its arguments are the other way round",
    "solve": "torch.linalg.solve(A, B): its arguments are the other way round",
    "matrix_rank": "torch.linalg.matrix_rank, where 'symmetric' is called 'hermitian'",
}


def _gone(name: str, instead: str) -> None:
    def removed(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(
            f"This function was deprecated since version 1.9 and is now removed. Instead of "
            f"torch.{name} write {instead}."
        )

    removed.__name__ = removed.__qualname__ = name
    removed.__doc__ = f"Removed from PyTorch: raises RuntimeError; see {instead}."
    public(method=True, name=name)(removed)


for _name, _other in _INSTEAD.items():
    _gone(_name, _other)
