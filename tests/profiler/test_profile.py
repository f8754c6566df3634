"""torch.profiler: which events there are, how they nest and add up, schedules and files."""

from __future__ import annotations

import gzip
import json
import re
import threading
import types
from pathlib import Path
from typing import Any

import pytest

import rushlight as torch
from rushlight.autograd import profiler as autograd_profiler
from rushlight.base import spans
from rushlight.engine import watch
from rushlight.profiler import (
    ProfilerActivity,
    profile,
    record_function,
    schedule,
    tensorboard_trace_handler,
)
from rushlight.tensor.wrap import function


class _Loop:
    """A small training: two batches."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        nn = torch.nn
        self.model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1)
        data = torch.utils.data.TensorDataset(torch.randn(8, 8), torch.randn(8, 4))
        self.loader = torch.utils.data.DataLoader(data, batch_size=4)

    def run(self, prof: Any = None) -> list[float]:
        losses = []
        for x, y in self.loader:
            self.optimizer.zero_grad()
            with record_function("forward"):
                loss = ((self.model(x) - y) ** 2).mean()
            loss.backward()
            self.optimizer.step()
            losses.append(loss.item())
            if prof is not None:
                prof.step()
        return losses


def test_events_of_a_training_step() -> None:
    with profile(record_shapes=True) as prof:
        _Loop().run()
    counts = {row.key: row.count for row in prof.key_averages()}
    assert counts["aten::linear"] == 4
    assert counts["aten::relu"] == counts["forward"] == counts["autograd::backward"] == 2
    assert counts["Optimizer.step#SGD.step"] == counts["Optimizer.zero_grad#SGD.zero_grad"] == 2
    assert counts["enumerate(DataLoader)#SingleProcessIter.__next__"] == 3
    assert counts["rushlight::plan"] >= 2
    linear = next(event for event in prof.events() if event.name == "aten::linear")
    assert linear.input_shapes == [[4, 8], [16, 8], [16]]
    assert linear.cpu_parent.name == "forward"
    plans = [event for event in prof.events() if event.name == "rushlight::plan"]
    step = [event for event in plans if event.cpu_parent.name.startswith("Optimizer.step")]
    assert len(step) == 2
    kernels = [child for event in step for child in event.cpu_children]
    assert all(child.kind == "kernel" for child in kernels)
    assert any("matmul" in child.name and child.flops >= 2 * 4 * 8 * 16 for child in kernels)


def test_times_nest_and_add_up() -> None:
    with profile() as prof:
        _Loop().run()
    events = prof.events()
    for event in events:
        inside = sum(child.cpu_time_total for child in event.cpu_children)
        assert inside <= event.cpu_time_total + 1e-6
        assert event.self_cpu_time_total == pytest.approx(event.cpu_time_total - inside)
    outer = sum(event.cpu_time_total for event in events if event.cpu_parent is None)
    assert events.self_cpu_time_total == pytest.approx(outer)
    starts = [event.time_range.start for event in events]
    assert starts == sorted(starts)
    assert prof.key_averages().total_average().count == len(events)


def test_profiling_changes_no_number_and_leaves_nothing_behind() -> None:
    before = _Loop().run()
    relu, code = function("relu"), function("relu").__code__
    with profile(record_shapes=True, with_stack=True, profile_memory=True):
        assert relu.__code__ is not code
        assert _Loop().run() == before
    assert relu.__code__ is code
    assert not spans._listening and not watch.watchers
    assert not any(
        isinstance(each, types.FunctionType) and each.__code__.co_name == "_telling"
        for each in spans._names
    )
    assert _Loop().run() == before


def test_a_function_first_called_inside_is_heard() -> None:
    with profile() as prof:
        torch.nn.functional.hardshrink(torch.ones(3))
        torch.special.i1e(torch.ones(3))
    names = [event.name for event in prof.events()]
    assert "aten::hardshrink" in names and any("i1e" in name for name in names)
    with pytest.raises(TypeError), profile() as prof:
        torch.nn.functional.hardshrink()
    assert torch.nn.functional.hardshrink(torch.ones(3)).tolist() == [1, 1, 1]


def test_errors_pass_through_and_end_their_event() -> None:
    with profile() as prof:
        with pytest.raises(RuntimeError), record_function("outer"):
            torch.mm(torch.ones(2, 3), torch.ones(2, 3))
        torch.ones(2)
    events = {event.name: event for event in prof.events()}
    assert events["aten::mm"].cpu_parent is events["outer"]
    assert events["aten::ones"].cpu_parent is None or events["outer"] not in (
        events["aten::ones"].cpu_parent,
    )


def test_threads_have_events_of_their_own() -> None:
    def work() -> None:
        with record_function("elsewhere"):
            torch.ones(3).sum().item()

    with profile() as prof, record_function("here"):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    events = {event.name: event for event in prof.events()}
    assert events["elsewhere"].thread != events["here"].thread
    assert events["elsewhere"].cpu_parent is None


def test_schedule_gives_one_trace_a_cycle() -> None:
    traces: list[list[str]] = []

    def ready(prof: profile) -> None:
        traces.append([e.name for e in prof.events() if e.name.startswith("ProfilerStep")])
        assert "ProfilerStep*" in [row.key for row in prof.key_averages()]

    plan = schedule(wait=1, warmup=1, active=2, repeat=2)
    with profile(schedule=plan, on_trace_ready=ready) as prof:
        for _ in range(10):
            torch.ones(2).sum().item()
            prof.step()
    assert traces == [["ProfilerStep#2", "ProfilerStep#3"], ["ProfilerStep#6", "ProfilerStep#7"]]


def test_schedule_as_pytorch_has_it() -> None:
    names = {0: "-", 1: "w", 2: "R", 3: "S"}

    def drawn(**numbers: int) -> str:
        plan = schedule(**numbers)
        return "".join(names[plan(step).value] for step in range(12))

    assert drawn(wait=1, warmup=1, active=2, repeat=1, skip_first=1) == "--wRS-------"
    assert drawn(wait=1, warmup=1, active=2) == "-wRS-wRS-wRS"
    assert drawn(wait=2, warmup=1, active=1, skip_first=3, skip_first_wait=1) == "---wS--wS--w"
    for bad in ({"wait": -1, "warmup": 0, "active": 1}, {"wait": 0, "warmup": 0, "active": 0}):
        with pytest.raises(AssertionError, match="Invalid profiler schedule arguments"):
            schedule(**bad)


def test_the_table_has_pytorchs_columns() -> None:
    with profile(record_shapes=True, profile_memory=True) as prof:
        torch.mm(torch.ones(3, 4), torch.ones(4, 5)).tolist()
    lines = prof.key_averages().table(sort_by="self_cpu_time_total", row_limit=2).splitlines()
    heads = ("Name", "Self CPU %", "Self CPU", "CPU total %", "CPU total", "CPU time avg",
             "CPU Mem", "Self CPU Mem", "# of Calls")  # fmt: skip
    assert re.findall(r"\S+(?: \S+)*", lines[1]) == list(heads)
    assert lines[0] == lines[2] == lines[5] and len(lines) == 7
    assert lines[6].startswith("Self CPU time total: ")
    by_shape = prof.key_averages(group_by_input_shape=True)
    assert "[[3, 4], [4, 5]]" in by_shape.table()
    with pytest.raises(AttributeError):
        by_shape.table(sort_by="nothing")
    short = prof.key_averages().table(max_name_column_width=8, time_unit="s", header="HEAD")
    assert short.splitlines()[1] == "HEAD" and "aten:..." in short


def test_flops_and_share_of_the_roofline() -> None:
    a = torch.randn(128, 128)
    with profile(with_flops=True) as prof:
        torch.mm(a, a).sum().item()
    table = prof.key_averages().table()
    assert "FLOPs" in table and "Of roofline" in table
    row = next(row for row in prof.key_averages() if "matmul" in row.key)
    assert row.flops == 2 * 128**3
    assert 0 < row.least_us < 100 * row.cpu_time_total


def test_traces_and_stacks_as_files(tmp_path: Path) -> None:
    handler = tensorboard_trace_handler(str(tmp_path / "board"), worker_name="me", use_gzip=True)
    with profile(with_stack=True, on_trace_ready=handler) as prof:
        prof.add_metadata("who", "test")
        torch.ones(3).sum().item()
    prof.export_chrome_trace(str(tmp_path / "trace.json"))
    trace = json.loads((tmp_path / "trace.json").read_text())
    assert trace["schemaVersion"] == 1 and trace["who"] == "test"
    spans_ = [event for event in trace["traceEvents"] if event["ph"] == "X"]
    assert {"cpu_op", "plan", "kernel"} <= {event["cat"] for event in spans_}
    assert all(event["dur"] >= 0 and event["ts"] > 1e15 for event in spans_)
    (packed,) = (tmp_path / "board").iterdir()
    assert packed.name.startswith("me.") and packed.name.endswith(".pt.trace.json.gz")
    assert json.loads(gzip.decompress(packed.read_bytes()))["traceEvents"]
    prof.export_stacks(str(tmp_path / "stacks.txt"))
    lines = (tmp_path / "stacks.txt").read_text().splitlines()
    assert any("test_profile.py" in line and line.rsplit(" ", 1)[1].isdigit() for line in lines)
    with pytest.raises(ValueError, match="metric should be one of"):
        prof.export_stacks(str(tmp_path / "stacks.txt"), "nothing")


def test_mistakes() -> None:
    prof = profile()
    for ask in (prof.events, prof.key_averages):
        with pytest.raises(AssertionError, match="Profiler must be initialized before"):
            ask()
    prof.start()
    assert prof.events() == []
    prof.stop()
    with pytest.raises(AssertionError, match="No valid profiler activities found"):
        profile(activities=[])
    with pytest.warns(UserWarning, match="CUDA is not available"):
        profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA])


def test_the_older_form() -> None:
    with autograd_profiler.profile(record_shapes=True) as prof:
        torch.ones(3).sum().item()
    assert prof.self_cpu_time_total > 0
    assert "aten::sum" in prof.table() and "aten::sum" in str(prof)
    assert prof.total_average().key == "Total"
    assert "aten::item" in [row.key for row in prof.key_averages()]
    with pytest.raises(RuntimeError, match="not reentrant"), prof:
        pass
    with autograd_profiler.profile(enabled=False) as off:
        torch.ones(3).sum().item()
    assert off.function_events is None
    assert off.table() == "" and str(off) == "<unfinished torch.autograd.profile>"


def test_profiles_inside_profiles() -> None:
    with profile() as outer:
        torch.ones(2)
        with profile() as inner:
            torch.zeros(2).tolist()
        torch.full((2,), 3.0)
    inside = [event.name for event in inner.events() if event.name.startswith("aten")]
    assert inside == ["aten::zeros", "aten::tolist"]
    names = [event.name for event in outer.events()]
    assert [name for name in names if name in ("aten::ones", "aten::zeros", "aten::full")] == [
        "aten::ones", "aten::zeros", "aten::full",
    ]  # fmt: skip


def test_named_functions() -> None:
    @record_function("deco")
    def work(x: int) -> int:
        return x + 1

    assert work(1) == 2
    with profile() as prof:
        assert work(2) == 3
        with record_function("deco"), record_function("deco"):
            pass
    row = next(row for row in prof.key_averages() if row.key == "deco")
    assert row.count == 3 and row.is_user_annotation
