"""rushlight.board.Run: what is logged is what is in the file, and nothing else happens for it."""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rushlight as torch
from rushlight import nn
from rushlight.board import Run, journal
from rushlight.board.picture import pixels_of, png
from rushlight.board.reader import read_run
from rushlight.engine.flush import clear, stats


def _values(run: Run, name: str) -> dict[float, float]:
    series = read_run(run.path).scalars[name]
    return dict(zip(series.steps, series.values, strict=True))


def test_a_step_ends_where_a_name_comes_again(tmp_path: Path) -> None:
    with Run("a", tmp_path) as run:
        run.log(loss=1)
        run.log(acc=np.float32(0.5))  # the same step
        run.log({"train/loss": True}, loss=np.array([2.5]))
        run.log(loss=3.0, step=10)
        run.log(acc=4.0)
        run.log(acc=5.0)
        assert run.step == 11
    assert _values(run, "loss") == {0: 1.0, 1: 2.5, 10: 3.0}
    assert _values(run, "acc") == {0: 0.5, 10: 4.0, 11: 5.0}
    assert _values(run, "train/loss") == {1: 1.0}


def test_tensors_are_not_computed_for_a_log(tmp_path: Path) -> None:
    clear()
    with Run("a", tmp_path) as run:
        before = stats.flushes
        total = torch.zeros(())
        for step in range(50):
            total += step  # in place: what was logged stays what it was
            row = torch.arange(4.0, requires_grad=True) * step
            run.log(total=total, part=row[1], mean=row.mean(), half=row.sum().bfloat16())
        assert stats.flushes == before
        assert run._journal.waiting
        assert total.item() == 1225
    assert _values(run, "total") == {n: n * (n + 1) / 2 for n in range(50)}
    assert _values(run, "part") == {n: float(n) for n in range(50)}
    assert _values(run, "mean") == {n: 1.5 * n for n in range(50)}
    assert _values(run, "half")[3] == 18.0


def test_a_number_that_waits_long_is_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rushlight.board.run._FORCE_AFTER", 0.0)
    monkeypatch.setattr("rushlight.board.journal.WRITE_EVERY", 100.0)
    with Run("a", tmp_path) as run:
        run.log(loss=torch.ones(3).sum())
        (waiting,) = run._journal.waiting
        assert not waiting.ready()
        run.log(loss=1.0)
        assert waiting.ready()


def test_numbers_of_a_step_that_failed_are_left_out(tmp_path: Path) -> None:
    with Run("a", tmp_path) as run:
        weight, index = torch.ones(3), torch.tensor([7])
        run.log(loss=weight[index].sum(), fine=1.0)
        with pytest.raises(IndexError):
            torch.nn.functional.embedding(index, torch.ones(3, 2)).sum().item()
        run.log(loss=2.0)
    assert _values(run, "loss") == {1: 2.0}
    assert _values(run, "fine") == {0: 1.0}


def test_a_sample_of_vmap_has_no_number(tmp_path: Path) -> None:
    with Run("a", tmp_path) as run:

        def doubled(x: torch.Tensor) -> torch.Tensor:
            run.log(total=x.sum())
            return x * 2

        with pytest.raises(RuntimeError, match="vmap"):
            torch.func.vmap(doubled)(torch.ones(3, 2))
        torch.func.grad(lambda x: (run.log(total=x.sum()), x.sum())[1])(torch.ones(3))
    assert _values(run, "total") == {0: 3.0}


def test_nan_and_infinities_are_kept(tmp_path: Path) -> None:
    with Run("a", tmp_path) as run:
        for value in (math.nan, math.inf, torch.tensor(-math.inf), 10**400):
            run.log(loss=value)
    assert list(map(str, _values(run, "loss").values())) == ["nan", "inf", "-inf", "inf"]
    for line in (run.path / journal.NAME).read_text().splitlines():
        json.loads(line, parse_constant=pytest.fail)


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        (torch.ones(2), ValueError, r"'loss' has shape \(2,\)"),
        (torch.ones(1, dtype=torch.complex64), TypeError, "is complex"),
        ("1.0", TypeError, "is str"),
        (None, TypeError, "is NoneType"),
        (np.ones(3), ValueError, r"shape \(3,\)"),
        (1j, TypeError, "is complex"),
    ],
)
def test_what_is_no_number(tmp_path: Path, value: Any, error: type[Exception], words: str) -> None:
    with Run("a", tmp_path) as run, pytest.raises(error, match=words):
        run.log(loss=value)


