"""One sample: an attribute for each field."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

Fields = Sequence[tuple[Any, Any]]
ByKey = Mapping[str, Any]


def _inside(thing: Any, key: str) -> Any:
    """``thing[key]``, or that of each thing in a list."""
    if isinstance(thing, list):
        return [_inside(each, key) for each in thing]
    if key not in thing:
        raise ValueError(f"Specified key {key} was not found in the input data")
    return thing[key]


class Example:
    """Made by its class methods; ``fields`` are (name, field) pairs, a None field is passed over.

    A tuple of names with a tuple of fields makes several attributes of one column.
    """

    def _set(self, name: Any, field: Any, value: Any) -> None:
        several = isinstance(name, tuple)
        for each, by in zip(name, field, strict=True) if several else [(name, field)]:
            setattr(self, each, by.preprocess(value))

    def _set_key(self, pairs: Any, value: Any) -> None:
        for name, field in pairs if isinstance(pairs, list) else [pairs]:
            self._set(name, field, value)

    @classmethod
    def fromlist(cls, data: Sequence[Any], fields: Fields) -> Example:
        """Of values in the order of the fields."""
        made = cls()
        for (name, field), value in zip(fields, data, strict=False):
            if field is not None:
                made._set(name, field, value.rstrip("\n") if isinstance(value, str) else value)
        return made

    @classmethod
    def fromdict(cls, data: Mapping[str, Any], fields: ByKey) -> Example:
        """Of values by key; ``fields``: key -> (name, field), or a list of such pairs."""
        made = cls()
        for key, pairs in fields.items():
            value = _inside(data, key)
            if pairs is not None:
                made._set_key(pairs, value)
        return made

    @classmethod
    def fromJSON(cls, data: str, fields: ByKey) -> Example:
        """Of a line of JSON; ``"a.b"`` is b inside a, of every a of a list."""
        made, known = cls(), json.loads(data)
        for path, pairs in fields.items():
            if pairs is not None:
                value = known
                for key in path.split("."):
                    value = _inside(value, key)
                made._set_key(pairs, value)
        return made

    @classmethod
    def fromCSV(
        cls, data: Sequence[str], fields: Any, field_to_index: Mapping[str, int] | None = None
    ) -> Example:
        """Of a row's cells, by position or (``field_to_index``) by the header's names."""
        if field_to_index is None:
            return cls.fromlist(data, fields)
        return cls.fromdict({name: data[at] for name, at in field_to_index.items()}, fields)
