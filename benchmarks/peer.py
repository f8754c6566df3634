"""Where PyTorch is: --peer, $PEER, ../peer, .venv/peer; made if ../shared/peer is there."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
_MAKER = _ROOT.parent / "shared" / "peer" / "make_peer.sh"
_MADE = _ROOT / ".venv" / "peer"


def find_peer(asked: str | None) -> Path | None:
    """The peer's Python, or None where there is none: the suite then measures Rushlight alone."""
    named = asked or os.environ.get("PEER")
    if named:
        if not Path(named).exists():
            raise SystemExit(f"{'--peer' if asked else 'PEER'} {named}: there is no such file")
        return Path(named)
    for folder in (_ROOT.parent / "peer", _MADE):
        if (folder / ".ready").exists():
            return folder / "bin" / "python"
    if not _MAKER.exists():
        return None
    print(f"making an environment with PyTorch in {_MADE} (once)", flush=True)
    _MADE.parent.mkdir(exist_ok=True)
    subprocess.run(["bash", str(_MAKER), str(_MADE)], check=True)
    return _MADE / "bin" / "python"
