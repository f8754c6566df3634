"""Object code on disk: believed only when whole and ours; trouble is one warning."""

from __future__ import annotations

import os
import subprocess
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from rushlight.runtime.cache import SHELVES, DiskCache

Script = Callable[..., "subprocess.CompletedProcess[str]"]
LOAD = (
    "import os, sys\n"
    "from rushlight.runtime import code\n"
    "texts = [(f'k{n}', f'define i64 @k{n}(ptr %a, i64 %b, i64 %e) {{ ret i64 {n} }}')"
    " for n in range(3)]\n"
    "code.load(texts[:2])\n"
    "code.load(texts)\n"
    "print(code.stats().compiled, code.stats().disk_hits)\n"
)


@pytest.fixture
def cache(tmp_path: Path) -> DiskCache:
    return DiskCache(tmp_path / "rushlight" / "code")


def test_what_is_put_is_got(cache: DiskCache) -> None:
    assert cache.get("key") is None
    cache.put("key", b"code")
    assert cache.get("key") == b"code"
    assert DiskCache(cache.folder).get("key") == b"code"
    assert cache.folder.stat().st_mode & 0o777 == 0o700
    cache.clear()
    assert cache.get("key") is None


def test_folders_are_private_whatever_the_umask(cache: DiskCache) -> None:
    before = os.umask(0o002)
    try:
        cache.put("key", b"code")
    finally:
        os.umask(before)
    assert cache.get("key") == b"code"
    assert cache.folder.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "head only"])
def test_corrupt_file_is_deleted(cache: DiskCache, damage: str) -> None:
    cache.put("key", b"code" * 100)
    path = cache.path("key")
    content = path.read_bytes()
    damaged = {
        "flip": content[:-1] + bytes([content[-1] ^ 1]),
        "cut": content[:100],
        "empty": b"",
        "head only": content[:32],
    }[damage]
    path.write_bytes(damaged)
    assert cache.get("key") is None
    assert not path.exists()
    cache.put("key", b"new")
    assert cache.get("key") == b"new"


def test_oldest_files_of_a_shelf_go_first(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path / "a" / "code")
    for number in range(6):
        cache.put(f"aa{number}", bytes(100 - 32))
        cache.put(f"bb{number}", bytes(100 - 32))
        os.utime(cache.path(f"aa{number}"), (number, number))
    small = DiskCache(cache.folder, limit_bytes=17_000 * SHELVES)  # a file takes 4096
    small.put("aa9", b"code")  # not one that looks
    assert len(small.files()) == 13
    small.put("aa0x", b"code")
    left = sorted(path.name for path in cache.path("aa").parent.iterdir())
    assert left == ["aa0x.o", "aa4.o", "aa5.o", "aa9.o"]
    assert len(small.files()) == 4 + 6


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_folder_that_others_can_write(cache: DiskCache, mode: int) -> None:
    cache.folder.mkdir(parents=True)
    cache.folder.chmod(mode)
    with pytest.warns(RuntimeWarning, match="can be written by others") as caught:
        cache.put("key", b"code")
        assert cache.get("key") is None
        cache.put("key", b"code")
    assert len(caught) == 1
    assert list(cache.folder.iterdir()) == []


@pytest.mark.parametrize("whose", ["folder", "parent"])
def test_folder_of_somebody_else(
    cache: DiskCache, monkeypatch: pytest.MonkeyPatch, whose: str
) -> None:
    cache.put("key", b"code")
    place = cache.folder if whose == "folder" else cache.folder.parent
    if os.geteuid() == 0:
        os.chown(place, 12345, 12345)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
    other = DiskCache(cache.folder)
    with pytest.warns(RuntimeWarning, match="belongs to user") as caught:
        assert other.get("key") is None
        assert other.get("key") is None
    assert len(caught) == 1


def test_a_sticky_folder_around_is_as_safe_as_a_private_one(tmp_path: Path) -> None:
    around = tmp_path / "tmp"
    around.mkdir()
    around.chmod(0o1777)
    cache = DiskCache(around / "mine")
    cache.put("key", b"code")
    assert DiskCache(cache.folder).get("key") == b"code"


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    cache = DiskCache(tmp_path / "file" / "code")
    with pytest.warns(RuntimeWarning, match=r"cannot make .*RUSHLIGHT_CACHE"):
        cache.put("key", b"code")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cache.put("key", b"code")
        assert cache.get("key") is None


def test_what_a_folder_has_is_read_where_nothing_can_be_written(
    cache: DiskCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.put("key", b"code")

    def refuse(*arguments: object) -> None:
        raise PermissionError("read-only")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.warns(RuntimeWarning, match="cannot write to .*read-only") as caught:
        cache.put("new", b"code")
        cache.put("other", b"code")
    assert len(caught) == 1
    assert (cache.get("key"), cache.get("new")) == (b"code", None)
    assert len(cache.files()) == 1


def test_second_process_compiles_nothing(run_script: Script) -> None:
    assert run_script(LOAD, CPU="").stdout == "3 0\n"
    assert run_script(LOAD, CPU="").stdout == "0 3\n"
    # Another CPU is another key.
    assert run_script(LOAD, CPU="portable").stdout == "3 0\n"
    assert run_script(LOAD, CPU="", NO_CACHE=1).stdout == "3 0\n"


def test_corrupt_files_are_compiled_again(run_script: Script, tmp_path: Path) -> None:
    run_script(LOAD)
    for path in DiskCache(tmp_path / "cache" / "code").files():
        path.write_bytes(path.read_bytes()[:-7])
    assert run_script(LOAD).stdout == "3 0\n"
    assert run_script(LOAD).stdout == "0 3\n"


def test_unusable_folder_is_one_warning(run_script: Script, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    done = run_script(LOAD)
    assert done.stdout == "3 0\n"
    assert done.stderr.count("RuntimeWarning: rushlight: compiled code is not kept") == 1


def test_full_disk_is_one_warning_and_leaves_nothing(run_script: Script, tmp_path: Path) -> None:
    # A limit on the size of files fails in the middle of a write, as a full disk does.
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
    done = run_script(limit + LOAD)
    assert done.stdout == "3 0\n", done.stderr
    assert done.stderr.count("RuntimeWarning: rushlight: compiled code is not kept") == 1
    assert DiskCache(tmp_path / "cache" / "code").files() == []


def test_files_that_go_while_they_are_counted(tmp_path: Path) -> None:
    disk = DiskCache(tmp_path / "own")
    disk.put("aa", b"1")
    there = disk.files()
    disk.files = lambda: [*there, tmp_path / "own" / "gone.o"]  # type: ignore[method-assign]
    assert len(disk.sizes()) == 1
