"""Real PyTorch in one long-lived process: calls in, what was seen out.

``Peer.start()`` runs this file with PyTorch's Python; None where there is none.
"""

from __future__ import annotations

import os
import pickle
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.ops.observe import Seen, Session

_ROOT = Path(__file__).parent.parent.parent
_CANDIDATES = (os.environ.get("PYTORCH_PYTHON", ""), sys.executable, "/work/peer/bin/python")
_PROBE = "import torch; torch._C; assert 'rushlight' not in torch.__file__"

Call = tuple[str, Any, Any, bool]  # expression, args, kwargs, whether gradients are wanted


def _send(stream: Any, message: Any) -> None:
    body = pickle.dumps(message)
    stream.write(struct.pack("q", len(body)) + body)
    stream.flush()


def _receive(stream: Any) -> Any:
    head = stream.read(8)
    if len(head) < 8:
        raise EOFError
    return pickle.loads(stream.read(struct.unpack("q", head)[0]))


class Peer:
    """The process and its two pipes."""

    def __init__(self, python: str) -> None:
        self.process = subprocess.Popen(
            [python, "-m", "tests.parity.samples_peer"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, cwd=_ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"},
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

    def see(self, calls: list[Call]) -> list[Seen]:
        """What PyTorch does with each call."""
        _send(self.process.stdin, calls)
        seen: list[Seen] = _receive(self.process.stdout)
        return seen

    def stop(self) -> None:
        """End the process."""
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()
        self.process.wait()


def _serve() -> None:
    import torch

    torch.set_num_threads(1)
    session = Session(torch)
    while True:
        try:
            calls = _receive(sys.stdin.buffer)
        except EOFError:
            return
        seen = [
            session.call(text, args, kwargs, gradients=wanted)
            for text, args, kwargs, wanted in calls
        ]
        _send(sys.stdout.buffer, seen)


if __name__ == "__main__":
    _serve()
