"""A headless Chromium, driven over its debugging pipe: no driver and no package stands between."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
         "--no-first-run", "--hide-scrollbars", "--disable-component-update")  # fmt: skip


def program() -> str | None:
    """Return the path of an installed Chromium, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


PATIENCE = 300  # seconds without a word


class Browser:
    """One page: what it asks for, complains of, and answers."""

    def __init__(self, into: int, out_of: int) -> None:
        self._into, self._from, self._rest, self._number = into, out_of, b"", 0
        self.session, self.loaded = "", False
        self.complaints: list[str] = []  # of the console, and exceptions that nobody caught
        self.requests: list[str] = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        attached = self.send("Target.attachToTarget", targetId=target, flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Accessibility"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Return the answer to one command of the DevTools protocol."""
        self._number += 1
        said = {"id": self._number, "method": method, "params": params}
        if self.session:
            said["sessionId"] = self.session
        os.write(self._into, json.dumps(said).encode() + b"\0")
        while True:
            told = self._next()
            if told.get("id") == self._number:
                assert "error" not in told, f"{method}: {told['error']}"
                return told["result"]

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            assert select.select([self._from], [], [], PATIENCE)[0], "the browser says nothing"
            more = os.read(self._from, 1 << 16)
            assert more, "the browser has gone"
            self._rest += more
        line, _, self._rest = self._rest.partition(b"\0")
        told = json.loads(line)
        self._note(told.get("method"), told.get("params", {}))
        return told

    def _note(self, method: str | None, params: dict[str, Any]) -> None:
        if method == "Log.entryAdded":
            self.complaints.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(str(params["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled":
            self.complaints.append(str(params["args"]))
        elif method == "Page.loadEventFired":
            self.loaded = True
        elif method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])

    def show(self, path: Path, width: int, dark: bool = False, place: str = "") -> None:
        """Open a file in a window of that width, in the light or in the dark."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=900,
                  deviceScaleFactor=1, mobile=width < 500)  # fmt: skip
        for url in ("about:blank", path.resolve().as_uri() + place):
            self.loaded = False
            self.send("Page.navigate", url=url)
            while not self.loaded:
                self._next()

    def ask(self, expression: str) -> Any:
        """Return the value of an expression of JavaScript, awaited."""
        answer = self.send(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, key: str, text: str = "") -> None:
        """Press and release a key."""
        code = {"Tab": 9, "Enter": 13, " ": 32, "ArrowRight": 39}[key]
        for kind in ("keyDown", "keyUp"):
            self.send("Input.dispatchKeyEvent", type=kind, key=key, text=text,
                      windowsVirtualKeyCode=code)  # fmt: skip

    def picture(self, path: Path) -> Path:
        """Write what the window shows as PNG."""
        path.write_bytes(base64.b64decode(self.send("Page.captureScreenshot")["data"]))
        return path


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """Start Chromium with a profile of its own, and end it."""
    there, ours = os.pipe(), os.pipe()
    # the protocol's pipes are the files 3 and 4 of the browser
    command = 'exec "$0" "$@" 3<&%d 4>&%d' % (there[0], ours[1])  # noqa: UP031
    started = subprocess.Popen(
        ["bash", "-c", command, str(program()), *QUIET, "--remote-debugging-pipe",
         f"--user-data-dir={profile}"],
        pass_fds=(there[0], ours[1]), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(there[0])
    os.close(ours[1])
    try:
        yield Browser(there[1], ours[0])
    finally:
        os.close(there[1])  # it ends when nobody speaks to it
        os.close(ours[0])
        try:
            started.wait(10)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()
