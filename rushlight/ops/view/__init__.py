"""Views: operations that only look at memory in another way. Each has a body (for the compiler)
and a ``strides`` rule (for the storage that the result shares)."""

from rushlight.ops.view import cut, diagonal, expand, permute, reshape, sizes, strided

__all__ = ["cut", "diagonal", "expand", "permute", "reshape", "sizes", "strided"]
