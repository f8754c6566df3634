"""Flowers102: photographs of flowers that are common in Britain."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from rushlight.utils.download import check_integrity, download_and_extract_archive, download_url
from rushlight.vision.datasets.choices import chosen
from rushlight.vision.datasets.folder import default_loader
from rushlight.vision.datasets.listed import NOT_FOUND_OR_CORRUPTED, ListedImages
from rushlight.vision.datasets.mat import read_mat
from rushlight.vision.datasets.vision import Function

URL = "https://www.robots.ox.ac.uk/~vgg/data/flowers/102/"
ARCHIVE = ("102flowers.tgz", "52808999861908f626f3c1f4e79d11fa")
NAMES = (
    "pink primrose", "hard-leaved pocket orchid", "canterbury bells", "sweet pea",
    "english marigold", "tiger lily", "moon orchid", "bird of paradise", "monkshood",
    "globe thistle", "snapdragon", "colt's foot", "king protea", "spear thistle", "yellow iris",
    "globe-flower", "purple coneflower", "peruvian lily", "balloon flower",
    "giant white arum lily", "fire lily", "pincushion flower", "fritillary", "red ginger",
    "grape hyacinth", "corn poppy", "prince of wales feathers", "stemless gentian", "artichoke",
    "sweet william", "carnation", "garden phlox", "love in the mist", "mexican aster",
    "alpine sea holly", "ruby-lipped cattleya", "cape flower", "great masterwort", "siam tulip",
    "lenten rose", "barbeton daisy", "daffodil", "sword lily", "poinsettia", "bolero deep blue",
    "wallflower", "marigold", "buttercup", "oxeye daisy", "common dandelion", "petunia",
    "wild pansy", "primula", "sunflower", "pelargonium", "bishop of llandaff", "gaura",
    "geranium", "orange dahlia", "pink-yellow dahlia?", "cautleya spicata", "japanese anemone",
    "black-eyed susan", "silverbush", "californian poppy", "osteospermum", "spring crocus",
    "bearded iris", "windflower", "tree poppy", "gazania", "azalea", "water lily", "rose",
    "thorn apple", "morning glory", "passion flower", "lotus", "toad lily", "anthurium",
    "frangipani", "clematis", "hibiscus", "columbine", "desert-rose", "tree mallow", "magnolia",
    "cyclamen", "watercress", "canna lily", "hippeastrum", "bee balm", "ball moss", "foxglove",
    "bougainvillea", "camellia", "mallow", "mexican petunia", "bromelia", "blanket flower",
    "trumpet creeper", "blackberry lily",
)  # fmt: skip


class Flowers102(ListedImages):
    """102 kinds of flowers: ``root/flowers-102/jpg/`` with ``imagelabels.mat`` and ``setid.mat``.

    ``split``: train, val or test.
    """

    classes: ClassVar[Any] = list(NAMES)
    tables: ClassVar[dict[str, str]] = {
        "imagelabels.mat": "e0620be6f572b9609742df49c70aed4d",
        "setid.mat": "a5357ecc9cb78c4bef273ce3793fc85c",
    }
    split_names: ClassVar[dict[str, str]] = {"train": "trnid", "val": "valid", "test": "tstid"}

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        transform: Function | None = None,
        target_transform: Function | None = None,
        download: bool = False,
        loader: Callable[[Any], Any] = default_loader,
    ) -> None:
        super().__init__(root, transform, target_transform, loader)
        self._split = chosen(split, "split", self.split_names)
        self._base_folder = Path(self.root) / "flowers-102"
        self._images_folder = self._base_folder / "jpg"
        if download:
            self.download()
        if not self._check_integrity():
            raise RuntimeError(f"{NOT_FOUND_OR_CORRUPTED} ({self._base_folder})")
        chosen_set = read_mat(self._base_folder / "setid.mat")[self.split_names[split]]
        numbers = chosen_set.reshape(-1).tolist()
        labels = read_mat(self._base_folder / "imagelabels.mat")["labels"].reshape(-1).tolist()
        self._labels = [int(labels[each - 1]) - 1 for each in numbers]
        self._image_files = [self._images_folder / f"image_{each:05d}.jpg" for each in numbers]
        self.class_to_idx = {name: place for place, name in enumerate(self.classes)}

    def _check_integrity(self) -> bool:
        return self._images_folder.is_dir() and all(
            check_integrity(self._base_folder / name, md5) for name, md5 in self.tables.items()
        )

    def download(self) -> None:
        """Get images and tables, unless they are there."""
        if self._check_integrity():
            return
        download_and_extract_archive(URL + ARCHIVE[0], self._base_folder, md5=ARCHIVE[1])
        for name, md5 in self.tables.items():
            download_url(URL + name, self._base_folder, md5=md5)

    def extra_repr(self) -> str:
        return f"split={self._split}"
