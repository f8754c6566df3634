"""torchvision.datasets.utils: files from the network, sums, folders, words as arguments."""

from pathlib import Path
from typing import Any

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


def check_md5(fpath: str | Path, md5: str, **kwargs: Any) -> bool:
    """Whether the file has that md5; ``kwargs`` as ``calculate_md5``."""
    return calculate_md5(fpath, **kwargs) == md5


def download_file_from_google_drive(
    file_id: str, root: str | Path, filename: str | Path | None = None, md5: str | None = None
) -> None:
    """Raises NotImplementedError unless the file is there: Google Drive asks a person."""
    target = Path(root).expanduser() / (filename or file_id)
    if not check_integrity(target, md5):
        raise NotImplementedError(
            "download_file_from_google_drive: get the file by hand from "
            f"https://drive.google.com/file/d/{file_id}/view and put it at {target}"
        )


__all__ = [
    "calculate_md5",
    "check_integrity",
    "check_md5",
    "download_and_extract_archive",
    "download_file_from_google_drive",
    "download_url",
    "extract_archive",
    "iterable_to_str",
    "list_dir",
    "list_files",
    "verify_str_arg",
]
