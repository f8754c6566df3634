"""How the operator called NAME in PyTorch's list is reached by a user.

Most names are a path below ``torch`` or a method of Tensor; PyTorch's list wraps some in a lambda
that moves arguments around, and those are written out here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

Adapter = Callable[..., Any]

# In-place random methods, listed without their underscore.
_FILLS = ("cauchy", "exponential", "geometric", "log_normal", "uniform")
_PROPERTIES = ("T", "H", "mT", "mH")
_ON_A_COPY = ("resize_", "resize_as_", "zero_")
# Names of PyTorch's inner library, not of its users: reached there through torch.ops only.
INNER = frozenset({
    "_softmax_backward_data", "_batch_norm_with_update", "_upsample_bilinear2d_aa", "slice",
    "max_pool2d_with_indices_backward", "jiterator_unary", "jiterator_binary",
    "jiterator_4inputs_with_extra_args", "jiterator_binary_return_by_ref",
    "jiterator_2inputs_2outputs", "native_dropout_backward",
})  # fmt: skip
# What the elements are is not said: only shape and dtype are compared.
UNINITIALISED = frozenset({
    "empty", "empty_like", "empty_strided", "empty_permuted", "new_empty", "new_empty_strided",
    "resize_", "resize_as_",
})  # fmt: skip


# Drawn in the order in which ``out`` lies in memory, here as there.
DRAWN = frozenset({"normal", "randn"})
# PyTorch writes something else there than what it computes: into real numbers, logsumexp takes the
# logarithm of the real parts.
ELSEWHERE = frozenset({("logsumexp", "double")})
# PyTorch is the less exact of the two, as its own tests know: (relative, absolute).
INEXACT = {
    "special.bessel_j0": (1e-4, 1e-4), "special.bessel_j1": (1e-4, 1e-4),
    "special.bessel_y0": (1e-4, 1e-4), "special.bessel_y1": (1e-4, 1e-4),
    "nn.functional.ctc_loss": (2e-3, 1e-5), "cov": (1e-3, 1e-4),
    "polygamma": (1e-4, 1e-4), "special.polygamma": (1e-4, 1e-4),
}  # fmt: skip


def settled(name: str, result: Any) -> Any:
    """What of a result is no choice: vectors of a decomposition have no sign (or phase).

    Works on the tensors of either library.
    """
    if name in ("svd", "linalg.svd"):
        left, values, right = result
        k = values.shape[-1]
        right = right.mH if name == "svd" else right
        left, right = left[..., :k], right[..., :k, :]
        return left.abs(), values, right.abs(), left @ right
    if name in ("svd_lowrank", "pca_lowrank"):
        left, values, right = result
        return left @ right.mH, values
    if name in ("linalg.eig", "linalg.eigh"):
        return result[0], result[1].abs()
    return result


def _swapped(function: Adapter) -> Adapter:
    return lambda first, second, *args, **kwargs: function(second, first, *args, **kwargs)


def _order_first(function: Adapter) -> Adapter:
    """Of polygamma: its number comes before the tensor, or by name."""
    return lambda x, n, **kwargs: function(n, x, **kwargs)


def _on_copy(name: str) -> Adapter:
    return lambda x, *args: getattr(x.clone(), name)(*args)


def _property(name: str) -> Adapter:
    return lambda x: getattr(x, name)


def _adapters(torch: Any) -> dict[str, Callable[[], Adapter]]:
    F = torch.nn.functional
    return {
        "einsum": lambda: _swapped(torch.einsum),
        "where": lambda: lambda x, condition, other, **kw: torch.where(condition, x, other, **kw),
        "nn.functional.embedding": lambda: _swapped(F.embedding),
        "nn.functional.embedding_bag": lambda: _swapped(F.embedding_bag),
        "polygamma": lambda: _order_first(torch.polygamma),
        "torch.ops.aten._safe_softmax.default": lambda: torch._safe_softmax,
        # PyTorch's list calls randn_like here.
        "rand_like": lambda: torch.randn_like,
        "special.polygamma": lambda: _order_first(torch.special.polygamma),
        "svd_lowrank": lambda: lambda a, b, **kw: torch.svd_lowrank(a @ b.mT, **kw),
        "pca_lowrank": lambda: lambda a, b, **kw: torch.pca_lowrank(a @ b.mT, **kw),
        **{name: partial(_property, name) for name in _PROPERTIES},
        **{name: partial(_on_copy, name) for name in _ON_A_COPY},
        **{name: partial(_method, torch, f"{name}_") for name in _FILLS},
    }


def _method(torch: Any, name: str) -> Adapter:
    return getattr(torch.Tensor, name)  # type: ignore[no-any-return]


def _variant_adapter(torch: Any, name: str, variant: str) -> Adapter | None:
    if (name, variant) == ("normal", "in_place"):
        return torch.Tensor.normal_  # type: ignore[no-any-return]
    if (name, variant) == ("normal", "number_mean"):
        return _swapped(torch.normal)
    if (name, variant) == ("linalg.lstsq", "grad_oriented"):
        return lambda a, b, driver: torch.linalg.lstsq(a, b, driver=driver)[:2]
    if (name, variant) == ("linalg.pinv", "singular"):
        return lambda a, b: torch.linalg.pinv(a @ b.mT)
    return None


def find(torch: Any, name: str, variant: str = "") -> Adapter | None:
    """What a user calls for the operator ``name``; None where Rushlight has no such name."""
    try:
        special = _variant_adapter(torch, name, variant)
        if special is not None:
            return special
        adapters = _adapters(torch)
        if name in adapters:
            return adapters[name]()
        for start in (torch, torch.Tensor):
            found = _follow(start, name)
            if callable(found) and not isinstance(found, type):
                return found  # type: ignore[no-any-return]
        return _method(torch, name)
    except (AttributeError, ImportError):
        return None


def _follow(start: Any, path: str) -> Any:
    found = start
    for part in path.split("."):
        found = getattr(found, part, None)
    # torch.float and its like are dtypes; the operator is the method.
    return found


def method(name: str) -> Adapter:
    """``Tensor.NAME`` of an operator."""
    last = name.rpartition(".")[2]
    return lambda x, *args, **kwargs: getattr(x, last)(*args, **kwargs)


def inplace(torch: Any, name: str) -> Adapter:
    """``Tensor.NAME_``, ``F.NAME_`` or ``F.NAME(..., inplace=True)``."""
    if not name.startswith("nn.functional."):
        return method(name.removesuffix("_") + "_")
    last = name.rpartition(".")[2]
    written: Adapter | None = getattr(torch.nn.functional, last + "_", None)
    if written is not None:
        return written
    return partial(getattr(torch.nn.functional, last), inplace=True)
