"""A pickle reader that builds data and runs nothing: tensors, containers, numbers, strings.

It knows the opcodes that data needs. A GLOBAL is looked up in a table, never imported; REDUCE,
NEWOBJ and BUILD work on what the table allows only. So a file cannot name ``os.system``, cannot
ask for gigabytes with three bytes, and cannot reach an attribute of anything.
"""

from __future__ import annotations

import pickle
import struct
import sys
from collections import Counter, OrderedDict
from collections.abc import Callable
from pickle import UnpicklingError
from typing import Any, Protocol, final

from rushlight.nn.parameter import Parameter
from rushlight.serialization.allowlist import lookup, user_allowed
from rushlight.serialization.brief import brief
from rushlight.serialization.builtin_types import make_bytearray, make_bytes
from rushlight.serialization.locations import DAMAGE
from rushlight.serialization.names import ALLOWED
from rushlight.serialization.rebuild import rebuild_parameter
from rushlight.tensor import Size, Tensor, device

MOST_KEY_PARTS = 1000  # of a dict key that is a tuple: hashing nested tuples can take for ever
MOST_MARKS = 10_000
# Beyond this Python's hash of a whole number repeats itself, and a dict of such keys turns slow.
LARGEST_KEY = sys.hash_info.modulus
# A few bytes in the file make these copy something that stands there once.
COPYING = (make_bytes, make_bytearray, set, OrderedDict, Counter, Size)

# By identity: values of a file may not decide what is equal. The table keeps the objects alive.
ALLOWED_IDS = frozenset(map(id, ALLOWED.values()))

PersistentLoad = Callable[[Any], Any]


class Reader(Protocol):
    """Where the pickle's bytes come from. ``read`` returns exactly n bytes or raises."""

    def read(self, n: int) -> bytes: ...

    def readline(self) -> bytes: ...


