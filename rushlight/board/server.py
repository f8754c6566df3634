"""The page and what it asks for, over HTTP. Reads the folder and nothing else, writes nothing."""

from __future__ import annotations

import json
import math
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from rushlight.board.curves import curve
from rushlight.board.guard import Guard
from rushlight.board.reader import Folder, ReadRun

_PAGE = Path(__file__).parent / "page"
_FILES = {
    "index.html": "text/html",
    "board.css": "text/css",
    "main.js": "text/javascript",
    "chart.js": "text/javascript",
    "cards.js": "text/javascript",
    "panels.js": "text/javascript",
    "tables.js": "text/javascript",
    "text.js": "text/javascript",
}
_MOST_POINTS = 5000
_MOST_ROWS = 60  # histograms of one name that are shown
_MOST_IMAGE_BYTES = 1 << 26
LOOK_EVERY = 0.5  # seconds between two looks at the files while a page is open


def make_app(
    folder: Path, names: frozenset[str] = frozenset(), stopping: Callable[[], bool] = bool
) -> Guard:
    """The application that shows ``folder``.

    ``names``: further host names under which it answers. ``stopping``: asked while a page listens;
    True ends its stream, so that the server can go.
    """
    served = Server(Folder(folder), stopping)
    routes = [
        Route("/", served.file),
        Route("/page/{name}", served.file),
        Route("/api/runs", served.runs),
        Route("/api/scalars", served.scalars),
        Route("/api/images", served.images),
        Route("/api/histograms", served.histograms),
        Route("/api/model", served.model),
        Route("/api/kernels", served.kernels),
        Route("/image/{run}/{number:int}", served.image),
        Route("/events", served.events),
    ]
    return Guard(Starlette(routes=routes), names)


class Server:
    """Answers. Those that read files are plain functions: Starlette runs them on a thread."""

    def __init__(self, folder: Folder, stopping: Callable[[], bool]) -> None:
        self.folder = folder
        self.stopping = stopping

    def file(self, request: Request) -> Response:
        name = request.path_params.get("name", "index.html")
        if name not in _FILES:
            raise HTTPException(404)
        return Response((_PAGE / name).read_bytes(), media_type=_FILES[name])

    def runs(self, request: Request) -> Response:
        self.folder.refresh()
        rows = []
        for key, run in self.folder.runs.items():
            with run.lock:
                rows.append(
                    {
                        "id": key,
                        "name": run.name,
                        "start": run.start,
                        "seconds": run.seconds,
                        "status": run.status(),
                        "error": run.error,
                        "config": run.config,
                        "step": run.last_step,
                        "revision": run.revision,
                        "scalars": list(run.scalars),
                        "images": list(run.images),
                        "histograms": list(run.histograms),
                        "model": run.layers is not None,
                        "kernels": run.kernels is not None,
                    }
                )
        rows.sort(key=lambda row: (row["start"] or 0.0, row["id"]))
        return _json({"folder": str(self.folder.path), "runs": rows})

    def scalars(self, request: Request) -> Response:
        """The curves of one name, of every run asked for that has it."""
        asked = request.query_params
        tag = asked.get("tag", "")
        weight = _number(asked.get("smooth", "0"), 0.0, 0.9999)
        most = int(_number(asked.get("points", "800"), 4, _MOST_POINTS))
        low, high = (
            _number(asked[key], -math.inf, math.inf) if key in asked else None
            for key in ("low", "high")
        )
        found = {}
        for key, run in self._asked(asked.getlist("run")):
            with run.lock:
                series = run.scalars.get(tag)
                columns = None if series is None else series.columns()
            if columns is not None:
                steps, times, values = columns
                x = times if asked.get("x") == "time" else steps
                found[key] = curve(x, values, weight, most, low, high)
        return _json({"tag": tag, "curves": found})

    def images(self, request: Request) -> Response:
        return self._rows(request, lambda run: run.images, 1_000_000)

    def histograms(self, request: Request) -> Response:
        return self._rows(request, lambda run: run.histograms, _MOST_ROWS)

    def _rows(
        self, request: Request, table: Callable[[ReadRun], dict[str, list[Any]]], most: int
    ) -> Response:
        tag, found = request.query_params.get("tag", ""), {}
        for key, run in self._asked(request.query_params.getlist("run")):
            with run.lock:
                rows = list(table(run).get(tag, ()))
            if len(rows) > most:
                last = len(rows) - 1
                rows = [rows[round(place * last / (most - 1))] for place in range(most)]
            if rows:
                found[key] = rows
        return _json({"tag": tag, "rows": found})

    def model(self, request: Request) -> Response:
        return _json({"model": self._one(request).layers})

    def kernels(self, request: Request) -> Response:
        return _json({"kernels": self._one(request).kernels})

    def image(self, request: Request) -> Response:
        run = self._run(request.path_params["run"])
        number = request.path_params["number"]
        folder = run.path.resolve() / "images"
        file = folder / f"{number:06d}.png"
        # A run's folder may come from anywhere: links in it lead nowhere.
        if folder.is_symlink() or not 0 < number < 10**9:
            raise HTTPException(404)
        try:
            handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            raise HTTPException(404) from None
        with os.fdopen(handle, "rb") as stream:
            data = stream.read(_MOST_IMAGE_BYTES)
        if not data.startswith(b"\x89PNG\r\n\x1a\n"):
            raise HTTPException(404)
        # A name stands for one picture for ever; its run may be deleted and made again, though.
        headers = {"cache-control": "private, max-age=60"}
        return Response(data, media_type="image/png", headers=headers)

    async def events(self, request: Request) -> Response:
        """Server-sent events: a line each time something was written."""
        return StreamingResponse(
            self._changes(), media_type="text/event-stream", headers={"cache-control": "no-store"}
        )

    async def _changes(self) -> AsyncIterator[str]:
        known = None
        silent = 0.0
        while not self.stopping():
            now = await anyio.to_thread.run_sync(self._state)
            if now != known or silent > 15.0:
                known, silent = now, 0.0
                yield f"data: {json.dumps(now)}\n\n"
            silent += LOOK_EVERY
            await anyio.sleep(LOOK_EVERY)

    def _state(self) -> dict[str, list[Any]]:
        self.folder.refresh()
        return {key: [run.revision, run.status()] for key, run in self.folder.runs.items()}

    def _asked(self, keys: list[str]) -> list[tuple[str, ReadRun]]:
        runs = self.folder.runs
        if not runs:
            self.folder.refresh()
            runs = self.folder.runs
        return [(key, run) for key, run in runs.items() if not keys or key in keys]

    def _one(self, request: Request) -> ReadRun:
        return self._run(request.query_params.get("run", ""))

    def _run(self, key: str) -> ReadRun:
        for found, run in self._asked([key]):
            if found == key:
                return run
        raise HTTPException(404, "no such run")


def _json(content: Any) -> Response:
    return JSONResponse(content)


def _number(text: str, low: float, high: float) -> float:
    try:
        value = float(text)
    except ValueError:
        raise HTTPException(400, "not a number") from None
    if math.isnan(value):
        raise HTTPException(400, "not a number")
    return min(max(value, low), high)
