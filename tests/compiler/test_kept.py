"""Plans on disk: the same plan comes back, and nothing that is made of something else."""

from __future__ import annotations

import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rushlight as torch
from rushlight import nn
from rushlight.base import config, dtype, events
from rushlight.compiler import kept, maker
from rushlight.compiler.pipeline import compile_graph
from rushlight.compiler.plan import Plan
from rushlight.engine.plan import CompiledPlan, make_plan
from rushlight.engine.site import Site
from rushlight.ir import build
from rushlight.ir.graph import Node, toposort
from rushlight.runtime import code, cpu

Graph = tuple[list[Node], int, frozenset[int]]
NONE: frozenset[int] = frozenset()
_alive: list[code._Loaded] = []  # plans that other tests made go on pointing into its code


def new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on no kernel is in memory."""
    _alive.append(code._Loaded())
    monkeypatch.setattr(code, "_loaded", _alive[-1])


@pytest.fixture(autouse=True)
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process that keeps plans, in a folder of its own."""
    monkeypatch.setattr(config, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(config, "NO_CACHE", False)
    monkeypatch.setattr(config, "NO_PLANS", False)
    monkeypatch.setattr(config, "STARTED_NS", time.time_ns())
    new_process(monkeypatch)
    maker.maker.cache_clear()
    yield
    maker.maker.cache_clear()


def key(sinks: list[Node], inputs: int = 1, donatable: frozenset[int] = NONE) -> bytes:
    found = kept.key_of(toposort(sinks), sinks, inputs, donatable)
    assert found is not None
    return found


def x(*shape: int, kind: dtype.dtype = dtype.float32, index: int = 0) -> Node:
    return build.input(index, shape or (4, 6), kind)


def unary(op: str, source: Node, **attrs: Any) -> Node:
    return Node(op, (source,), source.shape, source.dtype, attrs)


def mean_and_update(side: int = 6) -> Graph:
    a, b = x(4, side), x(4, side, index=1)
    rows = build.reduce(unary("exp", a), "sum", (1,))
    return [rows, Node("add", (a, b), a.shape, a.dtype)], 2, frozenset([1])


def made(graph: Graph) -> tuple[Plan, list[Node]]:
    sinks, inputs, donatable = graph
    order = toposort(sinks)
    nodes = {node.attrs["index"]: node for node in order if node.op == "input"}
    return compile_graph(sinks, [nodes[k] for k in range(inputs)], [], donatable), order


def test_the_same_graph_has_the_same_key() -> None:
    assert key(*mean_and_update()) == key(*mean_and_update())


DIFFERENT: dict[str, Callable[[], Graph]] = {
    "primitive": lambda: ([unary("log", x())], 1, NONE),
    "shape": lambda: ([unary("exp", x(6, 4))], 1, NONE),
    "rank": lambda: ([unary("exp", x(24))], 1, NONE),
    "dtype": lambda: ([unary("exp", x(kind=dtype.float64))], 1, NONE),
    "which input": lambda: ([unary("exp", x(index=1))], 1, NONE),
    "how many inputs": lambda: ([unary("exp", x())], 2, NONE),
    "what may be overwritten": lambda: ([unary("exp", x())], 1, frozenset([0])),
    "a result twice": lambda: ([unary("exp", x())] * 2, 1, NONE),
    "an attribute": lambda: ([unary("exp", x(), a=1)], 1, NONE),
    "its name": lambda: ([unary("exp", x(), b=1)], 1, NONE),
    "its value": lambda: ([unary("exp", x(), a=2)], 1, NONE),
    "a floating number": lambda: ([unary("exp", x(), a=1.0)], 1, NONE),
    "a truth value": lambda: ([unary("exp", x(), a=True)], 1, NONE),
    "a tuple": lambda: ([unary("exp", x(), a=(1,))], 1, NONE),
    "a text": lambda: ([unary("exp", x(), a="1")], 1, NONE),
    "zero": lambda: ([unary("exp", x(), a=0.0)], 1, NONE),
    "minus zero": lambda: ([unary("exp", x(), a=-0.0)], 1, NONE),
    "no number": lambda: ([unary("exp", x(), a=float("nan"))], 1, NONE),
    "a dtype": lambda: ([unary("exp", x(), a=dtype.float32)], 1, NONE),
    "another dtype": lambda: ([unary("exp", x(), a=dtype.float64)], 1, NONE),
    "the text of a dtype": lambda: ([unary("exp", x(), a="float32")], 1, NONE),
    "a graph of two": lambda: ([unary("exp", unary("exp", x()))], 1, NONE),
}


def test_whatever_differs_has_another_key() -> None:
    names = {key(*make()): name for name, make in DIFFERENT.items()}
    names[key([unary("exp", x())])] = "none of them"
    assert len(names) == len(DIFFERENT) + 1


def test_the_order_of_sources_and_results() -> None:
    a, b = x(), x(index=1)
    one, other = (Node("sub", pair, a.shape, a.dtype) for pair in ((a, b), (b, a)))
    assert len({key(sinks, 2) for sinks in ([one], [other], [one, other], [other, one])}) == 4


def test_one_value_twice_is_not_two_equal_values() -> None:
    shared = unary("exp", x())
    apart = (unary("exp", x()), unary("exp", x()))
    sums = [Node("add", pair, (4, 6), dtype.float32) for pair in ((shared, shared), apart)]
    assert key([sums[0]]) != key([sums[1]])


def test_lines_count_by_which_are_the_same() -> None:
    here, there = Site("exp", "a.py", 3), Site("exp", "b.py", 9)

    def two(first: Site, second: Site) -> list[Node]:
        return [unary("exp", x(), site=first), unary("exp", x(), site=second)]

    assert key(two(here, here)) == key(two(there, there))
    assert key(two(here, there)) == key(two(there, here)) != key(two(here, here))


def test_a_shape_of_the_user_is_a_shape() -> None:
    sizes = torch.Size((4, 6))
    assert key([unary("exp", x(), a=sizes)]) == key([unary("exp", x(), a=(4, 6))])


@pytest.mark.parametrize("value", [object(), np.float32(1), np.ones(2), [1], b"1"])
def test_an_unknown_attribute_is_not_kept(value: object) -> None:
    sinks = [unary("exp", x(), a=value)]
    assert kept.key_of(toposort(sinks), sinks, 1, NONE) is None


@pytest.mark.parametrize("changed", ["CPU", "cores", "LLVM", "version", "NumPy", "Python", "file"])
def test_another_maker_has_other_keys(
    changed: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "compiler").mkdir()
    file = tmp_path / "compiler" / "lower.py"
    file.write_text("LARGE = 1")
    monkeypatch.setattr(maker, "_files", lambda: (str(file),))
    monkeypatch.setattr(config, "STARTED_NS", time.time_ns() + 10**12)
    before = key(*mean_and_update())
    maker.maker.cache_clear()
    assert key(*mean_and_update()) == before
    host, cores = cpu.host(), cpu.cores()
    if changed == "CPU":
        monkeypatch.setattr(cpu, "host", lambda: host.replace(l2_bytes=host.l2_bytes + 1))
    elif changed == "cores":
        monkeypatch.setattr(cpu, "cores", lambda: cores + 1)
    elif changed == "LLVM":
        monkeypatch.setattr(code._loaded, "prefix", code._loaded.prefix + b"1")
    elif changed == "version":
        monkeypatch.setattr(maker, "__version__", "0")
    elif changed == "NumPy":
        monkeypatch.setattr(np, "__version__", "0")
    elif changed == "Python":
        monkeypatch.setattr(sys, "version", "0")
    else:
        file.write_text("LARGE = 2")  # as long as before
    maker.maker.cache_clear()
    assert key(*mean_and_update()) != before


def test_the_compilers_files_count() -> None:
    names = {path.removeprefix(str(maker.PACKAGE)) for path in maker._files()}
    assert {"/compiler/loops/emit.py", "/ir/build.py", "/runtime/executor_ir.py"} <= names
    assert {"/compiler/contraction/choose.py", "/base/dtype.py"} <= names


def test_a_file_that_changed_since_the_start_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = mean_and_update()
    plan, order = made(graph)
    name = key(*graph)
    monkeypatch.setattr(config, "STARTED_NS", 0)
    kept.keep(name, plan, order)  # the change came after the name
    assert kept.find(name, order) is None
    maker.maker.cache_clear()
    assert kept.key_of(order, graph[0], 2, graph[2]) is None


@pytest.mark.parametrize("switch", ["NO_CACHE", "NO_PLANS", "CHECK"])
def test_switches(switch: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sinks = [unary("exp", x())]
    monkeypatch.setattr(config, switch, True)
    assert kept.key_of(toposort(sinks), sinks, 1, NONE) is None


def test_who_looks_at_the_passes_sees_them() -> None:
    sinks = [unary("exp", x())]
    seen: list[str] = []

    def hear(**what: Any) -> None:
        seen.append(what["name"])

    make_plan(sinks, 1, (), NONE)
    stop = events.subscribe("pass", hear)
    try:
        make_plan(sinks, 1, (), NONE)
    finally:
        stop()
    assert "simplify" in seen


def equal(one: Plan, other: Plan) -> None:
    assert one.program.commands == other.program.commands
    assert all(a is b for a, b in zip(one.sites, other.sites, strict=True))
    for name in vars(one).keys() - {"program", "sites"}:
        assert getattr(one, name) == getattr(other, name), name


@pytest.mark.parametrize("side", [6, 70_000])
def test_what_comes_back_is_the_same_plan(side: int) -> None:
    graph = mean_and_update(side)
    plan, order = made(graph)
    name = key(*graph)
    assert kept.find(name, order) is None
    kept.keep(name, plan, order)
    found = kept.find(name, order)
    assert found is not None
    equal(found, plan)


def test_what_packs_an_input_comes_back() -> None:
    graph: Graph = ([build.dot(x(200, 300), x(300, 200, index=1))], 2, NONE)
    plan, order = made(graph)
    name = key(*graph)
    kept.keep(name, plan, order)
    found = kept.find(name, order)
    assert found is not None and plan.prepares
    equal(found, plan)


def test_in_another_process_kernels_come_from_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = mean_and_update()
    plan, order = made(graph)
    name = key(*graph)
    kept.keep(name, plan, order)
    new_process(monkeypatch)
    found = kept.find(name, order)
    assert found is not None
    assert code.stats().compiled == 0
    assert code.stats().disk_hits == len({command.address for command in plan.program.commands})


def file_of(name: bytes) -> Path:
    disk = code.disk()
    assert disk is not None
    return disk.path(name.hex())


def test_a_kernel_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = mean_and_update()
    plan, order = made(graph)
    name = key(*graph)
    kept.keep(name, plan, order)
    for path in file_of(name).parents[1].rglob("*.o"):
        if path != file_of(name):
            path.unlink()
    new_process(monkeypatch)
    assert kept.find(name, order) is None
    plan, order = made(graph)
    kept.keep(name, plan, order)
    found = kept.find(name, order)
    assert found is not None
    equal(found, plan)


def test_a_damaged_file_is_not_believed() -> None:
    graph = mean_and_update()
    plan, order = made(graph)
    name = key(*graph)
    kept.keep(name, plan, order)
    content = bytearray(file_of(name).read_bytes())
    content[-3] ^= 1
    file_of(name).write_bytes(content)
    assert kept.find(name, order) is None
    assert not file_of(name).exists()


def test_a_renamed_file_is_not_believed() -> None:
    graph = mean_and_update()
    plan, order = made(graph)
    name, other = key(*graph), key([unary("exp", x())])
    kept.keep(name, plan, order)
    file_of(other).parent.mkdir(exist_ok=True)
    file_of(name).rename(file_of(other))
    assert kept.find(other, order) is None


def test_a_plan_is_found_by_the_engine() -> None:
    sinks = [unary("exp", x())]
    before = kept.stats.kept, kept.stats.found
    one, two = (make_plan(sinks, 1, (), NONE) for _ in range(2))
    assert (kept.stats.kept - before[0], kept.stats.found - before[1]) == (1, 1)
    assert isinstance(one, CompiledPlan)
    assert isinstance(two, CompiledPlan)
    equal(one.plan, two.plan)


def test_calls_into_python_are_not_kept() -> None:
    torch.engine.clear()  # what other tests have left to be computed would be kept
    before = kept.stats.kept
    torch.linalg.eigvalsh(torch.eye(3)).tolist()
    assert kept.stats.kept == before


NETWORK = """
import sys
import rushlight as torch
from rushlight import nn
from rushlight.compiler import kept
from rushlight.runtime import code

torch.manual_seed(0)
net = nn.Sequential(
    nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.2),
    nn.Flatten(1), nn.Unflatten(1, (8, 16)), nn.LSTM(16, 5, batch_first=True),
)
last = nn.Linear(5, 3)
optimizer = torch.optim.Adam([*net.parameters(), *last.parameters()], lr=0.01)
for _ in range(4):
    optimizer.zero_grad()
    out, _state = net(torch.randn(6, 3, 8, 8))
    loss = nn.functional.cross_entropy(last(out[:, -1]), torch.randint(0, 3, (6,)))
    loss.backward()
    optimizer.step()
    print(loss.item().hex())
print(*[p.sum().item().hex() for p in last.parameters()])
try:
    nn.Embedding(4, 2)(torch.tensor([9])).tolist()
except IndexError as error:
    print(error)
compiler = "rushlight.compiler.pipeline" in sys.modules
print(kept.stats.kept, kept.stats.found, code.stats().compiled > 0, compiler, file=sys.stderr)
"""


def test_a_second_process_plans_nothing_and_has_the_same_bits(tmp_path: Path) -> None:
    def run(**switches: str) -> tuple[str, list[str]]:
        script = tmp_path / "network.py"
        script.write_text(NETWORK)
        environment = {
            "PYTHONPATH": str(Path(__file__).parents[2]), "RUSHLIGHT_CACHE": str(tmp_path / "c"),
            **{f"RUSHLIGHT_{name}": value for name, value in switches.items()},
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, script], env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout, done.stderr.split()

    alone, counts = run(NO_PLANS="1")
    assert counts == ["0", "0", "True", "True"]
    first, counts = run()
    plans = int(counts[0]) + int(counts[1])  # two of its plans may be of one graph
    assert int(counts[0]) > 3
    assert counts[2:] == ["False", "True"]
    second, counts = run()
    assert counts == ["0", str(plans), "False", "False"]
    assert alone == first == second
    assert "index out of range" in first.splitlines()[-1]


def test_some_plans_from_the_disk_and_some_made() -> None:
    def train() -> list[float]:
        torch.manual_seed(1)
        torch.engine.clear()
        net = nn.Sequential(nn.Linear(7, 5), nn.Tanh(), nn.Linear(5, 2))
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
        losses = []
        for _ in range(5):
            optimizer.zero_grad()
            loss = net(torch.randn(9, 7)).square().mean()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return losses

    before = kept.stats.found
    first = train()
    assert kept.stats.found == before
    assert train() == first
    assert kept.stats.found > before
    for path in sorted(file_of(b"00").parents[1].rglob("*.o"))[::2]:
        content = path.read_bytes()
        try:
            zlib.decompress(content[32:])
        except zlib.error:
            continue  # object code
        path.unlink()
    assert train() == first
