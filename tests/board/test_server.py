"""The board's server: what it answers, to whom, and what it never gives away."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from rushlight.board import Run

pytest.importorskip("starlette")

from rushlight import nn
from rushlight.board.server import make_app
from tests.board.asgi import Client

ROOT = Path(__file__).parent.parent.parent
NASTY = "<img src=x onerror=alert(1)>"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    runs = tmp_path / "runs"
    with Run("first", runs, config={"lr": 0.1}) as run:
        run.model(nn.Linear(2, 3))
        for step in range(2000):
            run.log({"loss": 1 / (step + 1), NASTY: math.nan if step == 7 else step})
        run.image("x", np.zeros((2, 3)))
        for step in range(100):
            run.histogram("w", np.arange(9.0), step=step)
    with Run(NASTY, runs) as run:
        run.log(loss=3.0)
    (tmp_path / "secret.png").write_bytes(b"\x89PNG\r\n\x1a\nsecret")
    return runs


@pytest.fixture
def client(folder: Path) -> Client:
    return Client(make_app(folder))


def test_runs(client: Client) -> None:
    first, second = client.get("/api/runs").json()["runs"]
    assert first["id"] == first["name"] == "first"
    assert first["config"] == {"lr": 0.1} and first["status"] == "finished"
    assert first["scalars"] == ["loss", NASTY] and first["step"] == 1999 and first["model"]
    assert second["name"] == NASTY and "<" not in second["id"]


def test_curves_are_thinned(client: Client) -> None:
    asked = {"tag": "loss", "points": 100, "smooth": 0.5, "x": "step"}
    curves = client.get("/api/scalars", params=asked).json()["curves"]
    assert len(curves) == 2
    one = curves["first"]
    assert one["count"] == 2000 and 50 < len(one["x"]) <= 100 and one["y"][0] == 1.0
    assert len(one["s"]) == len(one["x"])
    asked |= {"run": "first", "low": 10, "high": 20}
    part = client.get("/api/scalars", params=asked).json()["curves"]
    assert list(part) == ["first"] and len(part["first"]["x"]) == 13
    times = client.get("/api/scalars", params={"tag": "loss", "x": "time"}).json()["curves"]
    assert times["first"]["x"][-1] < 60
    bad = client.get("/api/scalars", params={"tag": NASTY, "points": 5000}).json()["curves"]
    assert bad["first"]["bad"] == [[7.0, "nan"]] and bad["first"]["y"][7] is None
    assert client.get("/api/scalars", params={"tag": "none"}).json()["curves"] == {}
    for key in ("points", "smooth", "low"):
        for value in ("x", "nan"):
            assert client.get("/api/scalars", params={"tag": "loss", key: value}).status_code == 400


def test_the_rest(client: Client) -> None:
    (row,) = client.get("/api/images", params={"tag": "x"}).json()["rows"]["first"]
    picture = client.get(f"/image/first/{row['file']}")
    assert picture.headers["content-type"] == "image/png" and picture.content[:4] == b"\x89PNG"
    rows = client.get("/api/histograms", params={"tag": "w", "run": "first"}).json()["rows"]
    steps = [row["step"] for row in rows["first"]]
    assert len(steps) == 60 and (steps[0], steps[-1]) == (0, 99) and steps == sorted(set(steps))
    table = client.get("/api/model", params={"run": "first"}).json()["model"]
    assert table["parameters"] == 9
    assert client.get("/api/kernels", params={"run": "first"}).json()["kernels"] is None
    assert client.get("/api/model", params={"run": "none"}).status_code == 404


def test_the_page_is_whole_and_its_own(client: Client) -> None:
    page = client.get("/")
    assert page.status_code == 200 and "Rushlight" in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "script-src 'self';" in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    texts = page.text
    for file in (ROOT / "rushlight" / "board" / "page").iterdir():
        answer = client.get(f"/page/{file.name}")
        assert answer.content == file.read_bytes()
        texts += answer.text
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert word not in texts
    assert "https://" not in texts and "//cdn" not in texts


@pytest.mark.parametrize(
    "path",
    [
        "/page/../server.py", "/page/..%2fserver.py", "/page/%2e%2e/server.py", "/page/server.py",
        "/image/first/../../secret.png", "/image/..%2f../1", "/image/../1", "/image/first/0",
        "/image/first/2", "/image/first/-1", "/image/first/1.png", "/image/first/99999999999999",
        "/image/first%2f..%2ffirst/1", "/image/none/1", "/runs/first/run.jsonl", "/api/model",
    ],
)  # fmt: skip
def test_nothing_else_is_given(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_links_lead_nowhere(folder: Path, client: Client) -> None:
    images = folder / "first" / "images"
    (images / "000002.png").symlink_to(folder.parent / "secret.png")
    (images / "000003.png").write_text("no picture")
    for number in (2, 3):
        assert client.get(f"/image/first/{number}").status_code == 404
    images.rename(folder / "elsewhere")
    images.symlink_to(folder / "elsewhere")
    assert client.get("/image/first/1").status_code == 404


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200), ("localhost:80", 200), ("127.0.0.1:6007", 200), ("[::1]:6007", 200),
        ("10.0.0.7:6007", 200), ("LocalHost.", 200), ("evil.example", 421), ("", 421),
        ("evil.example:6007", 421), ("localhost.evil.example", 421), ("127.0.0.1.evil.com", 421),
        ("[::1].evil.com", 421), ("localhost:6007@evil.com", 421), ("127.0.0.1:80:evil", 421),
    ],
)  # fmt: skip
def test_only_names_of_this_machine(client: Client, host: str, status: int) -> None:
    answer = client.get("/api/runs", host=host)
    assert answer.status_code == status
    assert "content-security-policy" in answer.headers


def test_a_name_that_was_given_is_one_of_ours(folder: Path) -> None:
    client = Client(make_app(folder, frozenset({"gpu7"})), "gpu7:1")
    assert client.get("/api/runs").status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_it_is_read_only(client: Client, method: str) -> None:
    assert client.ask(method, "/api/runs").status_code == 405


def test_events_tell_what_grew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rushlight.board.server.LOOK_EVERY", 0.01)
    looks = 0

    def stopping() -> bool:
        nonlocal looks
        looks += 1
        if looks == 3:
            with Run("late", folder) as run:
                run.log(loss=1.0)
        return looks > 5

    answer = Client(make_app(folder, stopping=stopping)).get("/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [json.loads(line[6:]) for line in answer.text.splitlines() if line]
    assert len(events) == 2  # the others had nothing new
    assert "late" not in events[0] and events[1]["late"][1] == "finished"
    size = (folder / "late" / "run.jsonl").stat().st_size
    assert events[1]["late"][0] == size
