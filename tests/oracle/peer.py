"""Real PyTorch in one long-lived process: programs in, logs out.

``Peer.start()`` runs this very file with PyTorch's Python (``PYTORCH_PYTHON``, else the current one
if it has PyTorch); None where there is none.
"""

from __future__ import annotations

import os
import pickle
import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

_ROOT = Path(__file__).parent.parent.parent
_CANDIDATES = (os.environ.get("PYTORCH_PYTHON", ""), sys.executable, "/work/peer/bin/python")
_PROBE = "import torch; torch._C; assert 'rushlight' not in torch.__file__"


def _send(stream: BinaryIO, message: Any) -> None:
    body = pickle.dumps(message)
    stream.write(struct.pack("q", len(body)) + body)
    stream.flush()


def _receive(stream: BinaryIO) -> Any:
    head = stream.read(8)
    if len(head) < 8:
        raise EOFError
    return pickle.loads(stream.read(struct.unpack("q", head)[0]))


class Peer:
    """The process and its two pipes."""

    def __init__(self, python: str) -> None:
        self.process = subprocess.Popen(
            [python, "-m", "tests.oracle.peer"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            cwd=_ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip

    @classmethod
    def start(cls) -> Peer | None:
        """The peer, or None where PyTorch is not installed."""
        for python in _CANDIDATES:
            if python and Path(python).exists():
                found = subprocess.run([python, "-c", _PROBE], capture_output=True, check=False)
                if found.returncode == 0:
                    return cls(python)
        return None

    def run(self, steps: Sequence[str]) -> Any:
        """The log of a program under PyTorch."""
        assert self.process.stdin is not None and self.process.stdout is not None
        _send(self.process.stdin, tuple(steps))
        return _receive(self.process.stdout)

    def stop(self) -> None:
        """End the process."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def _serve() -> None:
    import torch

    from tests.oracle.execute import execute

    torch.set_num_threads(1)
    while True:
        try:
            steps = _receive(sys.stdin.buffer)
        except EOFError:
            return
        _send(sys.stdout.buffer, execute(steps, torch))


if __name__ == "__main__":
    _serve()
