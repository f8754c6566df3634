"""The names that ``torch.compile(backend=...)`` takes. All of them mean the one compiler here."""

from __future__ import annotations

from typing import Any

_PUBLIC = ("cudagraphs", "inductor", "openxla", "tvm")
_FOR_DEBUGGING = (
    "aot_eager", "aot_eager_decomp_partition", "aot_eager_decomp_partition_with_mode",
    "aot_eager_default_partitioner", "aot_ts", "eager", "eager_debug", "eager_noexcept",
    "openxla_eval", "pre_dispatch_eager", "ts",
)  # fmt: skip
MODES = ("default", "lite", "reduce-overhead", "max-autotune-no-cudagraphs", "max-autotune")


def list_backends(exclude_tags: Any = ("debug", "experimental")) -> list[str]:
    """Names of backends, without those for debugging unless ``exclude_tags`` is empty.

    >>> list_backends()
    ['cudagraphs', 'inductor', 'openxla', 'tvm']
    """
    return sorted(_PUBLIC if exclude_tags else (*_PUBLIC, *_FOR_DEBUGGING))
