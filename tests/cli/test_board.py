"""rushlight board: starts, says where, ends; and what it says where it cannot."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
BOARD = [sys.executable, "-m", "rushlight", "board"]


def test_it_serves_until_interrupted(tmp_path: Path) -> None:
    pytest.importorskip("uvicorn")
    command = [*BOARD, str(tmp_path / "none yet"), "--port", "0"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None and child.stderr is not None
        line = child.stdout.readline()
        found = re.match(r"(http://127\.0\.0\.1:(\d+)/) shows the runs in ", line)
        assert found, line
        assert "is not there yet" in child.stdout.readline()
        with urllib.request.urlopen(found[1], timeout=300) as answer:
            assert b"Rushlight" in answer.read()
        stream = urllib.request.urlopen(found[1] + "events", timeout=300)
        assert stream.readline() == b"data: {}\n"
        taken = subprocess.run(
            [*BOARD, "--port", found[2]], cwd=ROOT, capture_output=True, text=True
        )
        child.send_signal(signal.SIGINT)  # a page still listens
        assert child.wait(300) == 0
        assert child.stderr.read() == ""
        stream.close()
    assert taken.returncode != 0
    assert f"port {found[2]}: Address already in use" in taken.stderr
    assert "Traceback" not in taken.stderr


def test_a_host_that_is_none() -> None:
    pytest.importorskip("uvicorn")
    done = subprocess.run([*BOARD, "--host", "192.0.2.1"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2 and "cannot listen on 192.0.2.1" in done.stderr
    assert "another board" not in done.stderr


def test_without_the_extra() -> None:
    code = (
        "import sys; sys.modules['uvicorn'] = None\n"
        "from rushlight.cli import main; sys.exit(main(['board']))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("rushlight board: the page needs uvicorn")
    assert "pip install 'rushlight[board]'" in done.stderr


def test_other_commands_know_nothing_of_it() -> None:
    code = (
        "import sys; from rushlight.cli import main; main(['--help'])\n"
        "found = {'starlette', 'uvicorn', 'rushlight.board'} & set(sys.modules)\n"
        "assert not found, found"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "board" in done.stdout


def test_a_host_by_name_that_is_not_known() -> None:
    pytest.importorskip("uvicorn")
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("no.such.host.invalid", 1)
    done = subprocess.run(
        [*BOARD, "--host", "no.such.host.invalid"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode != 0 and "is no address of this machine" in done.stderr
