"""A headless Chromium driven through chromedriver's HTTP interface (W3C WebDriver), no package."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium")
DRIVER = shutil.which("chromedriver")
_FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]


class Chromium:
    """One window. ``errors`` are what the page's console had to say."""

    def __init__(self, profile: Path, dark: bool = False) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        self._driver = subprocess.Popen(
            [str(DRIVER), f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._base = f"http://127.0.0.1:{port}/session"
        look = ["--force-dark-mode", "--blink-settings=preferredColorScheme=0"] if dark else []
        options = {"binary": CHROMIUM, "args": [*_FLAGS, *look, f"--user-data-dir={profile}"]}
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        body = {"capabilities": {"alwaysMatch": wanted}}
        for _ in range(100):
            try:
                self._session = self._ask("POST", "", body)["sessionId"]
                return
            except ConnectionError:
                time.sleep(0.1)
            except OSError as error:  # urllib wraps a refused connection
                if not isinstance(getattr(error, "reason", None), ConnectionError):
                    raise
                time.sleep(0.1)
        raise TimeoutError("chromedriver does not answer")

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._base + path, data, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def go(self, address: str) -> None:
        self._ask("POST", f"/{self._session}/url", {"url": address})

    def size(self, width: int, height: int) -> None:
        """The page's own width and height, as a phone would have them."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.devtools("Emulation.setDeviceMetricsOverride", metrics)

    def devtools(self, command: str, parameters: dict[str, Any]) -> Any:
        body = {"cmd": command, "params": parameters}
        return self._ask("POST", f"/{self._session}/goog/cdp/execute", body)

    def run(self, script: str, *arguments: Any) -> Any:
        """What the body of a JavaScript function returns."""
        body = {"script": script, "args": list(arguments)}
        return self._ask("POST", f"/{self._session}/execute/sync", body)

    def until(self, script: str, seconds: float = 20.0) -> Any:
        """What the script returns once that is true."""
        end = time.monotonic() + seconds
        while not (found := self.run(f"return {script}")):
            if time.monotonic() > end:
                raise TimeoutError(f"never true: {script}; page: {self.run(_TEXT)[:2000]}")
            time.sleep(0.05)
        return found

    def keys(self, *names: str) -> None:
        """Press keys where the focus is."""
        for name in names:
            facts = {"key": name, "code": name, "windowsVirtualKeyCode": _CODES[name]}
            for kind in ("rawKeyDown", "keyUp"):
                self.devtools("Input.dispatchKeyEvent", {"type": kind, **facts})

    def errors(self) -> list[str]:
        entries = self._ask("POST", f"/{self._session}/se/log", {"type": "browser"})
        return [entry["message"] for entry in entries]

    def picture(self) -> bytes:
        """A PNG of the window."""
        return base64.b64decode(self._ask("GET", f"/{self._session}/screenshot"))

    def close(self) -> None:
        try:
            self._ask("DELETE", f"/{self._session}")
        finally:
            self._driver.terminate()
            self._driver.wait(10)


_TEXT = "return document.body.innerText"
_CODES = {"ArrowLeft": 37, "ArrowRight": 39, "Home": 36, "End": 35, "Escape": 27, "Tab": 9}
