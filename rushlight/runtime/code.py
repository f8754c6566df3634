"""Kernel text -> address of machine code: memory first, then the disk, then LLVM.

>>> text = "define i64 @zero(ptr %a, i64 %b, i64 %e) { ret i64 0 }"
>>> load([("zero", text)])["zero"] > 0
True
"""

from __future__ import annotations

import copy
import itertools
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from rushlight.base import config
from rushlight.runtime import cpu, half_step, llvm, object_code
from rushlight.runtime.cache import DiskCache
from rushlight.runtime.digest import digest

# A kernel costs about 1.5 ms and 1 ms a KiB of text; a cold worker is ready after about 80 ms.
_TEXT_WORTH_COLD_WORKERS = 150_000
_TEXT_WORTH_WARM_WORKERS = 15_000
_TEXT_OF_FIXED_COST = 1500


class CompilerError(RuntimeError):
    """LLVM refused a kernel text. It is our fault, not the user's: the message carries the text."""


class Stats:
    """What ``load`` did so far: kernels by where they came from, and seconds.

    What every process needs (``lasting``) is not counted among the compiled and the found.
    """

    def __init__(self) -> None:
        self.compiled = 0
        self.disk_hits = 0
        self.memory_hits = 0
        self.compile_seconds = 0.0
        self.link_seconds = 0.0


class _Loaded:
    """Machine code in this process: (symbol, key) -> address, and what keeps it alive.

    A key is the name of a kernel text on the disk: the digest of the text and of the machine.
    """

    name = "loaded machine code"

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.keys: dict[str, str] = {}  # text -> key
        self.addresses: dict[Kernel, int] = {}
        self.trackers: list[Any] = []
        # Keys that clear() leaves alone, and what keeps their code alive.
        self.lasting: set[str] = set()
        self.lasting_trackers: list[Any] = []
        self.target: Any = None
        self.jit: Any = None
        self.disk: DiskCache | None = None
        self.prefix = b""
        self.stats = Stats()
        self.library_numbers = itertools.count()
        self.companions: list[Callable[[], list[tuple[str, str]]]] = []

    def open(self) -> None:
        """LLVM's machine and linker, on first use."""
        if self.jit is not None:
            return
        binding, host = llvm.binding(), cpu.host()
        self.target = object_code.Target(binding, host.name, host.features, host.triple)
        self.jit = binding.create_lljit_compiler(
            self.target.machine, use_jit_link=True, suppress_errors=True
        )
        versions = f"{llvm.version()} pipeline {object_code.PIPELINE_VERSION}"
        self.prefix = "\n".join((host.name, host.features, host.triple, versions, "")).encode()
        if not config.NO_CACHE:
            self.disk = DiskCache(config.cache_folder() / "code")


Kernel = tuple[str, str]  # symbol, and text or key

_loaded = _Loaded()
# A fork in the middle of a load would leave the child with half-linked code and a held lock.
os.register_at_fork(
    before=_loaded.lock.acquire,
    after_in_parent=_loaded.lock.release,
    after_in_child=_loaded.lock.release,
)


def load(
    kernels: Iterable[Kernel], *, lasting: bool = False, objects: Mapping[str, bytes] | None = None
) -> dict[str, int]:
    """Addresses of kernels given as (symbol, text); the text defines the symbol.

    Equal text is one kernel; in one call, different texts need different symbols. Raises
    CompilerError if LLVM refuses a text. ``lasting``: ``clear`` leaves them alone. ``objects``:
    what was compiled before, by key (``compile_away``).
    """
    with _loaded.lock:
        _loaded.open()
        texts: dict[str, str] = {}
        wanted = []
        for symbol, text in kernels:
            key = key_of(text)
            texts[key] = text
            wanted.append((symbol, key))
        if lasting:
            _loaded.lasting.update(texts)
        found = _load(wanted, texts, objects or {})
        assert found is not None
        return found


def load_kept(kernels: Iterable[Kernel], *, lasting: bool = False) -> dict[str, int] | None:
    """Addresses of kernels given as (symbol, key), without their texts.

    None where one of them is neither in memory nor on the disk.
    """
    with _loaded.lock:
        _loaded.open()
        wanted = list(kernels)
        if lasting:
            _loaded.lasting.update(key for _, key in wanted)
        return _load(wanted, {}, {})


