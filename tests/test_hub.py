"""torch.hub: downloads are whole or absent, checked by the name's hash, continued."""

from __future__ import annotations

import hashlib
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import rushlight as torch

CONTENT = bytes(range(256)) * 5000
DIGITS = hashlib.sha256(CONTENT).hexdigest()[:8]


class Files(BaseHTTPRequestHandler):
    """Gives CONTENT, whole or from where it is asked."""

    asked: list[str | None]

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        type(self).asked.append(wanted)
        first = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if first >= len(CONTENT):
            self.send_error(416)
            return
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(CONTENT) - first))
        self.end_headers()
        self.wfile.write(CONTENT[first:])

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def address() -> Iterator[str]:
    Files.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Files)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/file-{DIGITS}.bin"
    server.shutdown()
    server.server_close()
    thread.join()


def test_download(address, tmp_path) -> None:
    target = tmp_path / "file"
    torch.hub.download_url_to_file(address, target, hash_prefix=DIGITS)
    assert target.read_bytes() == CONTENT
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("have", [1, 1000, len(CONTENT)])
def test_continues(address, tmp_path, have: int) -> None:
    (tmp_path / "file.part").write_bytes(CONTENT[:have])
    torch.hub.download_url_to_file(address, tmp_path / "file", hash_prefix=DIGITS)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert Files.asked == [f"bytes={have}-"]


def test_another_beginning(address, tmp_path) -> None:
    """The hash tells that the two ends are of different files: all of it again."""
    (tmp_path / "file.part").write_bytes(b"something else")
    torch.hub.download_url_to_file(address, tmp_path / "file", hash_prefix=DIGITS)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert Files.asked == ["bytes=14-", None]
    (tmp_path / "file.part").write_bytes(b"something else")
    torch.hub.download_url_to_file(address, tmp_path / "file")  # no hash: nothing is continued
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_wrong_hash(address, tmp_path) -> None:
    with pytest.raises(RuntimeError, match=r'invalid hash value .expected "0{8}"'):
        torch.hub.download_url_to_file(address, tmp_path / "file", hash_prefix="00000000")
    assert list(tmp_path.iterdir()) == []


def test_folder(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(torch.hub, "_chosen", None)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert torch.hub.get_dir() == str(tmp_path / "hub")
    monkeypatch.delenv("TORCH_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    assert torch.hub.get_dir() == "/cache/torch/hub"
    torch.hub.set_dir(tmp_path)
    assert torch.hub.get_dir() == str(tmp_path)


def test_state_dict(monkeypatch, tmp_path, capsys) -> None:
    source = tmp_path / "net.pth"
    torch.save({"weight": torch.arange(3.0)}, source)
    digits = hashlib.sha256(source.read_bytes()).hexdigest()[:8]
    url = source.rename(tmp_path / f"net-{digits}.pth").as_uri()
    kept = tmp_path / "kept"
    state = torch.hub.load_state_dict_from_url(url, model_dir=kept, check_hash=True)
    assert state["weight"].tolist() == [0.0, 1.0, 2.0]
    assert f"net-{digits}.pth" in capsys.readouterr().out
    torch.hub.load_state_dict_from_url(
        "file:///gone", model_dir=kept, file_name=f"net-{digits}.pth"
    )
    assert capsys.readouterr().out == ""


def test_load_from_a_folder(tmp_path) -> None:
    (tmp_path / "hubconf.py").write_text(
        "dependencies = ['json']\nfrom beside_hubconf import twice\nnumber = 3\n"
        "def net(a=1, *, b=2):\n    return twice(a), b\n"
    )
    (tmp_path / "beside_hubconf.py").write_text("def twice(x):\n    return 2 * x\n")
    assert torch.hub.load(tmp_path, "net", 5, b=3, source="local") == (10, 3)
    assert str(tmp_path) not in sys.path
    for name in ("nothing", "number"):
        with pytest.raises(RuntimeError, match=f"Cannot find callable {name} in hubconf"):
            torch.hub.load(tmp_path, name, source="local")
    with pytest.raises(ValueError, match='Unknown source: "web"'):
        torch.hub.load(tmp_path, "net", source="web")
    (tmp_path / "hubconf.py").write_text("dependencies = ['no_such_a', 'json', 'no_such_b']")
    with pytest.raises(RuntimeError, match="Missing dependencies: no_such_a, no_such_b"):
        torch.hub.load(str(tmp_path), "net", source="local")
