"""Asking an ASGI application without a network: the messages that a server would send it."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import unquote, urlencode


class Answer:
    """A response: status, headers, body."""

    def __init__(self, status: int, headers: list[tuple[bytes, bytes]], content: bytes) -> None:
        self.status_code = status
        self.headers = {name.decode(): value.decode() for name, value in headers}
        self.content = content

    @property
    def text(self) -> str:
        return self.content.decode()

    def json(self) -> Any:
        return json.loads(self.content)


class Client:
    """Asks ``app`` under the name ``host``; paths go to it as they are, ``..`` too."""

    def __init__(self, app: Any, host: str = "localhost:6007") -> None:
        self.app = app
        self.host = host

    def get(self, path: str, params: Any = (), host: str | None = None) -> Answer:
        return self.ask("GET", path, params, host)

    def ask(self, method: str, path: str, params: Any = (), host: str | None = None) -> Answer:
        """The whole answer to one request."""
        name = self.host if host is None else host
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
            "scheme": "http", "path": unquote(path), "raw_path": path.encode(), "root_path": "",
            "query_string": urlencode(params).encode(), "headers": [(b"host", name.encode())],
            "client": ("127.0.0.1", 50000), "server": ("127.0.0.1", 6007),
        }  # fmt: skip
        sent: list[Any] = []
        asked = [{"type": "http.request", "body": b"", "more_body": False}]

        async def receive() -> Any:
            if asked:
                return asked.pop()
            await asyncio.Event().wait()  # the browser stays
            return None

        async def send(message: Any) -> None:
            sent.append(message)

        asyncio.run(self.app(scope, receive, send))
        start, *rest = sent
        body = b"".join(message.get("body", b"") for message in rest)
        return Answer(start["status"], start["headers"], body)