def _load(
    wanted: list[Kernel], texts: dict[str, str], objects: Mapping[str, bytes]
) -> dict[str, int] | None:
    addresses = _loaded.addresses
    missing: dict[str, set[str]] = {}
    for symbol, key in wanted:
        if (symbol, key) not in addresses:
            missing.setdefault(key, set()).add(symbol)
    hits = len(wanted) - sum(map(len, missing.values()))
    if missing:
        companions, _loaded.companions = _loaded.companions, []
        for kernels in companions:
            for symbol, text in kernels():
                key = key_of(text)
                texts[key] = text
                missing.setdefault(key, set()).add(symbol)
                _loaded.lasting.add(key)
        if not _load_missing(missing, texts, objects):
            _loaded.companions = companions
            return None
    _loaded.stats.memory_hits += hits
    return {symbol: addresses[symbol, key] for symbol, key in wanted}


def kernels_at(addresses: Sequence[int]) -> list[Kernel]:
    """The (symbol, key) of the loaded kernel at each address."""
    with _loaded.lock:
        found = {address: kernel for kernel, address in _loaded.addresses.items()}
        return [found[address] for address in addresses]


def disk() -> DiskCache | None:
    """Where object code is kept, or None (RUSHLIGHT_NO_CACHE)."""
    with _loaded.lock:
        _loaded.open()
        return _loaded.disk


def machine_facts() -> bytes:
    """What object code depends on besides its text: the CPU, LLVM, how we use it."""
    with _loaded.lock:
        _loaded.open()
        return _loaded.prefix


def load_along(kernels: Callable[[], list[tuple[str, str]]]) -> None:
    """Load what ``kernels()`` gives together with the first kernels that anybody loads.

    For code that every program needs: it is compiled beside the others, not after them, and
    ``clear`` leaves it alone.
    """
    _loaded.companions.append(kernels)


def stats() -> Stats:
    """A copy of the counts so far."""
    return copy.copy(_loaded.stats)


def clear() -> None:
    """Unload all kernels. Only when no program is left that has their addresses."""
    with _loaded.lock:
        lasting = {key: at for key, at in _loaded.addresses.items() if key[1] in _loaded.lasting}
        _loaded.addresses = lasting
        _loaded.keys.clear()
        _loaded.trackers.clear()


def assembly(text: str, machine: cpu.Cpu | None = None) -> str:
    """The assembly of a kernel text, for tests that look for spills; any x86 ``Cpu`` will do."""
    it = machine or cpu.host()
    target = object_code.Target(llvm.binding(), it.name, it.features, it.triple)
    try:
        module = target.optimised(text)
    except RuntimeError as error:
        raise CompilerError(_refusal(text, error)) from None
    return str(target.machine.emit_assembly(module))


def key_of(text: str) -> str:
    """The name of a kernel text on the disk."""
    key = _loaded.keys.get(text)
    if key is None:
        key = _loaded.keys[text] = digest(_loaded.prefix + text.encode()).hex()
    return key


def _load_missing(
    missing: dict[str, set[str]], texts: dict[str, str], made: Mapping[str, bytes]
) -> bool:
    """Find or build the objects of key -> symbols, then link them. False, and nothing done, where
    one is not on the disk and has no text."""
    disk = _loaded.disk
    objects = {key: made[key] for key in missing if key in made}
    if disk is not None:
        for key in [each for each in missing if each not in objects]:
            if (found := disk.get(key)) is not None:
                objects[key] = found
    build = [key for key in missing if key not in objects]
    if not all(key in texts for key in build):
        return False
    _loaded.stats.disk_hits += sum(key not in _loaded.lasting for key in objects)
    if build:
        start = time.perf_counter()
        for key, built in zip(build, _compile([texts[key] for key in build]), strict=True):
            if isinstance(built, RuntimeError):
                raise CompilerError(_refusal(texts[key], built))
            objects[key] = built
            if disk is not None:
                disk.put(key, built)
        _loaded.stats.compiled += sum(key not in _loaded.lasting for key in build)
        _loaded.stats.compile_seconds += time.perf_counter() - start
    start = time.perf_counter()
    lasting = {key: names for key, names in missing.items() if key in _loaded.lasting}
    others = {key: names for key, names in missing.items() if key not in lasting}
    _link_all(lasting, objects, texts, _loaded.lasting_trackers)
    _link_all(others, objects, texts, _loaded.trackers)
    _loaded.stats.link_seconds += time.perf_counter() - start
    return True


