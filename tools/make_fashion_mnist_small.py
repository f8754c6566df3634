"""Makes the data set that ships with Rushlight out of the whole Fashion-MNIST.

    python tools/make_fashion_mnist_small.py FOLDER_WITH_THE_GZ_FILES

Takes the first 1,000 training and the first 200 test images of each of the ten classes, in the
order of the original files, so that everybody who runs it gets the same bytes. The licence (MIT,
Zalando SE) is copied beside the images.
"""

from __future__ import annotations

import gzip
import io
import sys
import zipfile
from pathlib import Path

import numpy as np

TARGET = Path(__file__).parents[1] / "rushlight" / "vision" / "data" / "fashion_mnist_small"
PER_CLASS = {"train": ("train", 1000), "test": ("t10k", 200)}
EPOCH = (1980, 1, 1, 0, 0, 0)  # in the archive instead of today, so that the bytes are equal


def read_idx(path: Path) -> np.ndarray:
    """The array in a gzipped idx file of bytes."""
    data = gzip.decompress(path.read_bytes())
    shape = np.frombuffer(data, ">u4", data[3], 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(shape)


def chosen(labels: np.ndarray, per_class: int) -> np.ndarray:
    """The places of the first ``per_class`` of every class, ascending."""
    return np.sort(np.concatenate([np.flatnonzero(labels == k)[:per_class] for k in range(10)]))


def main(folder: Path) -> None:
    arrays = {}
    for split, (prefix, per_class) in PER_CLASS.items():
        labels = read_idx(folder / f"{prefix}-labels-idx1-ubyte.gz")
        places = chosen(labels, per_class)
        images = read_idx(folder / f"{prefix}-images-idx3-ubyte.gz")
        arrays[f"{split}_images"] = images[places]
        arrays[f"{split}_labels"] = labels[places]
    TARGET.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(TARGET / "images.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, buffer.getvalue(), compresslevel=9)
    (TARGET / "LICENSE").write_bytes((folder / "copyright").read_bytes())
    size = (TARGET / "images.npz").stat().st_size
    print(f"{TARGET / 'images.npz'}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
