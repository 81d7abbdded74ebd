"""A headless Chromium of our own, driven over its DevTools socket: start, evaluate, CPU time, end.

Only the program itself is needed. `evaluate` waits as long as the page computes, and gives up by CPU time:
on a busy machine a page that does little is slow, and a page that hangs is the one that computes.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from models.errors import MeasureError

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--no-first-run",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-gpu-shader-disk-cache",
    "--mute-audio",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--remote-debugging-port=0",
)
START_S = 120.0
_TICK = os.sysconf("SC_CLK_TCK")
_LISTENING = re.compile(r"DevTools listening on (ws://\S+)")


class BrowserGoneError(Exception):
    """The browser ended, or was ended because it took too long. `timed_out` tells which."""

    def __init__(self, what: str, *, timed_out: bool = False) -> None:
        super().__init__(what)
        self.timed_out = timed_out


class Chromium:
    """A browser with one page, as a context manager.

    Attributes:
        version: what it calls itself, such as "Chrome/156.0.8078.108".

    Raises:
        MeasureError: there is no Chromium, or it does not start.
    """

    def __init__(self) -> None:
        program = (
            shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        )
        if program is None:
            raise MeasureError("Chromium is missing", fix="install the package chromium")
        self._profile = tempfile.TemporaryDirectory(prefix="aivjd-rig-", ignore_cleanup_errors=True)
        self._log = Path(self._profile.name) / "log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - a program by its own name
                [program, *FLAGS, f"--user-data-dir={self._profile.name}", "about:blank"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                # A group of its own: its CPU time is counted, and it is ended, as a whole.
                start_new_session=True,
            )
        self._next = 0
        self._sockets = ExitStack()
        self._socket: ClientConnection | None = None
        try:
            self._browser = self._connect(self._address())
            self.version = self._call(self._browser, "Browser.getVersion", {})["product"]
            targets = self._call(self._browser, "Target.getTargets", {})["targetInfos"]
            page = next(one["targetId"] for one in targets if one["type"] == "page")
            host = self._address().split("/devtools/")[0]
            self._socket = self._connect(f"{host}/devtools/page/{page}")
        except BaseException:
            self.close()
            raise

    def _address(self) -> str:
        end = time.monotonic() + START_S
        while time.monotonic() < end and self._process.poll() is None:
            if found := _LISTENING.search(self._log.read_text(errors="replace")):
                return found[1]
            time.sleep(0.05)
        raise MeasureError("Chromium does not start", where=self._log.read_text(errors="replace")[-300:])

    def _connect(self, address: str) -> ClientConnection:
        options = {"max_size": None, "compression": None, "ping_interval": None}
        return self._sockets.enter_context(
            connect(address, open_timeout=START_S, close_timeout=1.0, **options)
        )

    def open(self, url: str, ready: str, limit_s: float = START_S) -> None:
        """Load `url`, and wait until the expression `ready` holds there."""
        assert self._socket is not None
        self._call(self._socket, "Page.navigate", {"url": url})
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            if self.evaluate(f"Boolean({ready})", cpu_s=limit_s) is True:
                return
            time.sleep(0.02)
        raise BrowserGoneError(f"the page {url} was not ready within {limit_s:.0f} s")

    def evaluate(self, expression: str, *, cpu_s: float, wall_s: float = 900.0) -> Any:
        """The value of `expression` in the page; a promise is waited for.

        Raises:
            BrowserGoneError: it took more than `cpu_s` of CPU or `wall_s`, or the browser ended.
        """
        assert self._socket is not None
        params = {"expression": expression, "awaitPromise": True, "returnByValue": True}
        answer = self._call(self._socket, "Runtime.evaluate", params, cpu_s, wall_s)
        if "exceptionDetails" in answer:
            raise BrowserGoneError(
                str(answer["exceptionDetails"].get("exception", {}).get("description"))[:300]
            )
        return answer["result"].get("value")

    def _call(
        self,
        socket: ClientConnection,
        method: str,
        params: dict,
        cpu_s: float = 600.0,
        wall_s: float = START_S,
    ) -> dict[str, Any]:
        self._next += 1
        number, began, end = self._next, self.cpu_seconds(), time.monotonic() + wall_s
        try:
            socket.send(json.dumps({"id": number, "method": method, "params": params}))
            while True:
                try:
                    message = json.loads(socket.recv(timeout=1.0))
                except TimeoutError:
                    if self.cpu_seconds() - began > cpu_s or time.monotonic() > end:
                        self.close()
                        raise BrowserGoneError("it took too long", timed_out=True) from None
                    continue
                if message.get("id") == number:
                    if "error" in message:
                        raise BrowserGoneError(str(message["error"].get("message")))
                    return message["result"]
        except (WebSocketException, OSError) as error:
            raise BrowserGoneError(f"the browser ended ({error})") from error

    def cpu_seconds(self) -> float:
        """CPU time that the browser's processes have used so far."""
        total = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(") ")[2].split()
            except OSError:
                continue  # it ended while we looked
            if int(fields[2]) == self._process.pid:
                total += int(fields[11]) + int(fields[12])
        return total / _TICK

    def rss_bytes(self) -> int:
        """Resident memory of the browser's processes, shared pages counted for each."""
        total = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(") ")[2].split()
            except OSError:
                continue
            if int(fields[2]) == self._process.pid:
                total += int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
        return total

    def close(self) -> None:
        """End the browser, and everything it started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._sockets.close()
        self._profile.cleanup()

    def __enter__(self) -> Chromium:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
