"""The methods: which elements or channels go."""

from __future__ import annotations

from typing import Any

from rushlight.nn.utils.prune.amount import (
    channel_norms,
    check_amount,
    check_count,
    check_dim,
    check_structured,
    count_of,
)
from rushlight.nn.utils.prune.method import BasePruningMethod
from rushlight.tensor import Tensor, abs, kthvalue, rand, rand_like, topk, zeros_like


class Identity(BasePruningMethod):
    """Nothing is pruned: the parameter only gets a mask of ones."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        return default_mask

    @classmethod
    def apply(cls, module: Any, name: str) -> Any:  # type: ignore[override]
        """Give the parameter a mask of ones."""
        return super().apply(module, name)


def _without(mask: Tensor, places: Tensor) -> Tensor:
    flat = mask.clone().reshape(-1)
    flat[places] = 0
    return flat.reshape(mask.shape)


def _channels(t: Tensor, dim: int, kept: Tensor) -> Tensor:
    """A mask like ``t`` of ones in the channels where ``kept`` (bool) holds."""
    shape = [1] * t.dim()
    shape[dim] = t.shape[dim]
    wide = kept.reshape(shape).expand(t.shape)
    return wide.to(t.dtype).clone()


class RandomUnstructured(BasePruningMethod):
    """Elements at random."""

    PRUNING_TYPE = "unstructured"

    def __init__(self, amount: Any) -> None:
        check_amount(amount)
        self.amount = amount

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        size = t.nelement()
        count = count_of(self.amount, size)
        check_count(count, size)
        if count == 0:
            return default_mask.clone()
        chances = rand_like(t)
        return _without(default_mask, topk(chances.reshape(-1), k=count).indices)

    @classmethod
    def apply(cls, module: Any, name: str, amount: Any) -> Any:  # type: ignore[override]
        """Prune ``amount`` elements."""
        return super().apply(module, name, amount=amount)


class L1Unstructured(BasePruningMethod):
    """The elements of the smallest absolute value."""

    PRUNING_TYPE = "unstructured"

    def __init__(self, amount: Any) -> None:
        check_amount(amount)
        self.amount = amount

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        size = t.nelement()
        count = count_of(self.amount, size)
        check_count(count, size)
        if count == 0:
            return default_mask.clone()
        smallest = topk(abs(t).reshape(-1), k=count, largest=False)
        return _without(default_mask, smallest.indices)

    @classmethod
    def apply(  # type: ignore[override]
        cls, module: Any, name: str, amount: Any, importance_scores: Tensor | None = None
    ) -> Any:
        """Prune ``amount`` elements."""
        return super().apply(module, name, amount=amount, importance_scores=importance_scores)


class RandomStructured(BasePruningMethod):
    """Channels at random."""

    PRUNING_TYPE = "structured"

    def __init__(self, amount: Any, dim: int = -1) -> None:
        check_amount(amount)
        self.amount = amount
        self.dim = dim

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        check_structured(t)
        check_dim(t, self.dim)
        size = t.shape[self.dim]
        count = count_of(self.amount, size)
        check_count(count, size)
        if count == 0:
            return default_mask
        chances = rand(size)
        limit = kthvalue(chances, k=count).values
        mask: Tensor = _channels(t, self.dim, chances > limit) * default_mask.to(t.dtype)
        return mask

    @classmethod
    def apply(  # type: ignore[override]
        cls, module: Any, name: str, amount: Any, dim: int = -1
    ) -> Any:
        """Prune ``amount`` channels of axis ``dim``."""
        return super().apply(module, name, amount=amount, dim=dim)


class LnStructured(BasePruningMethod):
    """The channels of the smallest n-norm."""

    PRUNING_TYPE = "structured"

    def __init__(self, amount: Any, n: Any, dim: int = -1) -> None:
        check_amount(amount)
        self.amount = amount
        self.n = n
        self.dim = dim

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        check_structured(t)
        check_dim(t, self.dim)
        size = t.shape[self.dim]
        count = count_of(self.amount, size)
        check_count(count, size)
        norms = channel_norms(t, self.n, self.dim)
        if count == 0:
            return default_mask
        kept = zeros_like(norms)
        kept[topk(norms, k=size - count, largest=True).indices] = 1
        mask: Tensor = _channels(t, self.dim, kept > 0) * default_mask.to(t.dtype)
        return mask

    @classmethod
    def apply(  # type: ignore[override]
        cls, module: Any, name: str, amount: Any, n: Any, dim: int,
        importance_scores: Tensor | None = None,
    ) -> Any:  # fmt: skip
        """Prune ``amount`` channels of axis ``dim``."""
        return super().apply(
            module, name, amount=amount, n=n, dim=dim, importance_scores=importance_scores
        )


class CustomFromMask(BasePruningMethod):
    """What a given mask says."""

    PRUNING_TYPE = "global"

    def __init__(self, mask: Tensor) -> None:
        self.mask = mask

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        if default_mask.shape != self.mask.shape:
            raise AssertionError(
                f"mask has shape {self.mask.shape}, the parameter {default_mask.shape}"
            )
        out: Tensor = default_mask * self.mask.to(dtype=default_mask.dtype)
        return out

    @classmethod
    def apply(cls, module: Any, name: str, mask: Tensor) -> Any:  # type: ignore[override]
        """Prune where ``mask`` is 0."""
        return super().apply(module, name, mask=mask)
