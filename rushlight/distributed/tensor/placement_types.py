"""``torch.distributed.tensor.placement_types``: how a tensor would lie on several processes.

They are words in tables that libraries make as they are imported; no tensor is placed by them.
"""

from __future__ import annotations

from dataclasses import dataclass


class Placement:
    """How a tensor lies along one axis of a mesh of processes."""

    def is_shard(self, dim: int | None = None) -> bool:
        """Whether each has a part along ``dim`` (None: along any)."""
        return isinstance(self, Shard) and dim in (None, self.dim)

    def is_replicate(self) -> bool:
        """Whether each has all of it."""
        return isinstance(self, Replicate)

    def is_partial(self, reduce_op: str | None = None) -> bool:
        """Whether it is the reduction of what each has."""
        return isinstance(self, Partial) and reduce_op in (None, self.reduce_op)


@dataclass(frozen=True)
class Shard(Placement):
    """Each process has a part along ``dim``.

    >>> Shard(0), Shard(1).is_shard(0)
    (Shard(dim=0), False)
    """

    dim: int

    def __str__(self) -> str:
        return f"S({self.dim})"


@dataclass(frozen=True)
class _StridedShard(Shard):
    """A part whose blocks are dealt out in turns of ``split_factor``."""

    split_factor: int = 1


@dataclass(frozen=True)
class Replicate(Placement):
    """Each process has all of it."""

    def __str__(self) -> str:
        return "R"


@dataclass(frozen=True)
class Partial(Placement):
    """The tensor is the reduction, by ``reduce_op``, of what the processes have."""

    reduce_op: str = "sum"

    def __repr__(self) -> str:
        return f"Partial({self.reduce_op})"

    def __str__(self) -> str:
        return f"P({self.reduce_op})"


__all__ = ["Partial", "Placement", "Replicate", "Shard"]