def test_other_wrong_calls(tmp_path: Path) -> None:
    with Run("a", tmp_path) as run:
        with pytest.raises(ValueError, match="nothing to log"):
            run.log()
        with pytest.raises(TypeError):
            run.log(loss=1.0, step=1.5)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match=r"shape \(5, 7, 9\) is no picture"):
            run.image("x", np.zeros((5, 7, 9)))
        with pytest.raises(ValueError, match="0 elements"):
            run.histogram("x", torch.zeros(0))
        with pytest.raises(ValueError, match="bins is 0"):
            run.histogram("x", torch.zeros(3), bins=0)
        with pytest.raises(TypeError, match=r"needs an nn\.Module"):
            run.model("cnn")
        with pytest.raises(TypeError, match="one process writes a run"):
            pickle.dumps(run)
    for call in (lambda: run.log(loss=1), lambda: run.image("x", np.zeros((2, 2)))):
        with pytest.raises(RuntimeError, match="run 'a' is closed"):
            call()
    run.close()
    with pytest.raises(ValueError, match="not empty"):
        Run(" ", tmp_path)


def test_names_and_folders(tmp_path: Path) -> None:
    names = []
    for _ in range(3):
        with Run("../../a b/ü", tmp_path) as run:
            names.append((run.name, run.path.name))
    assert names == [
        ("../../a b/ü", "_.._a_b_ü"),
        ("../../a b/ü-2", "_.._a_b_ü-2"),
        ("../../a b/ü-3", "_.._a_b_ü-3"),
    ]
    assert {path.parent for path in tmp_path.glob("**/run.jsonl")} == set(tmp_path.iterdir())


def test_going_on(tmp_path: Path) -> None:
    config = argparse.Namespace(lr=0.1, layers=[1, 2], path=Path("x"), bad=math.nan)
    with pytest.raises(KeyError), Run("a", tmp_path, config=config) as run:
        run.log(loss=1.0, step=5)
        raise KeyError("oops")
    known = read_run(run.path)
    assert known.status() == "failed" and known.error == "KeyError: 'oops'"
    assert known.config == {"lr": 0.1, "layers": [1, 2], "path": "x", "bad": "nan"}
    with (run.path / journal.NAME).open("a") as stream:
        stream.write('{"step":6,"time":1.0,"scal')  # torn by a crash
    with Run("a", tmp_path, resume=True, config={"lr": 0.2}) as again:
        again.log(loss=2.0)
        again.log(loss=3.0)
        assert read_run(run.path).status() == "running"
        with pytest.raises(RuntimeError, match="written by another process"):
            Run("a", tmp_path, resume=True)
    assert _values(again, "loss") == {5: 1.0, 6: 2.0, 7: 3.0}
    known = read_run(run.path)
    assert known.status() == "finished" and known.config["lr"] == 0.2
    times = list(known.scalars["loss"].times)
    assert times == sorted(times)


def _in_a_child(run: Run, answers: Any) -> None:
    try:
        run.log(loss=9.0)
    except RuntimeError as error:
        answers.put(str(error))


