"""``torch.utils.deterministic``: every algorithm here is deterministic."""

from __future__ import annotations

fill_uninitialized_memory = True  # accepted either way: ``torch.empty`` gives zeros here
