"""rushlight profile: the script runs as under ``run``, and the report adds up."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SCRIPT = """
import sys
import torch
from torch import nn
data = torch.utils.data.TensorDataset(torch.randn(40, 8), torch.randint(0, 3, (40,)))
model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 3))
optimizer = torch.optim.Adam(model.parameters())
for x, y in torch.utils.data.DataLoader(data, batch_size=4):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
print("arguments", sys.argv[1:], loss.item() > 0)
sys.exit(int(sys.argv[1]))
"""


def _profile(tmp_path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "train.py").write_text(SCRIPT)
    command = [sys.executable, "-m", "rushlight", "profile", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_json_adds_up_and_stands_alone(tmp_path: Path) -> None:
    done = _profile(tmp_path, "--json", str(tmp_path / "train.py"), "3", "--more")
    assert done.returncode == 3, done.stderr
    assert "arguments ['3', '--more'] True" in done.stderr
    report = json.loads(done.stdout)
    assert report["steps"] == 10
    assert sum(report["parts"].values()) == pytest.approx(report["seconds"], rel=0.05)
    assert set(report["parts"]) < set(report["step"])
    assert report["step"]["kernels"] > 0 and report["step"]["compiling"] == 0
    assert report["parts"]["compiling"] > 0 and report["parts"]["data"] > 0
    matmuls = [row for row in report["kernels"] if "matmul" in row["kernel"]]
    assert matmuls and all(row["of_roofline"] > 0 and row["flops"] > 0 for row in matmuls)
    assert {"aten::linear", "autograd::backward"} <= {row["name"] for row in report["calls"]}
    assert report["memory"]["process_peak"] > 1e6 < report["machine"]["flops"]


def test_tables_and_trace(tmp_path: Path) -> None:
    trace = tmp_path / "trace.json"
    script = str(tmp_path / "train.py")
    done = _profile(tmp_path, "--rows", "2", "--trace", str(trace), script, "0")
    assert done.returncode == 0, done.stderr
    for text in ("arguments ['0'] True", "10 steps", "recording", "of roofline", " more", "memory"):
        assert text in done.stdout
    names = {event["name"] for event in json.loads(trace.read_text())["traceEvents"]}
    assert {"aten::linear", "rushlight::plan", "Optimizer.step#Adam.step"} <= names


def test_a_script_that_fails_is_still_reported(tmp_path: Path) -> None:
    script = tmp_path / "bad.py"
    script.write_text("import torch\nprint(torch.ones(3).sum().item())\n1 / 0\n")
    command = [sys.executable, "-m", "rushlight", "profile", str(script)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr and "Kernels" in done.stdout
