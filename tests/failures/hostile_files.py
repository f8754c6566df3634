"""Over two hundred files that are damaged or made to do harm, the same ones from the same seed."""

from __future__ import annotations

import io
import pickle
import random
import struct
import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Iterator

import rushlight as torch

MAGIC = b"".join(pickle.dumps(each, 2) for each in (0x1950A86A20F9469CFC6C, 1001, {}))
REBUILD = b"ctorch._utils\n_rebuild_tensor_v2\n"
TOUCH = "touch PWNED"


def state() -> dict[str, object]:
    base = torch.arange(64, dtype=torch.float32)
    return OrderedDict(
        weight=base.reshape(8, 8), view=base[8:24:2], bias=torch.ones(3, dtype=torch.float64),
        steps=7, name="model", flags=[True, None, 1.5], half=torch.ones(5).bfloat16(),
    )  # fmt: skip


def good(legacy: bool) -> bytes:
    file = io.BytesIO()
    torch.save(state(), file, _use_new_zipfile_serialization=not legacy)
    return file.getvalue()


def zipped(pickled: bytes, storage: bytes = bytes(16), method: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("archive/data.pkl", pickled)
        archive.writestr("archive/data/0", storage)
        archive.writestr("archive/version", "3\n")
    return file.getvalue()


def cut_short(rng: random.Random) -> Iterator[tuple[str, bytes]]:
    for legacy in (False, True):
        whole = good(legacy)
        places = {0, 1, 3, 4, len(whole) - 1, *(rng.randrange(len(whole)) for _ in range(26))}
        for place in sorted(places):
            yield f"cut {legacy=} at {place}", whole[:place]


def flipped(rng: random.Random) -> Iterator[tuple[str, bytes]]:
    """Zip only: the older stream has no checksums, and a changed weight there is just a weight."""
    whole = good(False)
    for _ in range(40):
        place, bit = rng.randrange(len(whole)), rng.randrange(8)
        changed = bytearray(whole)
        changed[place] ^= 1 << bit
        yield f"flip bit {bit} at {place}", bytes(changed)
    start = whole.index(b"PK\x01\x02")
    for _ in range(30):
        place = rng.randrange(start, len(whole))
        changed = bytearray(whole)
        changed[place] = rng.randrange(256)
        yield f"directory byte {place}", bytes(changed)


def short(text: str) -> bytes:
    data = text.encode()
    return b"X" + len(data).to_bytes(4, "little") + data


def calls() -> Iterator[tuple[str, bytes]]:
    """Pickles that want something called, in each way that a pickle has."""
    victims = [
        ("os", "system", TOUCH), ("posix", "system", TOUCH), ("subprocess", "getoutput", TOUCH),
        ("builtins", "eval", "open('PWNED','w')"), ("builtins", "exec", "open('PWNED','w')"),
        ("builtins", "__import__", "antigravity"), ("builtins", "open", "PWNED"),
        ("pathlib", "Path", "PWNED"), ("torch", "load", "PWNED"), ("torch.hub", "load", "x"),
        ("torch.serialization", "load", "PWNED"), ("numpy", "load", "PWNED"),
        ("rushlight.serialization.load", "load", "PWNED"), ("shutil", "rmtree", "."),
        ("torch", "Tensor.__init__", "x"), ("torch", "nn.Module", "x"), ("torch", "Tensor", "x"),
        ("importlib", "import_module", "this"), ("torch._utils", "_import_dotted_name", "os"),
        ("codecs", "open", "PWNED"), ("_codecs", "lookup", "x"), ("sys", "exit", "0"),
    ]  # fmt: skip
    for module, name, argument in victims:
        old = f"c{module}\n{name}\n".encode()
        new = short(module) + short(name) + b"\x93"
        for form, pickled in (
            ("reduce", b"\x80\x02" + old + short(argument) + b"\x85R."),
            ("stack global", b"\x80\x04" + new + short(argument) + b"\x85R."),
            ("newobj", b"\x80\x02" + old + short(argument) + b"\x85\x81."),
        ):
            yield f"{form} {module}.{name}", zipped(pickled)
        yield f"stream {module}.{name}", MAGIC + b"\x80\x02" + old + short(argument) + b"\x85R."
    yield "inst", zipped(b"(S'touch PWNED'\nios\nsystem\n.")
    yield "obj", zipped(b"\x80\x02(cos\nsystem\nX\x04\x00\x00\x00trueo.")
    yield "extension", zipped(b"\x80\x02\x82\x01.")
    yield "build on a class", zipped(b"\x80\x02ctorch\nTensor\n}" + short("a") + b"K\x01sb.")
    yield "build on a function", zipped(b"\x80\x02" + REBUILD + b"}" + short("a") + b"K\x01sb.")


def number(value: int) -> bytes:
    if -(2**31) <= value < 2**31:
        return b"J" + value.to_bytes(4, "little", signed=True)
    data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


def tensor(
    key: str, count: int, offset: int, size: tuple[int, ...], stride: tuple[int, ...]
) -> bytes:
    def row(values: tuple[int, ...]) -> bytes:
        return b"(" + b"".join(map(number, values)) + b"t"

    return (
        REBUILD + b"((" + short("storage") + b"ctorch\nFloatStorage\n" + short(key) + short("cpu")
        + number(count) + b"tQ" + number(offset) + row(size) + row(stride) + b"\x89NtR"
    )  # fmt: skip


def lies() -> Iterator[tuple[str, bytes]]:
    """Tensors that are not what their storage has: 4 floats."""
    wrong = {
        "size": ("0", 4, 0, (5,), (1,)), "stride": ("0", 4, 0, (2,), (4,)),
        "offset": ("0", 4, 4, (1,), (1,)), "negative offset": ("0", 4, -1, (1,), (1,)),
        "negative size": ("0", 4, 0, (-1,), (1,)), "negative stride": ("0", 4, 3, (4,), (-1,)),
        "overflow": ("0", 4, 0, (2**62, 4), (1, 2**62)), "ranks": ("0", 4, 0, (2, 2), (1,)),
        "huge offset": ("0", 4, 2**63, (1,), (1,)), "huge size": ("0", 4, 0, (2**64,), (0,)),
        "huge and empty": ("0", 4, 0, (2**63, 0), (1, 1)),
        "rank": ("0", 4, 0, (1,) * 65, (1,) * 65),
        "count": ("0", 5, 0, (4,), (1,)), "huge count": ("0", 2**62, 0, (4,), (1,)),
        "negative count": ("0", -4, 0, (4,), (1,)), "no record": ("1", 4, 0, (4,), (1,)),
        "path": ("../../../etc/passwd", 4, 0, (4,), (1,)),
        "root": ("/etc/passwd", 4, 0, (4,), (1,)),
    }  # fmt: skip
    for name, values in wrong.items():
        yield f"lie {name}", zipped(b"\x80\x02" + tensor(*values) + b".")
    for name, count in (("beyond the file", 2**40), ("negative", -4), ("past 64 bits", 2**70)):
        pickled = b"\x80\x02" + tensor("0", count, 0, (4,), (1,)) + b"."
        yield f"stream count {name}", MAGIC + pickled + pickle.dumps(["0"], 2) + bytes(24)
    many = b"".join(tensor(str(key), 1000, 0, (4,), (1,)) for key in range(2000))
    yield (
        "stream of storages as large as the file",
        (MAGIC + b"\x80\x02(" + many + b"l." + pickle.dumps(["0"], 2) + bytes(8000)),
    )
    fine = b"\x80\x02" + tensor("0", 4, 0, (4,), (1,)) + b"."
    for name, keys in (
        ("of no list", 5), ("that nobody asked for", ["1"]), ("of tuples", [("0",) * 9]),
    ):  # fmt: skip
        yield f"stream keys {name}", MAGIC + fine + pickle.dumps(keys, 2) + bytes(24)
    yield (
        "stream storage of another length",
        (MAGIC + fine + pickle.dumps(["0"], 2) + struct.pack("<q", 400) + bytes(16)),
    )
    yield "wrong magic", pickle.dumps(7, 2) * 5
    yield (
        "wrong protocol",
        b"".join(pickle.dumps(each, 2) for each in (0x1950A86A20F9469CFC6C, 9, {})),
    )


def bombs() -> Iterator[tuple[str, bytes]]:
    """Small files that ask for much memory or time."""
    doubling = b"q\x00h\x00\x86" * 60  # a tuple of 2**60 numbers, in 300 bytes
    bomb = b"K\x01" + doubling
    for name, pickled in {
        "key": b"}" + bomb + b"K\x01s.", "set": b"cbuiltins\nset\n]" + bomb + b"a\x85R.",
        "add to a set": b"\x8f(" + bomb + b"\x90.",
        "ordered": b"ccollections\nOrderedDict\n]]" + bomb + b"aK\x01aa\x85R.",
        "counter": b"ccollections\nCounter\n]" + bomb + b"a\x85R.",
        "persistent": bomb + b"Q.", "identity": short("storage") + bomb + b"\x86Q.",
        "size": REBUILD + b"(" + bomb + b"K\x00))\x89NtR.", "global": bomb + bomb + b"\x93.",
        "call": bomb + b")R.", "arguments": b"ctorch\ndevice\n" + bomb + b"\x85R.",
        "state": b"ccollections\nOrderedDict\n)R" + bomb + b"b.",
        "huge key": b"}" + b"\x8a\xff" + b"\x7f" * 255 + b"K\x01s.",
        "bytearray": b"cbuiltins\nbytearray\nJ\xff\xff\xff\x7f\x85R.",
        "tensor": b"ctorch\nTensor\n" + number(2**40) + b"\x85R.",
        "size of a tensor": b"ctorch\nTensor\nJ\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x86R.",
        "long text": b"X\xff\xff\xff\xff", "long bytes": b"B\xff\xff\xff\xffx",
        "copies": b"(X\x00\x00\x10\x00" + b"a" * 2**20 + b"q\x000"
        + b"c_codecs\nencode\nh\x00X\x06\x00\x00\x00latin1\x86R" * 5000 + b"l.",
    }.items():  # fmt: skip
        yield f"bomb {name}", zipped(b"\x80\x02" + pickled)
        yield f"stream bomb {name}", MAGIC + b"\x80\x02" + pickled
    yield "marks", zipped(b"\x80\x02" + b"(" * 10**6 + b".")
    yield (
        "lists in lists as a key",
        zipped(b"\x80\x02}" + b"]" * 10**6 + b"a" * (10**6 - 1) + b"K\x01s."),
    )
    nested = b"\x80\x02)" + b"\x85" * 10**6
    yield "tuples in tuples as a key", zipped(b"\x80\x02}" + nested[2:] + b"K\x01s.")
    yield "deflated", zipped(b"\x80\x02" + tensor("0", 2**27, 0, (4,), (1,)) + b".",
                             bytes(2**29), zipfile.ZIP_DEFLATED)  # fmt: skip


def archives() -> Iterator[tuple[str, bytes]]:
    """Zip archives that are not what they say."""
    fine = b"\x80\x02" + tensor("0", 4, 0, (4,), (1,)) + b"."
    whole = zipped(fine)
    for name in ("../evil", "/etc/passwd", "archive/../../evil", "archive\\..\\evil", "evil"):
        file = io.BytesIO(whole)
        with zipfile.ZipFile(file, "a") as archive:
            archive.writestr(zipfile.ZipInfo(name), b"x")
        yield f"name {name}", file.getvalue()
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in (("archive/data.pkl", fine), ("archive/data/0", bytes(16))):
            for _ in range(2):
                info = zipfile.ZipInfo(name)
                archive.NameToInfo.clear()
                archive.writestr(info, data)
    yield "two of each", file.getvalue()
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a/data.pkl", fine)
        archive.writestr("b/data/0", bytes(16))
    yield "storages in another folder", file.getvalue()
    end = whole.rindex(b"PK\x05\x06")
    for name, at, value in (
        ("entries", 10, b"\xff\xff"), ("directory size", 12, b"\xff\xff\xff\x7f"),
        ("directory place", 16, b"\xff\xff\xff\x7f"), ("directory at 0", 16, bytes(4)),
    ):  # fmt: skip
        place = end + at
        yield f"wrong {name}", whole[:place] + value + whole[place + len(value) :]
    entry = whole.index(b"PK\x01\x02", whole.index(b"PK\x01\x02") + 4)
    for name, at, value in (
        ("sizes", 20, b"\xff\xff\xff\x7f" * 2), ("sizes of 64 bits", 20, b"\xff" * 8),
        ("method", 10, b"\x63\x00"), ("encryption", 8, b"\x01\x00"), ("crc", 16, b"abcd"),
        ("header", 42, b"\xff\xff\xff\x7f"), ("header of another", 42, bytes(4)),
        ("deflated", 10, b"\x08\x00"),
    ):  # fmt: skip
        place = entry + at
        yield f"entry with wrong {name}", whole[:place] + value + whole[place + len(value) :]
    yield "overlapping", overlapping()
    yield "no end", whole[:end]
    yield "only an end", b"PK\x03\x04" + whole[end:]
    yield "an image", b"\x89PNG\r\n\x1a\n" + random.Random(1).randbytes(400)
    yield "gzip", b"\x1f\x8b" + zlib.compress(whole)
    yield "zeros", bytes(5000)
    yield "text", b"<html><body>404 not found</body></html>"
    yield "byte order", with_record(fine, "byteorder", b"middle")


def with_record(pickled: bytes, name: str, data: bytes) -> bytes:
    file = io.BytesIO(zipped(pickled))
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(f"archive/{name}", data)
    return file.getvalue()


def overlapping() -> bytes:
    """A thousand storages of a megabyte each that are all the same bytes of the file."""
    count, size = 1000, 2**20
    tensors = b"".join(tensor(str(key), size // 4, 0, (4,), (1,)) for key in range(count))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02(" + tensors + b"l.")
        archive.writestr("archive/data/0", bytes(size))
        first = archive.infolist()[-1]
        for key in range(1, count):
            copy = zipfile.ZipInfo(f"archive/data/{key}")
            for field in ("header_offset", "CRC", "compress_size", "file_size"):
                setattr(copy, field, getattr(first, field))
            archive.filelist.append(copy)
        archive._didModify = True
    return file.getvalue()


def every_file(seed: int = 0) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of each."""
    rng = random.Random(seed)
    yield from cut_short(rng)
    yield from flipped(rng)
    yield from calls()
    yield from lies()
    yield from bombs()
    yield from archives()
