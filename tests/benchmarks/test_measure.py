"""The benchmark suite runs without PyTorch, compares fairly, and keeps what it measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import measure, results
from benchmarks.busy import busy_rows
from benchmarks.catalogue import WORKLOADS
from benchmarks.workload import COMPILE, EAGER, IMAGES, Workload, formed, set_form
from tools import plot_benchmarks


def test_a_workload_gives_a_row_for_each_number_of_threads() -> None:
    each = WORKLOADS["logistic"]
    rows = measure.measured(each, 8, 6.0, None, 1, 0.01, {})
    assert [row["name"].removeprefix("logistic regression 784-10, batch 8") for row in rows] == [
        ", step", ", step, 1 thread", ", peak memory",
    ]  # fmt: skip
    step = rows[0]
    assert step["rushlight"] > 0 and step["torch"] is None and step["wanted"] == 6.0
    assert 0 < step["of_roofline"] < 5 and step["step_flops"] > 2 * 3 * 8 * 784 * 10 * 0.6
    assert rows[2]["rushlight"] > 10


def _row(threads: int, taken: dict[int, dict[str, list[float]]]) -> dict[str, object]:
    each = Workload("x", "x", lambda torch, size: lambda: None, (0,), (2, 1), (None,))
    return measure._compared(each, taken, threads)


def test_pytorch_counts_in_its_best_form_and_number_of_threads() -> None:
    both = {"rushlight": [0.001, 0.001], "eager": [0.1, 0.004], "channels_last": [0.003, 0.005]}
    one = {"rushlight": [0.002, 0.002], "eager": [0.002, 0.006], "channels_last": [0.009, 0.009]}
    compiled = both | {"compile": [0.002, 0.002]}
    row = _row(2, {2: compiled, 1: one})
    assert row["ratio"] == pytest.approx(3.0) and row["spread"] == pytest.approx([2.0, 4.0])
    assert row["torch"] == pytest.approx(3.0) and row["rushlight"] == pytest.approx(1.0)
    assert row["torch_channels_last"] == pytest.approx(4.0)
    assert row["ratio_compile"] == pytest.approx(2.0)
    alone = _row(1, {2: both, 1: one})
    assert alone["ratio"] == pytest.approx((1 + 3) / 2) and "ratio_compile" not in alone


def test_every_workload_says_what_it_needs() -> None:
    assert {"cnn", "mnist_cnn", "gpt_writes", "vgg16_inference", "mobilenet_v2"} <= set(WORKLOADS)
    for each in WORKLOADS.values():
        assert len(each.wanted) == len(each.sizes) and each.forms[0] == EAGER
        assert each.title.format(*each.sizes) and set(each.forms) <= set(IMAGES)


def test_forms() -> None:
    class Model:
        def to(self, memory_format: str) -> str:
            return f"model in {memory_format}"

    class Image(Model):
        def dim(self) -> int:
            return 4

    class Torch:
        channels_last = "last"

        @staticmethod
        def compile(model: object) -> str:
            return "compiled"

    model, image = Model(), Image()
    assert formed(Torch, model, image) == (model, image)
    try:
        set_form("channels_last")
        assert formed(Torch, model, image) == ("model in last", "model in last")
        set_form(COMPILE)
        assert formed(Torch, model, image) == ("compiled", image)
    finally:
        set_form(EAGER)


def test_a_busy_neighbour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.busy.SMALL", (("logistic", 8),))
    (row,) = busy_rows(None, 1, 0.01)
    assert row["name"].endswith("slow-down beside a busy process")
    assert row["rushlight"] > 0 and row["ratio"] is None


def test_results_keep_other_rows_and_a_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(results, "HISTORY", tmp_path / "history")
    monkeypatch.setattr(results.subprocess, "run", lambda *words, **facts: None)
    monkeypatch.setattr(results, "machine", lambda: "here")
    row = {"name": "a, step", "unit": "ms", "rushlight": 1.23456, "torch": 2.0, "ratio": 1.62}
    results.write([row, row | {"name": "b, step"}], {"torch": "2.13"}, "abc1234 (edited)")
    results.write([row | {"rushlight": 3.0}], {}, "def5678")
    kept = json.loads((tmp_path / "results.json").read_text())
    assert [(each["name"], each["rushlight"]) for each in kept["rows"]] == [
        ("a, step", 3.0), ("b, step", 1.235),
    ]  # fmt: skip
    assert kept["torch"] == "2.13" and kept["rows"][1]["commit"] == "abc1234 (edited)"
    runs = sorted((tmp_path / "history").glob("*.json"))
    assert len(runs) == 2 and "abc1234.json" in runs[0].name + runs[1].name
    assert sorted(len(json.loads(each.read_text())["rows"]) for each in runs) == [1, 2]


def test_the_plot_has_a_bar_a_step_and_a_point_a_run(tmp_path: Path) -> None:
    row = {"name": "a, step", "unit": "ms", "ratio": 2.0, "wanted": 1.5, "ratio_compile": 1.2}
    other = row | {"name": "b, step", "ratio": 8.0}
    first = {"machine": "m", "date": "2026-11-21", "rows": [row, other, row | {"unit": "MiB"}]}
    second = first | {"rows": [row, other | {"ratio": 2.0}]}
    alone = first | {"rows": []}
    assert [each["name"] for each in plot_benchmarks.bars(first)] == ["a, step", "b, step"]
    points = [mean for _, mean in plot_benchmarks.means([first, alone, second])]
    assert points == pytest.approx([4.0, 2.0])
    pytest.importorskip("matplotlib")
    plot_benchmarks.draw(first, [first, second], tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
