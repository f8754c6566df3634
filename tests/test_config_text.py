"""torch.__config__."""

from __future__ import annotations

import rushlight as torch


def test_says_what_it_is_built_with() -> None:
    assert torch.__config__.show().startswith("Rushlight")
    assert "USE_MKL=OFF" in torch.__config__.show()
    assert f"get_num_threads() : {torch.get_num_threads()}\n" in torch.__config__.parallel_info()
