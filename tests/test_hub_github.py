"""torch.hub with repositories on GitHub: nothing here leaves the machine."""

from __future__ import annotations

import io
import json
import urllib.error
import zipfile
from pathlib import Path
from typing import Any

import pytest

import rushlight as torch
from rushlight import hub, hub_github

CONF = '''
dependencies = ["json"]
from part_of_the_repository import twice

def net(a=1):
    """The net."""
    return ("net", twice(a))

def _hidden(): pass
'''


class GitHub:
    """What answers instead of GitHub."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.offline = False
        self.members = {
            "proj-abc/hubconf.py": CONF,
            "proj-abc/part_of_the_repository.py": "def twice(x): return 2 * x",
        }

    def open(self, request: Any, **_: Any) -> io.BytesIO:
        url = request if isinstance(request, str) else request.full_url
        self.asked.append(url)
        if self.offline:
            raise urllib.error.URLError("offline")
        if url.endswith("/old/tree/main/"):
            raise urllib.error.HTTPError(url, 404, "Not Found", {}, None)  # type: ignore[arg-type]
        rows = [{"name": "main", "commit": {"sha": "aabb00"}}] if "/branches" in url else []
        return io.BytesIO(json.dumps(rows if url.endswith("page=1") else []).encode())

    def download(self, url: str, target: Path, *_: Any, **__: Any) -> None:
        self.asked.append(url)
        with zipfile.ZipFile(target, "w") as archive:
            for name, text in self.members.items():
                archive.writestr(name, text)


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> GitHub:
    made = GitHub()
    monkeypatch.setattr(hub_github.urllib.request, "urlopen", made.open)
    monkeypatch.setattr(hub, "download_url_to_file", made.download)
    monkeypatch.setattr(hub, "_chosen", str(tmp_path / "hub"))
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    monkeypatch.setattr("builtins.input", lambda text: pytest.fail(f"asked: {text}"))
    return made


def answer(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("builtins.input", lambda _: text)


def test_fetched_once(github: GitHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert torch.hub.load("me/proj", "net", 2, trust_repo=True) == ("net", 4)
    assert "Downloading:" in capsys.readouterr().out
    assert sorted(each.name for each in (tmp_path / "hub").iterdir()) == [
        "me_proj_main", "trusted_list",
    ]  # fmt: skip
    github.asked.clear()
    github.offline = True
    assert torch.hub.load("me/proj:main", "net", 3) == ("net", 6)
    assert github.asked == []
    assert "Using cache found in" in capsys.readouterr().err
    assert torch.hub.list("me/proj", verbose=False) == ["net", "twice"]
    assert torch.hub.help("me/proj:main", "net") == "The net."
    with pytest.raises(RuntimeError, match="Cannot find callable x in hubconf"):
        torch.hub.help("me/proj:main", "x")
    with pytest.raises(RuntimeError, match="no internet connection"):
        torch.hub.load("me/other", "net")


def test_trust(github: GitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for text, error in (("n", Exception), ("", Exception), ("perhaps", ValueError)):
        answer(monkeypatch, text)
        with pytest.raises(error, match=r"Untrusted repository|Unrecognized response perhaps"):
            torch.hub.load("me/proj:main", "net")
    assert not (tmp_path / "hub" / "me_proj_main").exists()
    answer(monkeypatch, "Y")
    assert torch.hub.load("me/proj:main", "net") == ("net", 2)
    assert (tmp_path / "hub" / "trusted_list").read_text() == "me_proj\n"
    answer(monkeypatch, "n")
    assert torch.hub.load("me/proj:main", "net") == ("net", 2)
    with pytest.raises(Exception, match="Untrusted"):
        torch.hub.load("me/proj:main", "net", trust_repo=False)
    assert torch.hub.load("pytorch/vision:main", "net", skip_validation=True) == ("net", 2)


def test_a_forks_commit_is_refused(github: GitHub) -> None:
    assert torch.hub.load("me/proj:aabb", "net", trust_repo=True) == ("net", 2)
    for text in ("me/proj:ffff", "me/old"):
        with pytest.raises(ValueError, match="If it's a commit from a forked repo"):
            torch.hub.load(text, "net", trust_repo=True)
    assert github.asked[-1].endswith("/me/old/tags?per_page=100&page=1")


@pytest.mark.parametrize("name", ["../evil.py", "/evil.py", "proj-abc/../../evil.py", "C:\\evil"])
def test_an_archive_that_leads_out(github: GitHub, tmp_path: Path, name: str) -> None:
    github.members[name] = "raise SystemExit"
    with pytest.raises(ValueError, match="Archive entry"):
        torch.hub.load("me/proj:main", "net", trust_repo=True)
    assert [each.name for each in (tmp_path / "hub").iterdir()] == ["trusted_list"]
    assert list(tmp_path.rglob("*evil*")) == []


def test_wrong_names(github: GitHub) -> None:
    for text in ("proj", "me/proj/x", "me/proj:a:b"):
        with pytest.raises(ValueError, match="unpack"):
            torch.hub.load(text, "net")
    with pytest.raises(ValueError, match="Unknown source"):
        torch.hub.load("me/proj", "net", source="gitlab")
