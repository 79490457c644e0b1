"""A real browser without a screen: Debian's chromium, spoken to over the DevTools protocol by two pipes."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_PATIENCE = 120.0
"""Seconds that anything may take; the machine may be busy."""
_FLAGS = (
    # No sandbox: a test may run as root, and shows nothing but our own pages.
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
)  # fmt: skip


class ChromiumError(AssertionError):
    """The browser, or a script in it, says that something went wrong."""


class Page:
    """One tab. Every method waits until it is done."""

    def __init__(self, browser: Chromium, session: str) -> None:
        self._browser = browser
        self._session = session
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self._browser.call(method, self._session, **parameters)

    def resize(self, width: int, height: int = 900, *, dark: bool = False) -> None:
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def open(self, address: str) -> None:
        self.call("Page.navigate", url=address)
        self.wait("document.readyState === 'complete'")

    def run(self, script: str) -> Any:
        """Return what an expression gives; promises are waited for."""
        done = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=True)
        if "exceptionDetails" in done:
            thrown = done["exceptionDetails"]
            raise ChromiumError(thrown.get("exception", {}).get("description") or thrown["text"])
        return done["result"].get("value")

    def wait(self, condition: str) -> None:
        """Wait until an expression is true. While a page loads there may be nothing yet that it speaks of."""
        until, trouble = time.monotonic() + _PATIENCE, ""
        while time.monotonic() < until:
            try:
                if self.run(f"Boolean({condition})"):
                    return
            except ChromiumError as error:
                trouble = f" ({error})"
            time.sleep(0.02)
        raise ChromiumError(f"not within {_PATIENCE:.0f} s: {condition}{trouble}")

    def click(self, selector: str) -> None:
        """Click in the middle of an element, as a mouse does: what lies over it gets the click."""
        place = self.run(
            f"(() => {{ const found = document.querySelector({json.dumps(selector)});"
            " found.scrollIntoView({block: 'center'}); const box = found.getBoundingClientRect();"
            " return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1)

    def type(self, selector: str, text: str) -> None:
        """Put the cursor into a field, replace what is in it, and type."""
        field = f"document.querySelector({json.dumps(selector)})"
        self.run(f"({field}.focus(), {field}.select())")
        self.call("Input.insertText", text=text)

    def press(self, key: str, *, control: bool = False) -> None:
        codes = {"Tab": 9, "Enter": 13, "Escape": 27}
        event = {
            "key": key,
            "windowsVirtualKeyCode": codes.get(key, ord(key[0].upper())),
            "modifiers": 2 if control else 0,
        }
        if key == "Enter":
            event["text"] = "\r"  # without it no form is sent
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, **event)

    def screenshot(self) -> bytes:
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])

    def pdf(self) -> bytes:
        """Print the page, with its backgrounds, as the browser is told to see it: `resize` says how dark."""
        return base64.b64decode(self.call("Page.printToPDF", printBackground=True)["data"])

    def complaints(self) -> list[str]:
        """Return what the browser's console holds against the page: errors of scripts, refused loads."""
        return [text for session, text in self._browser.complaints if session == self._session]


class Chromium:
    """The process. Used by one thread."""

    def __init__(self, profile: Path) -> None:
        self.complaints: list[tuple[str, str]] = []
        self._number = 0
        self._waiting = b""
        to_browser, ours_out = os.pipe()
        ours_in, from_browser = os.pipe()
        command = ["chromium", *_FLAGS, f"--user-data-dir={profile}", "about:blank"]
        # The browser looks for its pipes at 3 and 4; Debian's sh knows no descriptor above 9.
        shell = ["bash", "-c", f'exec "$@" 3<&{to_browser} 4>&{from_browser}', "bash", *command]
        with profile.with_suffix(".log").open("wb") as log:
            self.process = subprocess.Popen(
                shell, pass_fds=(to_browser, from_browser), stdout=log, stderr=log, start_new_session=True
            )
        os.close(to_browser)
        os.close(from_browser)
        self._out, self._in = ours_out, ours_in

    def page(self) -> Page:
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        return Page(self, session)

    def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Send one command and return its result. Raises ChromiumError."""
        self._number += 1
        command = {"id": self._number, "method": method, "params": parameters}
        os.write(self._out, json.dumps(command | ({"sessionId": session} if session else {})).encode() + b"\0")
        while True:
            message = self._message()
            if message.get("id") == self._number:
                if "error" in message:
                    raise ChromiumError(f"{method}: {message['error']['message']}")
                found: dict[str, Any] = message["result"]
                return found
            self._note(message)

    def close(self) -> None:
        os.close(self._out)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self._in)

    def _message(self) -> dict[str, Any]:
        while b"\0" not in self._waiting:
            piece = os.read(self._in, 1 << 20)
            if not piece:
                raise ChromiumError("the browser has gone")
            self._waiting += piece
        message, _, self._waiting = self._waiting.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found

    def _note(self, message: dict[str, Any]) -> None:
        parameters, session = message.get("params", {}), message.get("sessionId", "")
        if message.get("method") == "Runtime.exceptionThrown":
            details = parameters["exceptionDetails"]
            self.complaints.append((session, details.get("exception", {}).get("description") or details["text"]))
        elif message.get("method") == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            entry = parameters["entry"]
            self.complaints.append((session, f"{entry['text']} {entry.get('url', '')}"))


@contextmanager
def chromium(profile: Path) -> Iterator[Chromium]:
    """Run a browser with a profile of its own, and end it."""
    browser = Chromium(profile)
    try:
        yield browser
    finally:
        browser.close()
