"""torch.utils.data._utils.pin_memory: what it goes into, and what it leaves."""

from collections import OrderedDict, namedtuple

from rushlight.utils.data._utils.pin_memory import pin_memory


class Pinned:
    def pin_memory(self):
        return "pinned"


Pair = namedtuple("Pair", "first second")


def test_goes_into_containers_and_keeps_their_kinds():
    got = pin_memory(OrderedDict(a=[Pinned(), 1], b=Pair(Pinned(), "name"), c=(Pinned(),)))
    assert got == OrderedDict(a=["pinned", 1], b=Pair("pinned", "name"), c=("pinned",))
    assert type(got) is OrderedDict and type(got["b"]) is Pair


def test_the_containers_given_stay_as_they_are():
    given = [Pinned()]
    assert pin_memory(given) == ["pinned"] and isinstance(given[0], Pinned)


def test_what_is_not_made_from_its_values_becomes_a_list():
    assert pin_memory(range(3)) == [0, 1, 2]
