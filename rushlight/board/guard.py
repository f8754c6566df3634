"""What each answer of the server passes: whose request it may be, and what a browser may do.

A page elsewhere can point a name of its own at 127.0.0.1 (DNS rebinding) and have a browser read
what is served there. Its requests carry that name in ``Host``; only names of this machine, and
addresses, which nobody can rebind, are answered.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([\w.-]+))(?::\d*)?")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = [
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
]


class Guard:
    """An ASGI application around another one."""

    def __init__(self, app: App, names: frozenset[str]) -> None:
        self.app = app
        self.names = names | {"localhost"}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                if not any(name == b"cache-control" for name, _ in headers):
                    headers.append((b"cache-control", b"no-cache"))
                message["headers"] = headers + _HEADERS
            await send(message)

        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1 or not self.answers(hosts[0].decode("latin-1")):
            await _refuse(guarded, 421, "This board answers to localhost and to addresses only.\n")
        elif scope["method"] not in ("GET", "HEAD"):
            await _refuse(guarded, 405, "This board is read-only.\n")
        else:
            await self.app(scope, receive, guarded)

    def answers(self, host: str) -> bool:
        """Whether ``host`` (of the Host header) is a name of ours or an address.

        >>> guard = Guard(None, frozenset())
        >>> [guard.answers(host) for host in ("localhost:6007", "[::1]:1", "127.0.0.1", "evil.com")]
        [True, True, True, False]
        """
        found = _HOST.fullmatch(host.strip().lower())
        if found is None:
            return False
        name = found[1] or found[2].rstrip(".")
        if name in self.names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


async def _refuse(send: Send, status: int, words: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": words.encode()})
