"""A real daemon in a process of its own, for benchmarks and end-to-end tests."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from types import TracebackType

START_PATIENCE_S = 40.0
STOP_PATIENCE_S = 20.0

_STAGE = re.compile(r"stage\s+(http://\S+)")
_SESSION = re.compile(r"session\s+(\S+)")


class RunningDaemon:
    """``aivjd run`` with the given arguments, or another command that shows something, as a context manager.

    Attributes:
        url: address of the stage page, once entered.
        session: folder of the recording, or "".
        lines: everything the daemon said.
        started_s: seconds from the start of the process to its greeting.
        exit_code: once left.
    """

    def __init__(
        self, *args: str, env: Mapping[str, str] | None = None, verb: Sequence[str] = ("run",)
    ) -> None:
        self._command: Sequence[str] = [sys.executable, "-m", "daemon.cli", *verb, "--port", "0", *args]
        self._env = {**os.environ, **(env or {}), "PYTHONUNBUFFERED": "1"}
        self.url = ""
        self.session = ""
        self.lines: list[str] = []
        self.started_s = 0.0
        self.exit_code: int | None = None
        self._ready = threading.Event()

    def __enter__(self) -> RunningDaemon:
        begun = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603 - our own command
            self._command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=self._env
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._ready.wait(START_PATIENCE_S) or not self.url:
            self.process.kill()
            raise RuntimeError("the daemon did not start:\n" + "\n".join(self.lines))
        self.started_s = time.monotonic() - begun
        return self

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line.rstrip())
            if found := _STAGE.search(line):
                self.url = found[1]
            if found := _SESSION.search(line):
                self.session = found[1]
            if "Ctrl-C" in line:
                self._ready.set()
        self._ready.set()

    @property
    def websocket(self) -> str:
        """Address of the websocket."""
        return self.url.replace("http://", "ws://").rstrip("/") + "/ws"

    def stop(self) -> int:
        """Ctrl-C; gives the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.exit_code = self.process.wait(STOP_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.exit_code = self.process.wait()
        self._reader.join(5)
        if self.process.stderr is not None:
            self.process.stderr.close()
        return self.exit_code

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
