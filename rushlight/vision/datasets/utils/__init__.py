"""torchvision.datasets.utils: files from the network."""

from rushlight.utils.download import (
    check_integrity,
    download_and_extract_archive,
    download_url,
    extract_archive,
)

__all__ = [
    "check_integrity",
    "download_and_extract_archive",
    "download_url",
    "extract_archive",
]
