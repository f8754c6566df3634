"""Examples with their fields, and tables that are read into such."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from rushlight.text.legacy.data.example import Example
from rushlight.text.legacy.data.shuffler import RandomShuffler
from rushlight.utils.data.dataset import Dataset as Base
from rushlight.utils.download import download, extract_archive

ENDLESS = 2**32  # the length of examples that have none


class Dataset(Base[Any]):
    """``examples`` and ``fields`` (name -> field); ``data.text`` runs over all texts.

    ``sort_key`` of an example says which are alike in length. ``filter_pred`` chooses examples.
    """

    sort_key: Any = None
    # Of data sets on the network: addresses, or (address, file name); the folder; one inside it.
    urls: Iterable[Any] = ()
    name: str
    dirname = ""

    def __init__(
        self, examples: Any, fields: Any, filter_pred: Callable[[Any], bool] | None = None
    ) -> None:
        if filter_pred is not None:
            chosen = filter(filter_pred, examples)
            examples = list(chosen) if isinstance(examples, list) else chosen
        self.examples = examples
        self.fields: dict[str, Any] = {}
        for name, field in dict(fields).items():
            pairs = zip(name, field, strict=True) if isinstance(name, tuple) else [(name, field)]
            self.fields.update(pairs)

    @classmethod
    def splits(
        cls, path: str | None = None, root: str = ".data", train: str | None = None,
        validation: str | None = None, test: str | None = None, **kwargs: Any,
    ) -> tuple[Any, ...]:  # fmt: skip
        """A data set for each file that is named, of ``path`` or downloaded to ``root``."""
        folder = Path(cls.download(root) if path is None else path)
        names = [each for each in (train, validation, test) if each is not None]
        return tuple(cls(str(folder / each), **kwargs) for each in names)

    def split(
        self, split_ratio: float | list[float] = 0.7, stratified: bool = False,
        strata_field: str = "label", random_state: Any = None,
    ) -> tuple[Dataset, ...]:  # fmt: skip
        """(train, test), or for three ratios (of train, test, validation) train, validation, test.

        Drawn at random, of each label alike if ``stratified``; empty parts are left out. Raises
        ValueError for ratios that are none and for an unknown ``strata_field``.
        """
        ratios = _ratios(split_ratio)
        shuffler = RandomShuffler(random_state)
        groups: Iterable[list[Any]] = [list(self.examples)]
        if stratified:
            if strata_field not in self.fields:
                raise ValueError(f"Invalid field name for strata_field {strata_field}")
            by_label: dict[Any, list[Any]] = {}
            for each in self.examples:
                by_label.setdefault(getattr(each, strata_field), []).append(each)
            groups = by_label.values()
        parts: list[list[Any]] = [[], [], []]
        for group in groups:
            order = shuffler(range(len(group)))
            first = round(ratios[0] * len(group))
            second = first + round(ratios[1] * len(group)) if ratios[2] else len(group)
            for part, places in zip(
                parts, (order[:first], order[first:second], order[second:]), strict=True
            ):
                part += [group[place] for place in places]
        train, test, validation = parts
        made = tuple(Dataset(part, self.fields) for part in (train, validation, test) if part)
        for each in made:
            each.sort_key = self.sort_key
        return made

    def __getitem__(self, i: int) -> Any:
        return self.examples[i]

    def __len__(self) -> int:
        return len(self.examples) if hasattr(self.examples, "__len__") else ENDLESS

    def __iter__(self) -> Iterator[Any]:
        return iter(self.examples)

    def __getattr__(self, attr: str) -> Iterator[Any]:
        if attr not in self.__dict__.get("fields", ()):
            raise AttributeError(f"{type(self).__name__} has no attribute or field {attr!r}")
        return (getattr(example, attr) for example in self.examples)

    @classmethod
    def download(cls, root: str, check: str | None = None) -> str:
        """The folder ``root/name/dirname``, filled from the network unless ``check`` is there."""
        folder = Path(root) / cls.name
        if not (Path(check) if check is not None else folder).is_dir():
            for url in cls.urls:
                address, file = url if isinstance(url, tuple) else (url, url.rpartition("/")[2])
                path = download([address], folder, file)
                if path.suffix in (".zip", ".tgz", ".gz"):
                    extract_archive(path, folder)
        return str(folder / cls.dirname)

    def filter_examples(self, field_names: Iterable[str]) -> None:
        """Drop the words that the fields' vocabularies do not have."""
        for example in self.examples:
            for name in field_names:
                known = set(self.fields[name].vocab.stoi)
                kept = [word for word in getattr(example, name) if word in known]
                setattr(example, name, kept)


def _ratios(split_ratio: Any) -> list[float]:
    """Three parts of 1, the last one 0 for two."""
    if isinstance(split_ratio, float):
        if not 0.0 < split_ratio < 1.0:
            raise AssertionError(f"Split ratio {split_ratio} not between 0 and 1")
        return [split_ratio, 1.0 - split_ratio, 0.0]
    if not isinstance(split_ratio, list):
        raise ValueError(f"Split ratio must be float or a list, got {type(split_ratio)}")
    if len(split_ratio) not in (2, 3):
        raise AssertionError(f"Length of split ratio list should be 2 or 3, got {split_ratio}")
    total = sum(split_ratio)
    parts = split_ratio if total == 1.0 else [float(each) / total for each in split_ratio]
    return [*parts, 0.0][:3]


class TabularDataset(Dataset):
    """A file of format csv, tsv or json (an object a line).

    ``fields``: (name, field) pairs in the order of the columns; or, by the header's names (json:
    keys), name -> (attribute, field). ``skip_header`` passes over the first line.
    """

    def __init__(
        self, path: str, format: str, fields: Any, skip_header: bool = False,
        csv_reader_params: Mapping[str, Any] | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        kind = format.lower()
        make: Callable[..., Example] = {
            "json": Example.fromJSON, "dict": Example.fromdict, "tsv": Example.fromCSV,
            "csv": Example.fromCSV,
        }[kind]  # fmt: skip
        with Path(path).expanduser().open(encoding="utf8", newline=None) as file:
            lines: Iterator[Any] = iter(file)
            if kind in ("csv", "tsv"):
                csv.field_size_limit(sys.maxsize)  # a review may be one cell
                options = {} if kind == "csv" else {"delimiter": "\t"}
                lines = csv.reader(file, **options, **(csv_reader_params or {}))
                if isinstance(fields, dict):
                    if skip_header:
                        raise ValueError(
                            f"When using a dict to specify fields with a {kind} file, skip_header "
                            "must be False and the file must have a header."
                        )
                    header = next(lines)
                    make = partial(
                        make, field_to_index={name: header.index(name) for name in fields}
                    )
            if skip_header:
                next(lines)
            examples = [make(line, fields) for line in lines]
        if isinstance(fields, dict):
            pairs = [each if isinstance(each, list) else [each] for each in fields.values()]
            fields = [pair for several in pairs for pair in several]
        super().__init__(examples, fields, **kwargs)
