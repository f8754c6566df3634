"""Some examples, an attribute of tensors for each field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rushlight.tensor import Tensor


def _short(value: Any) -> str:
    if isinstance(value, tuple):
        return str(tuple(_short(each) for each in value))
    if not isinstance(value, Tensor):
        return str(value)
    return f"[{value.type()} of size {'x'.join(str(size) for size in value.shape)}]"


class Batch:
    """Unpacks into (inputs, targets), each one value or a tuple of them, None if there are none."""

    batch_size: int
    dataset: Any
    fields: Iterable[str]
    input_fields: list[str]
    target_fields: list[str]

    def __init__(self, data: list[Any] | None = None, dataset: Any = None, device: Any = None):
        if data is None:
            return
        self.batch_size = len(data)
        self.dataset = dataset
        self.fields = dataset.fields.keys()
        known = {name: field for name, field in dataset.fields.items() if field is not None}
        self.input_fields = [name for name, field in known.items() if not field.is_target]
        self.target_fields = [name for name, field in known.items() if field.is_target]
        for name, field in known.items():
            values = [getattr(example, name) for example in data]
            setattr(self, name, field.process(values, device=device))

    @classmethod
    def fromvars(cls, dataset: Any, batch_size: int, train: Any = None, **kwargs: Any) -> Batch:
        """A batch of tensors that are ready."""
        made = cls()
        made.batch_size = batch_size
        made.dataset = dataset
        made.fields = dataset.fields.keys()
        for name, value in kwargs.items():
            setattr(made, name, value)
        return made

    def __len__(self) -> int:
        return self.batch_size

    def __iter__(self) -> Iterator[Any]:
        for names in (self.input_fields, self.target_fields):
            values = tuple(getattr(self, name) for name in names)
            yield values if len(values) > 1 else values[0] if values else None

    def __repr__(self) -> str:
        if not self.__dict__:
            return "Empty torchtext.legacy.data.batch.Batch instance"
        source = getattr(self.dataset, "name", None)
        named = f" from {source.upper()}" if isinstance(source, str) else ""
        lines = [
            f"\t[.{name}]:{_short(getattr(self, name))}"
            for name in self.fields
            if hasattr(self, name)
        ]
        head = f"\n[torchtext.legacy.data.batch.Batch of size {self.batch_size}{named}]"
        return "\n".join([head, *lines])