def _compile(texts: list[str]) -> list[bytes | RuntimeError]:
    """Object code of each text, or LLVM's complaint."""
    # Processes and pipes: who finds all kernels on the disk does without them.
    from rushlight.runtime import compile_workers

    _show(texts)
    size = sum(len(text) + _TEXT_OF_FIXED_COST for text in texts)
    worth = _TEXT_WORTH_WARM_WORKERS if compile_workers.warm() else _TEXT_WORTH_COLD_WORKERS
    helpers = min((config.COMPILE_WORKERS or cpu.cores()) - 1, len(texts) - 1)
    if size < worth or not compile_workers.can_help():
        helpers = 0
    return compile_workers.build_all(texts, helpers, _setup(), _loaded.target.build)


def _setup() -> bytes:
    """What a worker is told first: see object_code.py."""
    host = cpu.host()
    return "\n".join((host.name, host.features, host.triple)).encode()


def compile_away(texts: Iterable[str]) -> dict[str, bytes]:
    """The objects by key, made in another process if there can be one; this one only waits.

    The disk keeps them. What LLVM refuses is not among them.
    """
    from rushlight.runtime import compile_workers

    with _loaded.lock:
        _loaded.open()
        keys = {key_of(text): text for text in texts}
    if not compile_workers.can_help():
        return {}
    kept = disk()
    objects = {}
    for key in keys:
        if kept is not None and (found := kept.get(key)) is not None:
            objects[key] = found
    wanted = {key: text for key, text in keys.items() if key not in objects}
    built = compile_workers.build_all([*wanted.values()], 1, _setup(), None)
    for key, each in zip(wanted, built, strict=True):
        if isinstance(each, bytes):
            objects[key] = each
            if kept is not None:
                kept.put(key, each)
    return objects


def _show(texts: list[str]) -> None:
    """DEBUG=4 prints the IR of what is compiled, 5 its assembly as well."""
    for text in texts if config.DEBUG >= 4 else ():
        sys.stderr.write(text + "\n")
        if config.DEBUG >= 5:
            sys.stderr.write(assembly(text) + "\n")


def _link_all(
    missing: dict[str, set[str]], objects: dict[str, bytes], texts: dict[str, str],
    trackers: list[Any],
) -> None:  # fmt: skip
    """One library for all is fastest (0.06 ms a kernel against 0.3)."""
    if not missing:
        return
    if len(set().union(*missing.values())) == sum(map(len, missing.values())):
        try:
            _link(missing, objects, trackers)
            return
        except RuntimeError:
            # Two texts define a helper of one name without `internal`: each gets its own library,
            # and a text that cannot be linked at all is named below. Or LLVM calls half_step.py.
            pass
    for key, symbols in missing.items():
        try:
            _link({key: symbols}, objects, trackers, _called_by(objects[key]))
        except RuntimeError as error:
            raise CompilerError(_refusal(texts.get(key, f"; object code {key}"), error)) from None


def _called_by(code: bytes) -> bytes | None:
    """Object code of the function that LLVM put into ``code`` without being asked, if any."""
    if half_step.NAME not in code:
        return None
    built: bytes = _loaded.target.build(half_step.TEXT)
    return built


def _link(
    library: dict[str, set[str]], objects: dict[str, bytes], trackers: list[Any],
    called: bytes | None = None,
) -> None:  # fmt: skip
    linker = llvm.binding().JITLibraryBuilder().add_current_process()
    if called is not None:
        linker.add_object_img(called)
    for key, symbols in library.items():
        linker.add_object_img(objects[key])
        for symbol in symbols:
            linker.export_symbol(symbol)
    tracker = linker.link(_loaded.jit, f"rushlight{next(_loaded.library_numbers)}")
    trackers.append(tracker)
    for key, symbols in library.items():
        for symbol in symbols:
            _loaded.addresses[symbol, key] = tracker[symbol]


def _refusal(text: str, error: RuntimeError) -> str:
    head = "\n".join(text.splitlines()[:20])
    return f"LLVM cannot compile a kernel: {error}\nIts text begins:\n{head}"
