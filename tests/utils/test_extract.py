"""Archives of data sets unpacked, also by a Python before 3.11.4, whose tarfile has no filters."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from rushlight.utils.download import extract_archive


@pytest.fixture(params=["with filters", "without"], autouse=True)
def filters(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "without":
        monkeypatch.delattr(tarfile, "data_filter", raising=False)
    elif not hasattr(tarfile, "data_filter"):
        pytest.skip("this Python has none")


def _archive(folder: Path, *members: tuple[str, bytes | None]) -> Path:
    """A .tar.gz of these files; one without content is a link to /etc/passwd."""
    made = folder / "made.tar.gz"
    with tarfile.open(made, "w:gz") as archive:
        for name, content in members:
            member = tarfile.TarInfo(name)
            if content is None:
                member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
            else:
                member.size = len(content)
            archive.addfile(member, io.BytesIO(content or b""))
    return made


def test_files_and_folders(tmp_path: Path) -> None:
    made = _archive(tmp_path, ("a/b/one.txt", b"1" * 70000), ("two.txt", b""))
    assert extract_archive(made, tmp_path / "out") == str(tmp_path / "out")
    assert (tmp_path / "out/a/b/one.txt").read_bytes() == b"1" * 70000
    assert (tmp_path / "out/two.txt").read_bytes() == b""


@pytest.mark.parametrize(
    ("name", "content"), [("../out.txt", b"x"), ("a/../../out.txt", b"x"), ("link", None)]
)
def test_what_would_leave_the_folder_is_refused(
    tmp_path: Path, name: str, content: bytes | None
) -> None:
    made = _archive(tmp_path, (name, content))
    with pytest.raises(tarfile.TarError):
        extract_archive(made, tmp_path / "deep")
    assert not (tmp_path / "out.txt").exists()
    assert not (tmp_path / "deep/link").exists()
