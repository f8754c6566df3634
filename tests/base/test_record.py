"""Record: what a frozen dataclass promises, without generated code."""

from __future__ import annotations

import copy
import pickle

import pytest

from rushlight.base.record import Record


class Point(Record):
    x: int
    y: int = 0

    @property
    def far(self) -> bool:
        return self.x > 3


class Named(Point):
    name: str = "p"

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("no name")


def test_values_by_place_and_by_name() -> None:
    for point in (Point(1, 2), Point(1, y=2), Point(y=2, x=1)):
        assert (point.x, point.y, point.as_tuple()) == (1, 2, (1, 2))
    assert Point(4).as_tuple() == (4, 0) and Point(4).far
    assert repr(Named(1, name="q")) == "Named(x=1, y=0, name='q')"


def test_equal_values_are_one_key() -> None:
    assert Point(1) == Point(1, 0) and hash(Point(1)) == hash(Point(1, 0))
    assert Point(1) != Point(2)
    assert Point(1, 0) != Named(1, 0)  # another class, whatever its values
    assert Point(1) != (1, 0)
    assert len({Point(1), Point(1), Point(2)}) == 2


def test_nothing_changes() -> None:
    point = Point(1)
    with pytest.raises(AttributeError, match="cannot change 'x' of a Point"):
        point.x = 3  # type: ignore[misc]
    with pytest.raises(AttributeError, match="cannot delete 'x'"):
        del point.x
    other = point.replace(y=5)
    assert (point.as_tuple(), other.as_tuple()) == ((1, 0), (1, 5))


@pytest.mark.parametrize(
    ("values", "named", "message"),
    [
        ((), {}, "Point needs a value for 'x'"),
        ((1, 2, 3), {}, "Point takes 2 values, got 3"),
        ((1,), {"x": 2}, "'x' twice"),
        ((1,), {"z": 2}, "'z' twice or has no such value"),
    ],
)
def test_refused(values: tuple[int, ...], named: dict[str, int], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        Point(*values, **named)
    with pytest.raises(ValueError, match="no name"):
        Named(1, name="")


def test_copied_and_pickled() -> None:
    point = Named(1, 2, "q")
    assert copy.deepcopy(point) == point
    assert pickle.loads(pickle.dumps(point)) == point
