"""``torch.nn.common_types``: annotations of sizes that may be given once for all axes."""

from __future__ import annotations

from typing import TypeAlias

size_any_t: TypeAlias = int | tuple[int, ...]
size_1_t: TypeAlias = int | tuple[int]
size_2_t: TypeAlias = int | tuple[int, int]
size_3_t: TypeAlias = int | tuple[int, int, int]
size_4_t: TypeAlias = int | tuple[int, int, int, int]
size_5_t: TypeAlias = int | tuple[int, int, int, int, int]
size_6_t: TypeAlias = int | tuple[int, int, int, int, int, int]
size_any_opt_t: TypeAlias = int | tuple[int | None, ...] | None
size_2_opt_t: TypeAlias = int | tuple[int | None, int | None] | None
size_3_opt_t: TypeAlias = int | tuple[int | None, int | None, int | None] | None
ratio_any_t: TypeAlias = float | tuple[float, ...]
ratio_2_t: TypeAlias = float | tuple[float, float]
ratio_3_t: TypeAlias = float | tuple[float, float, float]
