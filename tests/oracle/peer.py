"""Real PyTorch in one long-lived process: programs in, logs out.

``Peer.start()`` runs this very file with PyTorch's Python (``PYTORCH_PYTHON``, else the current one
if it has PyTorch); None where there is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.oracle.pipe import PeerProcess, serve


class Peer(PeerProcess):
    """PyTorch, to run programs with."""

    module = "tests.oracle.peer"

    def run(self, steps: Sequence[str]) -> Any:
        """The log of a program under PyTorch."""
        return self.ask(tuple(steps))


def _serve() -> None:
    import torch

    from tests.oracle.execute import execute

    torch.set_num_threads(1)
    serve(lambda steps: execute(steps, torch))


if __name__ == "__main__":
    _serve()
