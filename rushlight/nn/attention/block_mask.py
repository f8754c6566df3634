"""Which pairs of query and key see each other, as a function and as a table of blocks.

https://docs.pytorch.org/docs/stable/nn.attention.flex_attention.html
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import rushlight as torch
from rushlight.nn.modules.utils import _pair
from rushlight.tensor import Tensor

MaskMod = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
DEFAULT_BLOCK = 128
_FIELDS = (
    "kv_num_blocks", "kv_indices", "full_kv_num_blocks", "full_kv_indices", "q_num_blocks",
    "q_indices", "full_q_num_blocks", "full_q_indices",
)  # fmt: skip


def noop_mask(batch: Tensor, head: Tensor, token_q: Tensor, token_kv: Tensor) -> Tensor:
    """Every query sees every key."""
    return batch.new_ones((), dtype=torch.bool)


def over_indices(mod: Callable[..., Any], *scores: Tensor, shape: tuple[int, ...]) -> Tensor:
    """``mod(*scores, b, h, q, kv)`` of each element: (B, H, Q, KV), from scores of that shape."""
    held = (0,) * len(scores)
    for place in (3, 2, 1, 0):
        indices = tuple(0 if axis == place else None for axis in range(4))
        mod = torch.vmap(mod, in_dims=(*held, *indices), out_dims=0)
    made: Tensor = mod(*scores, *(torch.arange(size) for size in shape))
    return made


def create_mask(
    mod_fn: Callable[..., Any], B: int | None, H: int | None, Q_LEN: int, KV_LEN: int,
    device: Any = None,
) -> Tensor:  # fmt: skip
    """A bool mask (B, H, Q_LEN, KV_LEN) from ``mod_fn(b, h, q, kv)``; None stands for 1.

    A function of five (with the score first) is taken for a score's: what it does not make -inf
    is seen.

    >>> import rushlight as torch
    >>> create_mask(lambda b, h, q, kv: q >= kv, None, None, 2, 2)
    tensor([[[[ True, False],
              [ True,  True]]]])
    """
    shape = (B or 1, H or 1, Q_LEN, KV_LEN)
    named = inspect.signature(mod_fn).parameters.values()
    if sum(each.default is each.empty for each in named) == 5:
        scores = over_indices(mod_fn, torch.zeros(shape), shape=shape)
        return scores.broadcast_to(shape) != -torch.inf
    return over_indices(mod_fn, shape=shape)


def _listed(blocks: Tensor) -> tuple[Tensor, Tensor]:
    """How many blocks of each row are set, and the columns with those first: int32."""
    order = torch.argsort(blocks.to(torch.int32), dim=-1, descending=True, stable=True)
    return blocks.sum(-1).to(torch.int32), order.to(torch.int32)


def _table(count: Tensor, columns: Tensor) -> Tensor:
    """What ``_listed`` took apart: bool (..., rows, columns)."""
    size = columns.shape[-1]
    used = torch.arange(size) < count.unsqueeze(-1)
    found = torch.zeros(columns.shape, dtype=torch.int32)
    return found.scatter(-1, columns.long(), used.to(torch.int32)) > 0


class BlockMask:
    """A mask function with the table of the blocks in which it is true somewhere or everywhere.

    ``kv_num_blocks`` (B, H, rows) and ``kv_indices`` (B, H, rows, columns) list, row by row, the
    blocks that the function decides; ``full_kv_*`` those that are seen whole; ``q_*`` the same by
    columns.
    """

    def __init__(
        self, seq_lengths: tuple[int, int], kv_num_blocks: Tensor, kv_indices: Tensor,
        full_kv_num_blocks: Tensor | None, full_kv_indices: Tensor | None,
        q_num_blocks: Tensor | None, q_indices: Tensor | None,
        full_q_num_blocks: Tensor | None, full_q_indices: Tensor | None,
        BLOCK_SIZE: tuple[int, int] = (DEFAULT_BLOCK, DEFAULT_BLOCK),
        mask_mod: MaskMod = noop_mask,
    ) -> None:  # fmt: skip
        if kv_indices.ndim < 2:
            raise RuntimeError("BlockMask must have at least 2 dimensions")
        self.seq_lengths = seq_lengths
        self.kv_num_blocks, self.kv_indices = kv_num_blocks, kv_indices
        self.full_kv_num_blocks, self.full_kv_indices = full_kv_num_blocks, full_kv_indices
        self.q_num_blocks, self.q_indices = q_num_blocks, q_indices
        self.full_q_num_blocks, self.full_q_indices = full_q_num_blocks, full_q_indices
        self.BLOCK_SIZE = BLOCK_SIZE
        self.mask_mod = mask_mod

    @classmethod
    def from_kv_blocks(
        cls, kv_num_blocks: Tensor, kv_indices: Tensor,
        full_kv_num_blocks: Tensor | None = None, full_kv_indices: Tensor | None = None,
        BLOCK_SIZE: int | tuple[int, int] = DEFAULT_BLOCK, mask_mod: MaskMod | None = None,
        seq_lengths: tuple[int, int] | None = None, compute_q_blocks: bool = True,
    ) -> BlockMask:  # fmt: skip
        """From the table by rows; the one by columns is found unless not wanted."""
        size = _pair(BLOCK_SIZE)
        if (full_kv_num_blocks is None) != (full_kv_indices is None):
            raise AssertionError("full_kv_num_blocks and full_kv_indices must be both or neither")
        by_column: list[Tensor | None] = [None] * 4
        if compute_q_blocks:
            by_column[:2] = _listed(_table(kv_num_blocks, kv_indices).mT)
            if full_kv_num_blocks is not None and full_kv_indices is not None:
                by_column[2:] = _listed(_table(full_kv_num_blocks, full_kv_indices).mT)
        if seq_lengths is None:
            rows, columns = kv_indices.shape[-2:]
            seq_lengths = (rows * size[0], columns * size[1])
        return cls(
            seq_lengths, kv_num_blocks, kv_indices, full_kv_num_blocks, full_kv_indices,
            by_column[0], by_column[1], by_column[2], by_column[3],
            (size[0], size[1]), mask_mod or noop_mask,
        )  # fmt: skip

    @property
    def shape(self) -> tuple[int, ...]:
        """(B, H, queries, keys)."""
        return (*self.kv_indices.shape[:-2], *self.seq_lengths)

    def numel(self) -> int:
        """The number of pairs."""
        count = 1
        for size in self.shape:
            count *= size
        return count

    def to_dense(self) -> Tensor:
        """1 where anything in a block is seen: int32 (B, H, rows, columns)."""
        blocks = _table(self.kv_num_blocks, self.kv_indices)
        if self.full_kv_num_blocks is not None and self.full_kv_indices is not None:
            blocks = blocks | _table(self.full_kv_num_blocks, self.full_kv_indices)
        return blocks.to(torch.int32)

    def sparsity(self) -> float:
        """The part of all pairs, in percent, that lies in blocks nobody looks at."""
        seen = int(self.to_dense().sum().item()) * self.BLOCK_SIZE[0] * self.BLOCK_SIZE[1]
        return 100 * (1 - seen / self.numel())

    def allowed(self, shape: tuple[int, ...]) -> Tensor:
        """Which pairs of (B, H, queries, keys) are seen: bool."""
        decided = over_indices(self.mask_mod, shape=shape).broadcast_to(shape)
        decided = decided & self._spread(_table(self.kv_num_blocks, self.kv_indices), shape)
        if self.full_kv_num_blocks is None or self.full_kv_indices is None:
            return decided
        whole = _table(self.full_kv_num_blocks, self.full_kv_indices)
        return decided | self._spread(whole, shape)

    def _spread(self, blocks: Tensor, shape: tuple[int, ...]) -> Tensor:
        for axis, size in zip((-2, -1), self.BLOCK_SIZE, strict=True):
            blocks = blocks.repeat_interleave(size, axis)
        return blocks[..., : shape[-2], : shape[-1]]

    def __getitem__(self, index: Any) -> BlockMask:
        """The mask of some batches and heads; the axes stay."""
        index = index if isinstance(index, tuple) else (index,)
        index = tuple(slice(i, i + 1 or None) if isinstance(i, int) else i for i in index)
        chosen = [None if each is None else each[index] for each in self._tables()]
        return BlockMask(self.seq_lengths, *chosen, self.BLOCK_SIZE, self.mask_mod)  # type: ignore[arg-type]

    def _tables(self) -> tuple[Tensor | None, ...]:
        return tuple(getattr(self, name) for name in _FIELDS)

    def as_tuple(self, flatten: bool = True) -> tuple[Any, ...]:
        """Lengths, the eight tables, block size and function; flat, or lengths and sizes paired."""
        tables = self._tables()
        if flatten:
            return (self.seq_lengths, *tables, self.BLOCK_SIZE, self.mask_mod)
        return (*self.seq_lengths, *tables, *self.BLOCK_SIZE, self.mask_mod)

    def to(self, device: Any) -> BlockMask:
        """The mask with its tables on ``device``."""
        moved = [None if each is None else each.to(device) for each in self._tables()]
        return BlockMask(self.seq_lengths, *moved, self.BLOCK_SIZE, self.mask_mod)  # type: ignore[arg-type]

    def __repr__(self) -> str:
        lines = [
            f"    {name}={None if table is None else table.shape},"
            for name, table in zip(_FIELDS, self._tables(), strict=True)
        ]
        name = getattr(self.mask_mod, "__name__", str(self.mask_mod))
        tail = (
            f"    BLOCK_SIZE={self.BLOCK_SIZE},\n    shape={self.shape},\n"
            f"    sparsity={self.sparsity():.2f}%,\n    mask_mod={name}\n"
        )
        return "BlockMask(\n" + "\n".join(lines) + "\n" + tail + ")"

    def __str__(self) -> str:
        return f"BlockMask(shape={self.shape}, sparsity={self.sparsity():.2f}%)"


def create_block_mask(
    mask_mod: MaskMod, B: int | None, H: int | None, Q_LEN: int, KV_LEN: int, device: Any = None,
    BLOCK_SIZE: int | tuple[int, int] = DEFAULT_BLOCK, _compile: bool = False,
    separate_full_blocks: bool = True,
) -> BlockMask:  # fmt: skip
    """The table of blocks of ``mask_mod(b, h, q, kv)`` for so many queries and keys.

    >>> import rushlight as torch
    >>> mask = create_block_mask(lambda b, h, q, kv: q >= kv, None, None, 4, 4, BLOCK_SIZE=2)
    >>> mask.to_dense()
    tensor([[[[1, 0],
              [1, 1]]]], dtype=torch.int32)
    """
    size = _pair(BLOCK_SIZE)
    mask = create_mask(mask_mod, B, H, Q_LEN, KV_LEN).broadcast_to(B or 1, H or 1, Q_LEN, KV_LEN)
    rows, columns = -(-Q_LEN // size[0]), -(-KV_LEN // size[1])
    padded = torch.zeros(B or 1, H or 1, rows * size[0], columns * size[1], dtype=torch.bool)
    padded[..., :Q_LEN, :KV_LEN] = mask
    blocks = padded.view(B or 1, H or 1, rows, size[0], columns, size[1])
    count = blocks.sum((-3, -1))
    full = (count == size[0] * size[1]) & separate_full_blocks
    partial = _listed((count > 0) & ~full)
    whole = _listed(full) if separate_full_blocks else (None, None)
    return BlockMask.from_kv_blocks(
        *partial, whole[0], whole[1], (size[0], size[1]), mask_mod, (Q_LEN, KV_LEN)
    )
