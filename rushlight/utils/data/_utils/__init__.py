"""``torch.utils.data._utils``, an address that programs import ``default_collate`` from."""

from __future__ import annotations

from rushlight.utils.data import collate, worker

__all__ = ["collate", "worker"]
