"""Reading runs: live, torn, hostile, and a million points on a screen."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rushlight.board import reader
from rushlight.board.curves import curve, smoothed, thinned
from rushlight.board.reader import Folder, read_run

HEAD = '{"board":1,"name":"a","start":100.0,"pid":1,"config":{}}\n'
GOOD = '{"step":1,"time":0.5,"scalars":{"loss":2.0}}\n'
BAD = [
    "",
    "{",
    "[1, 2]",
    "7",
    '{"step":"x","time":0,"scalars":{"loss":1}}',
    '{"step":NaN,"time":0,"scalars":{"loss":1}}',
    '{"step":1,"time":1e999,"scalars":{"loss":1}}',
    '{"step":1,"time":0,"scalars":[1]}',
    '{"step":1,"time":0,"scalars":{"loss":[1]}}',
    '{"time":0,"scalars":{"loss":1}}',
    f'{{"step":1{"0" * 400},"time":0,"scalars":{{"loss":1}}}}',
    '{"image":{"tag":"x","file":"../../etc/passwd","size":[1,1]},"step":0,"time":0}',
    '{"histogram":{"tag":"x","bad":0,"counts":"no"},"step":0,"time":0}',
    '{"model":{"layers":[{}]}}',
    '{"kernels":[["x",1]],"runs":1,"time":0}',
    '{"board":1,"name":"b","start":"soon","config":{}}',
    "[" * 100_000,
    "\udcff",
]


@pytest.mark.parametrize("line", BAD)
def test_a_line_that_is_not_ours_is_left_out(tmp_path: Path, line: str) -> None:
    data = (HEAD + GOOD + line + "\n" + GOOD).encode(errors="surrogateescape")
    (tmp_path / "run.jsonl").write_bytes(data)
    run = read_run(tmp_path)
    assert list(run.scalars["loss"].values) == [2.0, 2.0]
    assert (run.name, run.start, run.images, run.histograms) == ("a", 100.0, {}, {})
    assert run.layers is None and run.kernels is None


def test_it_reads_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a" / "run.jsonl"
    folder = Folder(tmp_path)
    folder.refresh()
    assert folder.runs == {}
    file.parent.mkdir()
    file.write_text(HEAD + GOOD + GOOD[:10])
    folder.refresh()
    run = folder.runs["a"]
    assert len(run.scalars["loss"].values) == 1
    assert not run.refresh()
    with file.open("a") as stream:
        stream.write(GOOD[10:])
    assert run.refresh() and len(run.scalars["loss"].values) == 2
    file.write_text(HEAD)  # another run of this name
    assert run.refresh() and run.scalars == {}
    monkeypatch.setattr(reader, "_CHUNK", 64)  # parts that end in the middle of lines
    file.write_text(HEAD + "x" * 1000 + "\n" + GOOD * 20)
    assert len(read_run(file.parent).scalars["loss"].values) == 20
    assert Folder(file.parent).runs == {}
    alone = Folder(file.parent)
    alone.refresh()
    assert list(alone.runs) == ["a"]
    file.unlink()
    folder.refresh()
    assert folder.runs == {}


def test_smoothing_is_the_weighted_mean() -> None:
    rng = np.random.default_rng(0)
    for count in (0, 1, 2, 255, 256, 257, 1000):
        values = rng.normal(size=count)
        values[rng.random(count) < 0.1] = np.nan
        found = smoothed(values, 0.9)
        above = below = 0.0
        for place, value in enumerate(values):
            fine = np.isfinite(value)
            above, below = 0.9 * above + (value if fine else 0), 0.9 * below + fine
            if below:
                assert found[place] == pytest.approx(above / below, rel=1e-9)
            else:
                assert np.isnan(found[place])


def test_thinning_keeps_every_peak() -> None:
    rng = np.random.default_rng(1)
    for count in (0, 1, 5, 100, 101, 997, 10_000):
        for most in (4, 100, 101):
            values = rng.normal(size=count)
            values[rng.random(count) < 0.05] = np.inf
            kept = thinned(values, most)
            assert len(kept) <= max(most, 0) and np.all(np.diff(kept) > 0)
            finite = values[np.isfinite(values)]
            if count:
                assert kept[0] == 0 and kept[-1] == count - 1
                left = values[kept][np.isfinite(values[kept])]
                assert left.max() == finite.max() and left.min() == finite.min()
    assert thinned(np.full(50, np.nan), 10)[-1] == 49


def test_a_curve_in_part_and_out_of_order() -> None:
    x, y = np.array([0.0, 1, 2, 3, 2, 3]), np.array([5.0, 4, 3, 2, np.nan, np.inf])
    found = curve(x, y, 0.5, 100, None, None)
    assert found["x"] == [0, 1, 2, 2, 3, 3] and found["y"] == [5, 4, 3, None, 2, None]
    assert found["bad"] == [[2.0, "nan"], [3.0, "inf"]] and found["count"] == 6
    assert found["s"][:3] == pytest.approx([5, 13 / 3, 25 / 7])
    part = curve(np.arange(100.0), np.arange(100.0), 0, 100, 10.0, 20.0)
    assert (part["x"][0], part["x"][-1], part["s"]) == (9, 21, None)
    assert curve(np.zeros(0), np.zeros(0), 0.5, 100, None, None)["x"] == []


def test_a_million_points_are_few_on_the_page() -> None:
    x = np.arange(1e6)
    found = curve(x, np.sin(x / 1e4), 0.99, 800, None, None)
    assert len(found["x"]) <= 800 and max(found["y"]) == pytest.approx(1.0)
    assert len(json.dumps(found)) < 100_000
