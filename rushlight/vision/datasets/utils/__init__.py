"""torchvision.datasets.utils: files from the network, sums, folders, words as arguments."""

from pathlib import Path

from rushlight.utils.download import (
    check_integrity,
    download_and_extract_archive,
    download_url,
    extract_archive,
    file_md5,
)
from rushlight.vision.datasets.choices import iterable_to_str, verify_str_arg
from rushlight.vision.datasets.utils.listing import list_dir, list_files


def calculate_md5(fpath: str | Path, chunk_size: int = 1024 * 1024) -> str:
    """The md5 of a file, in hexadecimal."""
    return file_md5(fpath)


def check_md5(fpath: str | Path, md5: str) -> bool:
    """Whether the file has that md5."""
    return file_md5(fpath) == md5


__all__ = [
    "calculate_md5",
    "check_integrity",
    "check_md5",
    "download_and_extract_archive",
    "download_url",
    "extract_archive",
    "iterable_to_str",
    "list_dir",
    "list_files",
    "verify_str_arg",
]
