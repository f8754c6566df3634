"""Real PyTorch in one long-lived process: calls in, what was seen out.

``Peer.start()`` runs this file with PyTorch's Python; None where there is none.
"""

from __future__ import annotations

from typing import Any

from tests.ops.observe import Seen, Session
from tests.oracle.pipe import PeerProcess, serve

Call = tuple[str, Any, Any, bool]  # expression, args, kwargs, whether gradients are wanted


class Peer(PeerProcess):
    """PyTorch, to make calls of."""

    module = "tests.parity.samples_peer"

    def see(self, calls: list[Call]) -> list[Seen]:
        """What PyTorch does with each call."""
        seen: list[Seen] = self.ask(calls)
        return seen


def _serve() -> None:
    import torch

    torch.set_num_threads(1)
    session = Session(torch)
    serve(
        lambda calls: [
            session.call(text, args, kwargs, gradients=wanted)
            for text, args, kwargs, wanted in calls
        ]
    )


if __name__ == "__main__":
    _serve()
