"""Files made to do harm, cut short or damaged: each is an error, and none runs anything."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from pathlib import Path

import pytest

import rushlight as torch
from rushlight.serialization import (
    add_safe_globals,
    clear_safe_globals,
    get_safe_globals,
    get_unsafe_globals_in_checkpoint,
    load,
    safe_globals,
    save,
)

REBUILD = b"ctorch._utils\n_rebuild_tensor_v2\n"


def archive(pickled: bytes, **records: bytes) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        zipped.writestr("archive/data.pkl", pickled)
        zipped.writestr("archive/version", "3\n")
        for name, data in records.items():
            zipped.writestr(f"archive/data/{name.removeprefix('_')}", data)
    file.seek(0)
    return file


def tensor_pickle(key: bytes, count: int, offset: int, size: int, stride: int) -> bytes:
    def number(value: int) -> bytes:
        return b"J" + value.to_bytes(4, "little", signed=True)

    text = b"X" + len(key).to_bytes(4, "little") + key
    return (
        b"\x80\x02" + REBUILD + b"((X\x07\x00\x00\x00storagectorch\nFloatStorage\n" + text
        + b"X\x03\x00\x00\x00cpu" + number(count) + b"tQ" + number(offset) + number(size)
        + b"\x85" + number(stride) + b"\x85\x89NtR."
    )  # fmt: skip


class Calls:
    def __init__(self, function, *args) -> None:
        self.call = function, args

    def __reduce__(self):
        return self.call


HOSTILE = {
    "os.system": pickle.dumps(Calls(os.system, "touch PWNED"), 2),
    "eval": pickle.dumps(Calls(eval, "open('PWNED', 'w')"), 2),
    "nested": pickle.dumps({"a": [Calls(exec, "open('PWNED', 'w')")]}, 2),
    "protocol 4": pickle.dumps(Calls(os.system, "touch PWNED"), 4),
    "getattr": b"\x80\x02c__builtin__\ngetattr\nc__builtin__\nset\nX\x03\x00\x00\x00pop\x86R.",
    "dotted": b"\x80\x02ctorch\nnn.Module.__init__\n)R.",
    "blocked": b"\x80\x02cposix\nsystem\nX\x04\x00\x00\x00true\x85R.",
    "inst": b"(S'touch PWNED'\nios\nsystem\n.",
    "obj": b"\x80\x02(cos\nsystem\nX\x04\x00\x00\x00trueo.",
    "extension": b"\x80\x02\x82\x01.",
    "build a function": b"\x80\x02" + REBUILD + b"}X\x01\x00\x00\x00aK\x01sb.",
    "build a class": b"\x80\x02ctorch\nTensor\n}X\x01\x00\x00\x00aK\x01sb.",
    "call a number": b"\x80\x02K\x05)R.",
    "call a storage type": b"\x80\x02ctorch\nFloatStorage\n)R.",
    "call a dtype": b"\x80\x02ctorch\nfloat32\n)R.",
    "big bytearray": b"\x80\x02cbuiltins\nbytearray\nJ\xff\xff\xff\x7f\x85R.",
    "other codec": b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x03\x00\x00\x00hex\x86R.",
    "long string": b"\x80\x02X\xff\xff\xff\xff",
    "no stop": b"\x80\x02}",
    "empty stack": b"\x80\x02.",
    "unknown memo": b"\x80\x02h\x05.",
    "persistent": b"\x80\x02X\x04\x00\x00\x00evilQ.",
    "persistent tuple": b"\x80\x02X\x06\x00\x00\x00moduleK\x01\x86Q.",
    "append to a tuple": b"\x80\x02)K\x01a.",
    "key without a hash": b"\x80\x02}]K\x01s.",
    "huge count": tensor_pickle(b"0", 2**31 - 1, 0, 5, 1),
    "outside of the storage": tensor_pickle(b"0", 4, 0, 5, 1),
    "before the storage": tensor_pickle(b"0", 4, -1, 2, 1),
    "negative stride": tensor_pickle(b"0", 4, 3, 4, -1),
    "negative size": tensor_pickle(b"0", 4, 0, -4, 1),
    "path in the key": tensor_pickle(b"../../etc/passwd", 4, 0, 4, 1),
    "no such storage": tensor_pickle(b"7", 4, 0, 4, 1),
    # (((a, a), (a, a)), ...) 40 deep, as a dict key: hashing it would take 2**40 steps
    "tuples that double": b"\x80\x02}K\x01" + b"q\x00h\x00\x86" * 40 + b"K\x01s.",
    "lists in lists": b"\x80\x02" + b"(" * 100_000 + b".",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("form", ["zip", "stream"])
def test_a_hostile_pickle_is_refused(name: str, form: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    data = HOSTILE[name]
    if form == "zip":
        file = archive(data, _0=b"\0" * 16)
    else:
        start = b"".join(pickle.dumps(each, 2) for each in (0x1950A86A20F9469CFC6C, 1001, {}))
        file = io.BytesIO(start + data)
    with pytest.raises((pickle.UnpicklingError, RuntimeError)) as caught:
        load(file)
    assert len(str(caught.value)) < 2000
    assert list(tmp_path.iterdir()) == []


def test_the_message_names_the_global_and_the_way_out() -> None:
    with pytest.raises(pickle.UnpicklingError, match=r"GLOBAL eval .*add_safe_globals\(\[eval\]\)"):
        load(archive(HOSTILE["eval"]))
    with pytest.raises(pickle.UnpicklingError, match=r"Weights only load failed.*posix is blocked"):
        load(archive(HOSTILE["blocked"]))


class Settings:
    def __init__(self, rate: float) -> None:
        self.rate = rate


def test_a_class_of_the_users_needs_their_word() -> None:
    file = io.BytesIO()
    save({"settings": Settings(0.5)}, file)
    file.seek(0)
    with pytest.raises(pickle.UnpicklingError, match="Settings"):
        load(file)
    file.seek(0)
    assert get_unsafe_globals_in_checkpoint(file) == [f"{__name__}.Settings"]
    with safe_globals([Settings]):
        file.seek(0)
        assert load(file)["settings"].rate == 0.5
    assert get_safe_globals() == []
    add_safe_globals([(Settings, f"{__name__}.Settings")])
    file.seek(0)
    assert load(file)["settings"].rate == 0.5
    clear_safe_globals()
    file.seek(0)
    assert load(file, weights_only=False)["settings"].rate == 0.5


@pytest.mark.parametrize("legacy", [False, True])
def test_every_cut_is_an_error(legacy: bool) -> None:
    file = io.BytesIO()
    save({"a": torch.arange(50.0), "b": [1, 2]}, file, _use_new_zipfile_serialization=not legacy)
    whole = file.getvalue()
    for end in range(0, len(whole) - 1, 7):
        with pytest.raises((RuntimeError, pickle.UnpicklingError, EOFError)):
            load(io.BytesIO(whole[:end]))


def test_a_flipped_bit_in_the_data_is_found() -> None:
    file = io.BytesIO()
    save(torch.arange(1000.0), file)
    damaged = bytearray(file.getvalue())
    damaged[len(damaged) // 2] ^= 1
    with pytest.raises(RuntimeError, match=r"PytorchStreamReader failed reading .*CRC"):
        load(io.BytesIO(damaged))


def test_what_is_no_checkpoint_says_so() -> None:
    with pytest.raises(RuntimeError, match="failed finding central directory"):
        load(io.BytesIO(b"PK\x03\x04" + b"x" * 100))
    with pytest.raises(EOFError, match="empty"):
        load(io.BytesIO())
    with pytest.raises(pickle.UnpicklingError):
        load(io.BytesIO(b"hello, this is text" * 10))
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as zipped:
        zipped.writestr("notes.txt", "hello")
    other.seek(0)
    with pytest.raises(RuntimeError, match=r"data.pkl"):
        load(other)
    with pytest.raises(TypeError, match="text mode"):
        load(io.StringIO("x"))


def test_a_name_of_odd_bytes_can_be_printed() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        zipped.writestr("archive/data.pkl", b"\x80\x02}.")
        for _ in range(2):
            zipped.NameToInfo.clear()
            zipped.writestr("archive/" + "Q" * 3000, b"")
    damaged = file.getvalue().replace(b"QQQ", b"\xc2\x00\n")
    with pytest.raises(RuntimeError, match="failed reading zip archive") as caught:
        load(io.BytesIO(damaged))
    text = str(caught.value)
    assert text.isprintable()
    assert len(text) < 1000
