"""``torch.fx.experimental.proxy_tensor``: whether a graph is being made, which it never is."""

from __future__ import annotations


def get_proxy_mode() -> None:
    """None: no graph is being made."""
    return


__all__ = ["get_proxy_mode"]