@final
class Unpickler:
    """Reads one pickle. ``persistent_load`` turns a storage's id into the storage."""

    def __init__(
        self,
        reader: Reader,
        persistent_load: PersistentLoad | None = None,
        encoding: str = "utf-8",
        most_copies: int = 1 << 20,
    ) -> None:
        self.reader = reader
        self.read = reader.read
        self.persistent_load = persistent_load
        self.encoding = encoding
        self.copies_left = most_copies
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []
        self.memo: dict[int, Any] = {}

    def load(self) -> Any:
        """The pickled object. Raises UnpicklingError for whatever is not plain data."""
        operations, read = OPERATIONS, self.read
        try:
            while True:
                code = read(1)
                if code == pickle.STOP:
                    return self.stack.pop()
                operation = operations.get(code)
                if operation is None:
                    raise UnpicklingError(
                        f"Unsupported operand {code[0]} ({code!r}): not among the pickle "
                        f"operations that data needs"
                    )
                operation(self)
        except DAMAGE as error:
            # An operand is missing or of the wrong type: the pickle is damaged.
            raise UnpicklingError(
                f"the pickle is damaged ({type(error).__name__}: {error})"
            ) from error

    def pop_mark(self) -> list[Any]:
        """What was pushed since the last MARK."""
        items = self.stack
        self.stack = self.marks.pop()
        return items

    def number(self, layout: str) -> Any:
        """One number in the given struct layout."""
        return struct.unpack(layout, self.read(struct.calcsize(layout)))[0]

    def push_global(self, module: str, name: str) -> None:
        self.stack.append(lookup(module, name))

    def new_object(self) -> None:
        args = self.stack.pop()
        kind = self.stack.pop()
        if kind is Parameter:
            self.stack.append(rebuild_parameter(args[0], args[1] if len(args) > 1 else True))
        elif kind in (OrderedDict, Counter, set, complex) and not args:
            self.stack.append(kind())
        elif _is_one_of(kind, user_allowed().values()):
            self.stack.append(kind.__new__(kind, *args))
        else:
            raise UnpicklingError(
                "Can only create new object for nn.Parameter or classes allowlisted "
                f"via `add_safe_globals` but got {brief(kind)}"
            )

    def reduce(self) -> None:
        args = self.stack.pop()
        function = self.stack[-1]
        if not callable(function) or not (
            (id(function) in ALLOWED_IDS and function is not Tensor)
            or _is_one_of(function, user_allowed().values())
        ):
            raise UnpicklingError(
                f"Trying to call reduce for unrecognized function {brief(function)}"
            )
        if _is_one_of(function, (device, complex, Size)):
            _check_keys(args)  # a few numbers: their error messages print what they got
        if _is_one_of(function, COPYING):
            self._before_copy(function, args)
        try:
            self.stack[-1] = (rebuild_parameter if function is Parameter else function)(*args)
        except (TypeError, ValueError, OverflowError) as error:
            if _is_one_of(function, user_allowed().values()):
                raise
            raise UnpicklingError(
                f"{brief(function)} cannot take {brief(args)}: {error}"
            ) from error

    def _before_copy(self, function: object, args: Any) -> None:
        """Bound how much is copied over all, and check what becomes a key."""
        first = args[0] if type(args) is tuple and args else None
        if isinstance(first, (str, bytes, bytearray, tuple, list, dict, set)):
            self.copies_left -= len(first)
            if self.copies_left < 0:
                raise UnpicklingError("the pickle copies one and the same value again and again")
        if function in (set, Counter):
            for each in first if isinstance(first, (tuple, list)) else ():
                _check_keys(each)
        elif function is OrderedDict:
            for pair in first if isinstance(first, (tuple, list)) else ():
                _check_keys(pair[0] if isinstance(pair, (tuple, list)) and pair else pair)

    def build(self) -> None:
        state = self.stack.pop()
        target = self.stack[-1]
        if type(target) is OrderedDict:
            if type(state) is not dict:
                raise UnpicklingError(f"an OrderedDict's attributes are a dict, not {brief(state)}")
            target.__dict__.update(state)
        elif _is_one_of(type(target), user_allowed().values()):
            _set_state(target, state)
        else:
            raise UnpicklingError(
                "Can only build Tensor, Parameter, OrderedDict or types allowlisted "
                f"via `add_safe_globals`, but got {type(target)}"
            )

    def append(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is not list:
            raise UnpicklingError(f"Can only append to lists, but got {type(target)}")
        target.extend(items)

    def set_items(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) not in (dict, OrderedDict, Counter):
            raise UnpicklingError(
                "Can only set items of dict, collections.OrderedDict, collections.Counter, "
                f"but got {type(target)}"
            )
        for place in range(0, len(items), 2):
            key = items[place]
            if type(key) is not str:
                _check_keys(key)
            target[key] = items[place + 1]

    def add_items(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is not set:
            raise UnpicklingError(f"Can only add items to sets, but got {type(target)}")
        for each in items:
            _check_keys(each)
        target.update(items)

    def mark(self) -> None:
        if len(self.marks) >= MOST_MARKS:
            raise UnpicklingError(f"the pickle nests more than {MOST_MARKS} levels deep")
        self.marks.append(self.stack)
        self.stack = []

    def tuple_of(self, count: int) -> None:
        if len(self.stack) < count:
            raise UnpicklingError("the pickle is damaged (a tuple of values that are not there)")
        self.stack[-count:] = [tuple(self.stack[-count:])]

    def tuple_of_marked(self) -> None:
        items = self.pop_mark()
        self.stack.append(tuple(items))

    def text(self, length: int) -> None:
        self.stack.append(str(self.read(length), "utf-8", "surrogatepass"))

    def old_string(self, length: int) -> None:
        """A ``str`` of Python 2."""
        data = self.read(length)
        self.stack.append(data if self.encoding == "bytes" else data.decode(self.encoding))

    def persistent(self) -> None:
        identity = self.stack.pop()
        tag = identity[0] if type(identity) is tuple and identity else None
        if tag not in ("storage", b"storage") and type(identity) is not int:
            raise UnpicklingError(
                f"Only persistent_load of storage is allowed, but got {brief(identity)}"
            )
        if self.persistent_load is None:
            raise UnpicklingError("unsupported persistent id encountered")
        self.stack.append(self.persistent_load(identity))

    def global_lines(self) -> None:
        module = self.reader.readline()[:-1].decode()
        self.push_global(module, self.reader.readline()[:-1].decode())

    def global_on_stack(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if type(name) is not str or type(module) is not str:
            raise UnpicklingError("a global's name must be a str")
        self.push_global(module, name)

    def long_number(self) -> None:
        self.stack.append(pickle.decode_long(self.read(self.read(1)[0])))

    def drop(self, value: object) -> None:
        """Forget a value that the operation had to read."""

    def protocol(self) -> None:
        version = self.read(1)[0]
        if version > pickle.HIGHEST_PROTOCOL:
            raise UnpicklingError(f"unsupported pickle protocol: {version}")


def _set_state(target: Any, state: Any) -> None:
    """What pickle's BUILD does, for a class that the user allowed."""
    if hasattr(target, "__setstate__"):
        target.__setstate__(state)
        return
    slots = None
    if isinstance(state, tuple) and len(state) == 2:
        state, slots = state
    if state:
        target.__dict__.update(state)
    for name, value in (slots or {}).items():
        setattr(target, name, value)


def _is_one_of(thing: object, allowed: Any) -> bool:
    return any(thing is each for each in allowed)


def _check_keys(key: Any) -> None:
    """Bound the work of hashing ``key``: a short pickle can nest tuples 2**60 wide."""
    waiting, seen = [key], 0
    while waiting:
        each = waiting.pop()
        if isinstance(each, (tuple, frozenset)):
            seen += len(each)
            if seen > MOST_KEY_PARTS:
                raise UnpicklingError(
                    f"a key or argument in the checkpoint has over {MOST_KEY_PARTS} parts"
                )
            waiting.extend(each)
        elif isinstance(each, (list, dict, set)):
            raise UnpicklingError(f"{brief(each)} cannot be a key or argument here")
        elif isinstance(each, int) and not -LARGEST_KEY < each < LARGEST_KEY:
            raise UnpicklingError("a key or argument in the checkpoint is a huge number")


OPERATIONS: dict[bytes, Callable[[Unpickler], None]] = {
    pickle.PROTO: Unpickler.protocol,
    pickle.FRAME: lambda self: self.drop(self.read(8)),
    pickle.GLOBAL: Unpickler.global_lines,
    pickle.STACK_GLOBAL: Unpickler.global_on_stack,
    pickle.NEWOBJ: Unpickler.new_object,
    pickle.REDUCE: Unpickler.reduce,
    pickle.BUILD: Unpickler.build,
    pickle.BINPERSID: Unpickler.persistent,
    pickle.APPEND: lambda self: self.append([self.stack.pop()]),
    pickle.APPENDS: lambda self: self.append(self.pop_mark()),
    pickle.SETITEM: lambda self: self.set_items([self.stack.pop(-2), self.stack.pop()]),
    pickle.SETITEMS: lambda self: self.set_items(self.pop_mark()),
    pickle.ADDITEMS: lambda self: self.add_items(self.pop_mark()),
    pickle.MARK: Unpickler.mark,
    pickle.POP: lambda self: self.drop(self.stack.pop() if self.stack else self.pop_mark()),
    pickle.TUPLE: Unpickler.tuple_of_marked,
    pickle.TUPLE1: lambda self: self.tuple_of(1),
    pickle.TUPLE2: lambda self: self.tuple_of(2),
    pickle.TUPLE3: lambda self: self.tuple_of(3),
    pickle.NONE: lambda self: self.stack.append(None),
    pickle.NEWFALSE: lambda self: self.stack.append(False),
    pickle.NEWTRUE: lambda self: self.stack.append(True),
    pickle.EMPTY_TUPLE: lambda self: self.stack.append(()),
    pickle.EMPTY_LIST: lambda self: self.stack.append([]),
    pickle.EMPTY_DICT: lambda self: self.stack.append({}),
    pickle.EMPTY_SET: lambda self: self.stack.append(set()),
    pickle.BININT: lambda self: self.stack.append(self.number("<i")),
    pickle.BININT1: lambda self: self.stack.append(self.read(1)[0]),
    pickle.BININT2: lambda self: self.stack.append(self.number("<H")),
    pickle.LONG1: Unpickler.long_number,
    pickle.BINFLOAT: lambda self: self.stack.append(self.number(">d")),
    pickle.BINUNICODE: lambda self: self.text(self.number("<I")),
    pickle.SHORT_BINUNICODE: lambda self: self.text(self.read(1)[0]),
    pickle.SHORT_BINSTRING: lambda self: self.old_string(self.read(1)[0]),
    pickle.BINSTRING: lambda self: self.old_string(self.number("<I")),
    pickle.BINBYTES: lambda self: self.stack.append(self.read(self.number("<I"))),
    pickle.SHORT_BINBYTES: lambda self: self.stack.append(self.read(self.read(1)[0])),
    pickle.BINGET: lambda self: self.stack.append(self.memo[self.read(1)[0]]),
    pickle.LONG_BINGET: lambda self: self.stack.append(self.memo[self.number("<I")]),
    pickle.BINPUT: lambda self: self.memo.__setitem__(self.read(1)[0], self.stack[-1]),
    pickle.LONG_BINPUT: lambda self: self.memo.__setitem__(self.number("<I"), self.stack[-1]),
    pickle.MEMOIZE: lambda self: self.memo.__setitem__(len(self.memo), self.stack[-1]),
}
