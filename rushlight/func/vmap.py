"""``torch.vmap``: a function of one sample, for all samples at once."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from rushlight.base.pytree import (
    TreeSpec,
    broadcast_to,
    tree_flatten,
    tree_unflatten,
)
from rushlight.tensor import Tensor
from rushlight.tensor.samples import Level
from rushlight.tensor.wrap import function

_RANDOMNESS = ("error", "different", "same")


def _name(func: Any) -> str:
    return getattr(func, "__name__", repr(func))


def _dims_of(func: Any, in_dims: Any, args: tuple[Any, ...], leaves: list[Any],
             spec: TreeSpec) -> list[int | None]:  # fmt: skip
    """The axis of samples of every leaf of the arguments. Raises ValueError where it is none."""
    where = f"vmap({_name(func)}, in_dims={in_dims}, ...)(<inputs>): "
    if not isinstance(in_dims, (int, tuple)):
        if isinstance(in_dims, list):
            in_dims = tuple(in_dims)
        else:
            raise ValueError(
                f"{where}expected `in_dims` to be int or a (potentially nested) tuple matching the "
                f"structure of inputs, got: {type(in_dims)}."
            )
    if not args:
        raise ValueError(
            f"vmap({_name(func)})(<inputs>): got no inputs. Maybe you forgot to add inputs, or you "
            "are trying to vmap over a function with no inputs. The latter is unsupported."
        )
    found = broadcast_to(in_dims, spec)
    if found is None:
        raise ValueError(
            f"{where}in_dims is not compatible with the structure of `inputs`. in_dims has "
            f"structure {tree_flatten(in_dims)[1]} but inputs has structure {spec}."
        )
    dims: list[int | None] = []
    for leaf, dim in zip(leaves, found, strict=True):
        if dim is not None and (not isinstance(dim, int) or isinstance(dim, bool)):
            raise ValueError(
                f"{where}Got in_dim={dim} for an input but in_dim must be either an integer "
                "dimension or None."
            )
        if dim is None:
            dims.append(None)
            continue
        if not isinstance(leaf, Tensor):
            raise ValueError(
                f"{where}Got in_dim={dim} for an input but the input is of type {type(leaf)}. We "
                "cannot vmap over non-Tensor arguments, please use None as the respective in_dim"
            )
        if not -leaf.ndim <= dim < leaf.ndim:
            raise ValueError(
                f"{where}Got in_dim={dim} for some input, but that input is a Tensor of "
                f"dimensionality {leaf.ndim} so expected in_dim to satisfy "
                f"-{leaf.ndim} <= in_dim < {leaf.ndim}."
            )
        dims.append(dim % leaf.ndim)
    return dims


def _size_of(func: Any, leaves: list[Any], dims: list[int | None]) -> int:
    sizes = [leaf.shape[dim] for leaf, dim in zip(leaves, dims, strict=True) if dim is not None]
    if not sizes:
        raise ValueError(
            f"vmap({_name(func)}, ...)(<inputs>): at least one input must have an axis of samples: "
            "all in_dims are None"
        )
    if any(size != sizes[0] for size in sizes):
        raise ValueError(
            "vmap: Expected all tensors to have the same size in the mapped dimension, got sizes "
            f"{sizes} for the mapped dimension"
        )
    size: int = sizes[0]
    return size


def _front(tensor: Tensor, dim: int) -> Tensor:
    moved: Tensor = tensor if dim == 0 else function("movedim")(tensor, dim, 0)
    return moved


def _out_dims(func: Any, out_dims: Any, spec: TreeSpec) -> list[int | None]:
    if spec.type is None and isinstance(out_dims, tuple) and len(out_dims) == 1:
        out_dims = out_dims[0]
    found = broadcast_to(out_dims, spec)
    if found is None or not all(each is None or isinstance(each, int) for each in found):
        raise ValueError(
            f"vmap({_name(func)}, ..., out_dims={out_dims})(<inputs>): out_dims is not compatible "
            f"with the structure of `outputs`. out_dims has structure {tree_flatten(out_dims)[1]} "
            f"but outputs has structure {spec}."
        )
    return found


def _run(func: Any, leaves: list[Any], dims: list[int | None], spec: TreeSpec, size: int,
         out_dims: Any, randomness: str, kwargs: dict[str, Any]) -> Any:  # fmt: skip
    fronts = [
        leaf if dim is None else _front(leaf, dim) for leaf, dim in zip(leaves, dims, strict=True)
    ]
    level = Level(size, randomness)
    with level.active():
        given = [
            leaf if dim is None else level.take(leaf)
            for leaf, dim in zip(fronts, dims, strict=True)
        ]
        result = func(*tree_unflatten(given, spec), **kwargs)
        outs, out_spec = tree_flatten(result)
        places = _out_dims(func, out_dims, out_spec)
        for out, place in zip(outs, places, strict=True):
            if place is not None and not isinstance(out, Tensor):
                raise ValueError(
                    f"vmap({_name(func)}, ...): `{_name(func)}` must only return Tensors, got type "
                    f"{type(out)}. Did you mean to set out_dims= to None for output?"
                )
            if place is None and isinstance(out, Tensor) and level.differs(out):
                raise ValueError(
                    f"vmap({_name(func)}, ...): `{_name(func)}` can not return a BatchedTensor "
                    "when out_dim is None"
                )
        made = iter(level.leave([out for out in outs if isinstance(out, Tensor)]))
    results = []
    for out, place in zip(outs, places, strict=True):
        if not isinstance(out, Tensor):
            results.append(out)
            continue
        tensor = next(made)
        if place is None:
            results.append(function("select")(tensor, 0, 0))  # the same for every sample
        else:
            ahead = place in (0, -tensor.ndim)
            results.append(tensor if ahead else function("movedim")(tensor, 0, place))
    return tree_unflatten(results, out_spec)


def _joined(chunks: list[Any], out_dims: Any) -> Any:
    specs = [tree_flatten(chunk) for chunk in chunks]
    spec = specs[0][1]
    places = broadcast_to(out_dims, spec) or [0] * spec.num_leaves
    columns = zip(*(leaves for leaves, _ in specs), strict=True)
    return tree_unflatten(
        [
            column[0] if place is None else function("cat")(column, place)
            for column, place in zip(columns, places, strict=True)
        ],
        spec,
    )


def vmap(
    func: Callable[..., Any], in_dims: Any = 0, out_dims: Any = 0, randomness: str = "error", *,
    chunk_size: int | None = None,
) -> Callable[..., Any]:  # fmt: skip
    """``func``, written for one sample, as a function of batches.

    ``in_dims`` says which axis of each argument the samples are along (None: the same for all),
    ``out_dims`` where they shall be in the results. ``randomness`` is what random functions inside
    do: raise an error, or draw the same or different numbers for each sample. With ``chunk_size``
    that many samples are done at a time. Gradients flow through, and levels nest.

    >>> import rushlight as torch
    >>> torch.vmap(torch.dot)(torch.ones(3, 4), torch.ones(3, 4))
    tensor([4., 4., 4.])
    """
    if randomness not in _RANDOMNESS:
        raise RuntimeError(
            f"Only allowed values for randomness are 'error', 'different', or 'same'. Got "
            f"{randomness}"
        )
    if chunk_size is not None and not chunk_size > 0:
        raise ValueError(f"vmap: chunk_size should be None or greater than 0. (got {chunk_size})")

    @functools.wraps(func)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        leaves, spec = tree_flatten(args)
        dims = _dims_of(func, in_dims, args, leaves, spec)
        size = _size_of(func, leaves, dims)
        if chunk_size is None or chunk_size >= size:
            return _run(func, leaves, dims, spec, size, out_dims, randomness, kwargs)
        chunks = []
        for start in range(0, size, chunk_size):
            count = min(chunk_size, size - start)
            part = [
                leaf if dim is None else leaf.narrow(dim, start, count)
                for leaf, dim in zip(leaves, dims, strict=True)
            ]
            chunks.append(_run(func, part, dims, spec, count, out_dims, randomness, kwargs))
        return _joined(chunks, out_dims)

    return wrapped


__all__ = ["vmap"]
