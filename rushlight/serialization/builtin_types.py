"""Constructors for bytes in checkpoints, narrowed so that a file cannot ask for gigabytes."""

from __future__ import annotations

from pickle import UnpicklingError

from rushlight.serialization.brief import brief


def make_bytes(text: object = "", encoding: object = "latin1") -> bytes:
    """What ``_codecs.encode(text, 'latin1')`` gives: protocol 2's way to write bytes."""
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise UnpicklingError(
            f"_codecs.encode in a checkpoint takes (str, 'latin1'), got "
            f"({type(text).__name__}, {brief(encoding)})"
        )
    return text.encode("latin1")


def make_bytearray(content: object = b"", encoding: object = "latin1") -> bytearray:
    """bytearray(content); an int (a size to allocate) is refused."""
    if isinstance(content, str):
        return bytearray(make_bytes(content, encoding))
    if not isinstance(content, (bytes, bytearray)):
        raise UnpicklingError(
            f"bytearray in a checkpoint takes bytes, got {type(content).__name__}"
        )
    return bytearray(content)
