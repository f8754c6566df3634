"""Another Python with real PyTorch in it: messages in and out over pipes."""

from __future__ import annotations

import os
import pickle
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Self

_ROOT = Path(__file__).parent.parent.parent
_CANDIDATES = (os.environ.get("PYTORCH_PYTHON", ""), sys.executable, "/work/peer/bin/python")
# PyTorch's Python for tests that start it themselves: PYTORCH_PYTHON, else beside the repository.
PEER = Path(os.environ.get("PYTORCH_PYTHON") or _ROOT.parent / "peer" / "bin" / "python")
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


class PeerProcess:
    """The process, which runs ``module``, and its two pipes."""

    module: str

    def __init__(self, python: str) -> None:
        self.process = subprocess.Popen(
            [python, "-m", self.module], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            cwd=_ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip

    @classmethod
    def start(cls) -> Self | None:
        """The peer, or None where PyTorch is not installed."""
        for python in _CANDIDATES:
            if python and Path(python).exists():
                found = subprocess.run([python, "-c", _PROBE], capture_output=True, check=False)
                if found.returncode == 0:
                    return cls(python)
        return None

    def ask(self, message: Any) -> Any:
        """What the process answers."""
        assert self.process.stdin is not None and self.process.stdout is not None
        _send(self.process.stdin, message)
        return _receive(self.process.stdout)

    def stop(self) -> None:
        """End the process."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def serve(answer: Callable[[Any], Any]) -> None:
    """The other end: answer until the pipe is closed."""
    while True:
        try:
            message = _receive(sys.stdin.buffer)
        except EOFError:
            return
        _send(sys.stdout.buffer, answer(message))
