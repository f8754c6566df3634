"""``rushlight board [FOLDER]``: a page on this machine that shows what runs log."""

from __future__ import annotations

import errno
import ipaddress
import socket
from pathlib import Path

import click

from rushlight.base.errors import InternalError

PORT = 6007


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default="runs")
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True,
              help="0 takes one that is free.")  # fmt: skip
@click.option("--host", default="127.0.0.1", show_default=True,
              help="Address to listen on; others than loopback let others read.")  # fmt: skip
def board(folder: Path, port: int, host: str) -> int:
    """Serve a page that shows the runs in a folder while they grow.

    FOLDER (default: runs) is where rushlight.board.Run writes. Ctrl-C ends it.
    """
    try:
        import uvicorn

        from rushlight.board.server import make_app
    except ModuleNotFoundError as error:
        if error.name not in ("uvicorn", "starlette", "anyio"):
            raise
        raise _mistake(f"the page needs {error.name}: pip install 'rushlight[board]'") from None
    listener = _listen(host, port)
    address = listener.getsockname()
    shown = f"[{host}]" if ":" in host else host
    click.echo(f"http://{shown}:{address[1]}/ shows the runs in {folder} (Ctrl-C ends it)")
    if not folder.exists():
        click.echo(f"{folder} is not there yet: runs appear once a program logs to it")
    if not ipaddress.ip_address(address[0]).is_loopback:
        click.echo("anybody who reaches this machine can read them", err=True)
    server: uvicorn.Server | None = None

    def stopping() -> bool:
        if server is None:
            raise InternalError("asked before the server runs")
        return server.should_exit

    app = make_app(folder, frozenset({host.lower()}), stopping)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            log_level="warning",
            lifespan="off",
            server_header=False,
            ws="none",
            timeout_graceful_shutdown=3,
        )
    )
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        click.echo()
    return 0


def _listen(host: str, port: int) -> socket.socket:
    """A socket there, or a mistake that says why there is none."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
            listener.listen(64)
        except BaseException:  # a port that is out of range, Ctrl-C: the socket is nobody's then
            listener.close()
            raise
    except PermissionError:
        raise _mistake(f"port {port} may not be opened by this user; try --port 6007") from None
    except OSError as error:
        if isinstance(error, socket.gaierror):
            raise _mistake(f"{host!r} is no address of this machine") from None
        taken = error.errno == errno.EADDRINUSE
        hint = "; is another board running there? try --port 0" if taken else ""
        raise _mistake(f"cannot listen on {host} port {port}: {error.strerror}{hint}") from None
    return listener


def _mistake(words: str) -> click.UsageError:
    return click.UsageError(words, click.get_current_context())
