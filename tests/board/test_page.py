"""The page in a real browser: it draws, grows by itself, and shows names as they are."""

from __future__ import annotations

import math
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import rushlight as torch
from rushlight import nn
from rushlight.board import Run
from tests.board.chromium import CHROMIUM, DRIVER, Chromium

pytest.importorskip("uvicorn")

import uvicorn

from rushlight.board.server import make_app

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="needs chromium and chromedriver"),
]
NASTY = "<img src=x onerror=alert(1)>"


class Served:
    """The page of a folder, on a thread."""

    def __init__(self, folder: Path) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.socket.getsockname()[1]}/"
        app = make_app(folder, stopping=lambda: self.server.should_exit)
        self.server: Any = uvicorn.Server(
            uvicorn.Config(app, log_level="error", lifespan="off", ws="none")
        )
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.socket]})
        self.thread.start()

    def close(self) -> None:
        self.server.should_exit = True
        self.thread.join(20)
        self.socket.close()
        assert not self.thread.is_alive()


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Chromium]:
    found = Chromium(tmp_path / "profile")
    yield found
    found.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    found = Served(tmp_path / "runs")
    yield found
    found.close()


def _tab(browser: Chromium, name: str) -> None:
    browser.run(f"document.getElementById('tab-{name}').click()")


def test_the_page(tmp_path: Path, served: Served, browser: Chromium) -> None:
    browser.size(1280, 800)
    browser.go(served.address)
    browser.until("document.body.innerText.includes('No runs here yet')")
    folder = tmp_path / "runs"
    with Run(NASTY, folder, config={"rate": NASTY}) as run:
        for step in range(50):
            run.log({"loss": 1 / (step + 1), NASTY: math.inf if step == 3 else step})
        run._journal.drain()
        # It grows by itself.
        browser.until("document.querySelectorAll('.plot path.curve').length == 2")
        assert browser.run("return document.querySelector('#runs b').textContent") == NASTY
        browser.until("document.querySelector('#runs .status').textContent == 'running'")
        before = browser.run("return document.querySelector('path.curve').getAttribute('d')")
        run.log(loss=5.0)
        run._journal.drain()
        browser.until(f"document.querySelector('path.curve').getAttribute('d') != {before!r}")
        run.image(NASTY, [[0.0, 1.0], [1.0, 0.0]], step=1)
        run.image(NASTY, [[1.0, 0.0]], step=2)
        for step in range(3):
            run.histogram("weights", list(range(20)), step=step)
        run.model(nn.Sequential(nn.Linear(20, 30), nn.ReLU()))
        nn.Linear(40, 40)(torch.ones(8, 40)).sum().item()
    with Run("second", folder) as run:
        for step in range(80):
            run.log(loss=2 / (step + 1))
    browser.until("document.querySelectorAll('.card:first-child path.curve').length == 2")
    browser.until("document.querySelector('#runs .status').textContent == 'finished'")

    # Keys read values; the tip tells both runs.
    browser.run("document.querySelector('.plot svg').focus()")
    browser.keys("Home", "ArrowRight", "ArrowRight")
    tip = browser.run("return document.querySelector('.tip').innerText")
    assert tip.startswith("step 2") and NASTY in tip and "second" in tip, tip
    # A run that is switched off is not drawn.
    browser.run("document.querySelectorAll('#runs input')[1].click()")
    browser.until("document.querySelectorAll('.card:first-child path.curve').length == 1")
    browser.run("document.querySelectorAll('#runs input')[1].click()")
    # Log scale, and time below.
    browser.run("document.getElementById('log').click()")
    words = "Array.from(document.querySelectorAll('.plot text'), (each) => each.textContent)"
    browser.until(f"{words}.includes('0.1')")
    browser.run(
        "const axis = document.getElementById('axis'); axis.value = 'time';"
        "axis.dispatchEvent(new Event('change'))"
    )
    browser.until(f"{words}.some((each) => / (s|ms|µs)$/.test(each))")

    _tab(browser, "images")
    browser.until("document.querySelector('img.picture')?.naturalWidth == 2")
    source = "document.querySelector('img.picture').getAttribute('src')"
    assert browser.run(f"return {source}").endswith("/2")
    browser.run(
        "const slider = document.querySelector('.slide input'); slider.value = 0;"
        "slider.dispatchEvent(new Event('input'))"
    )
    browser.until(f"{source}.endsWith('/1')")
    _tab(browser, "histograms")
    browser.until("document.querySelectorAll('.plot path').length == 3")
    _tab(browser, "model")
    browser.until("document.body.innerText.includes('630 parameters')")
    _tab(browser, "kernels")
    browser.until("document.querySelectorAll('.kernel rect').length > 0")

    # Nothing ran that was no code of ours, and nothing was asked for elsewhere.
    assert browser.run("return document.querySelectorAll('img[src=x]').length") == 0
    assert browser.errors() == []


def test_on_a_phone(tmp_path: Path, served: Served, browser: Chromium) -> None:
    with Run("a", tmp_path / "runs") as run:
        for step in range(30):
            run.log(loss=1 / (step + 1))
        run.model(nn.Sequential(*(nn.Linear(64, 64) for _ in range(4))))
    browser.size(360, 740)
    browser.go(served.address)
    browser.until("document.querySelectorAll('path.curve').length == 1")
    for tab in ("curves", "images", "histograms", "model", "kernels"):
        _tab(browser, tab)
        browser.until(f"document.getElementById('tab-{tab}').ariaSelected == 'true'")
        wide = browser.run("return document.documentElement.scrollWidth")
        assert wide <= 360, f"{tab} is {wide} wide"
    _tab(browser, "curves")
    small = browser.until(
        "Array.from(document.querySelectorAll('button, .bar label'), (each) => "
        "[each.innerText, each.offsetHeight]).filter(([, high]) => high > 0)"
    )
    assert [each for each in small if each[1] < 40] == []
    assert browser.errors() == []