def test_another_process_may_not_log(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    with Run("a", tmp_path, kernels=False) as run:
        answers = context.Queue()
        child = context.Process(target=_in_a_child, args=(run, answers))
        child.start()
        assert f"belongs to process {os.getpid()}" in answers.get(timeout=300)
        child.join()
        run.log(loss=1.0)
    assert _values(run, "loss") == {0: 1.0}
    assert read_run(run.path).status() == "finished"


SCRIPT = """
import sys, time
from rushlight.board import Run
run = Run("a", sys.argv[1])
run.log(loss=1.0)
if sys.argv[2] == "raise":
    1 / 0
if sys.argv[2] == "wait":
    time.sleep(1)
    print("logged", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize(("how", "status"), [("end", "finished"), ("raise", "failed")])
def test_a_run_that_nobody_closed(tmp_path: Path, how: str, status: str) -> None:
    subprocess.run([sys.executable, "-c", SCRIPT, str(tmp_path), how], stderr=subprocess.DEVNULL)
    run = read_run(tmp_path / "a")
    assert list(run.scalars["loss"].values) == [1.0]
    assert run.status() == status


def test_a_killed_program_leaves_what_it_logged(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, str(tmp_path), "wait"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None and child.stdout.readline() == b"logged\n"
        assert read_run(tmp_path / "a").status() == "running"
        child.send_signal(signal.SIGKILL)
    run = read_run(tmp_path / "a")
    assert list(run.scalars["loss"].values) == [1.0]
    assert run.status() == "stopped"


def test_a_full_disk_is_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    full = True

    def write(file: int, data: Any) -> int:
        if full and file == run._journal._file:
            real(file, bytes(data)[:5])
            raise OSError(28, "No space left on device")
        return real(file, data)

    with Run("a", tmp_path) as run:
        monkeypatch.setattr(os, "write", write)
        run.log(loss=1.0)
        run._journal.drain()
        full = False
        with pytest.warns(RuntimeWarning, match="No space left"):
            run.log(loss=2.0)
        run.log(loss=3.0)
    assert list(_values(run, "loss").values()) == [2.0, 3.0]


def test_pictures(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    rng = np.random.default_rng(0)
    for channels in (1, 3, 4):
        pixels = rng.integers(0, 256, (5, 7, channels), np.uint8)
        (tmp_path / "x.png").write_bytes(png(pixels))
        assert np.array_equal(np.asarray(image.open(tmp_path / "x.png")).reshape(5, 7, -1), pixels)
    with Run("a", tmp_path) as run:
        run.image("one", torch.tensor([[0.0, 0.5], [1.0, math.nan]]), step=3)
        run.image("one", image.new("RGB", (4, 2), (1, 2, 3)))
        grid = torch.zeros(5, 3, 2, 2, dtype=torch.uint8)
        grid[4] = 9
        run.image("many", grid)
        grid[:] = 200  # after the picture was given
    rows = read_run(run.path).images
    assert [(row["step"], row["file"], row["size"]) for row in rows["one"]] == [
        (3, 1, [2, 2]),
        (0, 2, [4, 2]),
    ]
    first = np.asarray(image.open(run.path / "images" / "000001.png"))
    assert first.tolist() == [[0, 128], [255, 0]]
    many = np.asarray(image.open(run.path / "images" / "000003.png"))
    assert many.shape == (5, 8, 3) and many.max() == 9 and (many[3:, 3:5] == 9).all()
    assert pixels_of(np.zeros((5, 7, 3))).shape == (5, 7, 3)
    assert pixels_of(np.zeros((3, 5, 4))).shape == (5, 4, 3)


def test_histograms(tmp_path: Path) -> None:
    with Run("a", tmp_path) as run:
        values = torch.tensor([0.0, 1, 1, 2, math.nan, math.inf])
        run.histogram("w", values, bins=2)
        values[:] = 100.0
        run.histogram("one", torch.full((3,), 5))
        run.histogram("none", torch.tensor([math.nan]))
    rows = read_run(run.path).histograms
    (row,) = rows["w"]
    assert (row["counts"], row["low"], row["high"], row["bad"]) == ([1, 3], 0.0, 2.0, 2)
    assert row["mean"] == 1.0 and sum(rows["one"][0]["counts"]) == 3
    assert rows["none"][0]["bad"] == 1 and "counts" not in rows["none"][0]


def test_the_layer_table(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 8))
    model.append(nn.Linear(8, 8))
    model[4].weight = model[3].weight  # shared: counted once
    model[0].bias.requires_grad_(False)
    mean = model[1].running_mean.clone()
    with Run("a", tmp_path) as run:
        run.model(model, torch.ones(3, 1, 4, 4))
    table = read_run(run.path).layers
    assert table is not None
    rows = {row["name"]: row for row in table["layers"]}
    assert rows["0"]["shapes"] == {"weight": [2, 1, 3, 3], "bias": [2]}
    assert rows["0"]["output"] == "[3, 2, 2, 2]" and rows["4"]["output"] == "[3, 8]"
    assert [row["parameters"] for row in table["layers"]] == [0, 20, 4, 0, 72, 8]
    assert table["parameters"] == sum(each.numel() for each in model.parameters())
    assert table["parameters"] - table["trainable"] == 2
    assert model.training and model[1].training and torch.equal(model[1].running_mean, mean)
    assert not model[0]._forward_hooks


def test_the_time_of_kernels(tmp_path: Path) -> None:
    with Run("a", tmp_path) as run:
        for _ in range(3):
            (torch.ones(64, 64) @ torch.ones(64, 64)).sum().item()
    kernels = read_run(run.path).kernels
    assert kernels is not None and kernels["runs"] == 3
    matmuls = [row for row in kernels["rows"] if "matmul" in row[0]]
    assert matmuls and matmuls[0][1] == 3 and matmuls[0][2] > 0 and matmuls[0][3] >= 3 * 2 * 64**3
    with Run("b", tmp_path, kernels=False) as run:
        (torch.ones(3) + 1).tolist()
    assert read_run(run.path).kernels is None


def test_a_log_takes_a_few_microseconds(tmp_path: Path) -> None:
    with Run("a", tmp_path) as run:
        best = math.inf
        for _ in range(20):
            values = [torch.ones(()) * n for n in range(100)]
            start = time.thread_time()
            for value in values:
                run.log(loss=value, acc=0.5)
            best = min(best, (time.thread_time() - start) / len(values))
            values[-1].item()
    assert best < 20e-6
