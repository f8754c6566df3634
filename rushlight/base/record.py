"""Named values that never change: a frozen dataclass without the code that one writes for itself.

``@dataclass(frozen=True)`` compiles half a dozen methods for each class, half a millisecond of
every process that imports it; there are seventy such classes. Here they share theirs.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from typing import Any, ClassVar, Self, dataclass_transform


@dataclass_transform(frozen_default=True)
class Record:
    """A base for classes of named values: ``__init__``, ``==``, hash and text from annotations.

    >>> class Point(Record):
    ...     x: int
    ...     y: int = 0
    >>> Point(2), Point(2) == Point(2, 0), Point(2).replace(y=1)
    (Point(x=2, y=0), True, Point(x=2, y=1))
    """

    NAMES: ClassVar[tuple[str, ...]] = ()
    _values: ClassVar[Any] = attrgetter("__class__")

    def __init_subclass__(cls) -> None:
        own = (name for name, kind in cls.__annotations__.items() if "ClassVar" not in str(kind))
        cls.NAMES = tuple(dict.fromkeys((*cls.NAMES, *own)))
        cls._values = attrgetter("__class__", *cls.NAMES)

    def __init__(self, *values: Any, **named: Any) -> None:
        names = self.NAMES
        given = dict(zip(names, values, strict=False))
        if named or len(values) != len(names):
            self._complete(given, len(values), named)
        self.__dict__.update(given)
        self.__post_init__()

    def _complete(self, given: dict[str, Any], positional: int, named: dict[str, Any]) -> None:
        who, kind = type(self).__name__, type(self)
        if positional > len(self.NAMES):
            raise TypeError(f"{who} takes {len(self.NAMES)} values, got {positional}")
        for name, value in named.items():
            if name in given or name not in self.NAMES:
                raise TypeError(f"{who} got {name!r} twice or has no such value")
            given[name] = value
        if len(given) < len(self.NAMES):
            for name in self.NAMES:
                if name not in given:
                    if not hasattr(kind, name):
                        raise TypeError(f"{who} needs a value for {name!r}")
                    given[name] = getattr(kind, name)

    def __post_init__(self) -> None:
        """For sub-classes: look at the values, refuse them."""

    def as_tuple(self) -> tuple[Any, ...]:
        """The values in order."""
        return self._values(self)[1:]  # type: ignore[no-any-return]

    def replace(self, **changed: Any) -> Self:
        """The same values but for those ``changed``."""
        return type(self)(**{name: getattr(self, name) for name in self.NAMES} | changed)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"cannot change {name!r} of a {type(self).__name__}: use replace()")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"cannot delete {name!r} of a {type(self).__name__}")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return bool(self._values(self) == self._values(other))

    def __hash__(self) -> int:
        return hash(self._values(self))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.NAMES)
        return f"{type(self).__qualname__}({shown})"


def leaves_of(thing: Any) -> Iterator[Any]:
    """What records and tuples are made of, in order."""
    parts = _parts(thing)
    if parts is None:
        yield thing
    else:
        for part in parts:
            yield from leaves_of(part)


def with_leaves(thing: Any, leaves: Iterator[Any]) -> Any:
    """The same records and tuples of other leaves."""
    parts = _parts(thing)
    if parts is None:
        return next(leaves)
    made = [with_leaves(part, leaves) for part in parts]
    return tuple(made) if isinstance(thing, tuple) else type(thing)(*made)


def _parts(thing: Any) -> tuple[Any, ...] | None:
    if isinstance(thing, Record):
        return thing.as_tuple()
    return thing if isinstance(thing, tuple) else None
