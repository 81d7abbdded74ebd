"""The process that fills the input ring, seen from main: resolved, started, watched, restarted.

A named input is never replaced by another: while it is missing the state is `noInput`, the reason
is shown, and it is tried again. Only `default`, on a machine without any input, gives the demo track.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Callable
from typing import Any, Literal

from daemon import feeder
from daemon.devices import DEFAULT, NoInputDevice
from daemon.errors import AivjdError, DeviceError, MissingError, UsageError
from daemon.feeder import Exit, Input
from daemon.ring import Ring
from daemon.settings import InputSettings
from daemon.sources import STEREO, USUAL_RATE, resolve

log = logging.getLogger("aivjd")

FIRST_OPEN_S = 8.0
RETRY_S = (0.2, 0.5, 1.0, 2.0)  # the last one for ever
STOP_S = 3.0
HANG_S = 8.0  # more than the feeder's own patience with its device

State = Literal["noInput", "opening", "live", "ended"]


class SourceChild:
    """Where the sound comes from.

    Attributes:
        ring: what is filled; may be replaced when a device comes with another format (`on_ring`).
        state: `noInput` while the input is missing.
        message: a sentence for the operator, or empty.
        on_change: called when state or message changed.
        on_ring: called after `ring` was replaced.
    """

    def __init__(self, settings: InputSettings) -> None:
        self.settings = settings
        self.state: State = "opening"
        self.message = ""
        self.on_change: Callable[[], None] = lambda: None
        self.on_ring: Callable[[], None] = lambda: None
        self._input: Input | None = None
        self._ring: Ring | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._opened: dict[str, Any] = {}
        self._opened_ns = 0
        self._first = asyncio.Event()
        self._may_play = asyncio.Event()
        self._stopping = False

    @property
    def ring(self) -> Ring:
        """The input ring; there is one after `start`."""
        assert self._ring is not None
        return self._ring

    @property
    def pair(self) -> tuple[int, int]:
        """Which channels of the ring are left and right, counted from 1."""
        return self._input.pair if self._input else STEREO

    @property
    def pid(self) -> int | None:
        """Process id while one runs."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if running and self._process else None

    def describe(self) -> dict[str, Any]:
        """For state messages and the session's header."""
        return {
            "name": self._input.label if self._input else self.settings.name,
            "state": self.state,
            "rate": self._ring.rate if self._ring else 0,
            "channels": self._ring.channels if self._ring else 0,
            "latencyMs": self._opened.get("latencyMs"),
            "message": self.message,
        }

    def play(self) -> None:
        """Start filling after all; see `start`."""
        self._may_play.set()

    async def start(self, *, hold: bool = False) -> None:
        """Find the input and start filling; afterwards there is a ring, whether or not sound came.

        Args:
            hold: fill nothing until `play` is called.

        Raises:
            UsageError: an audio file was named that cannot be played.
        """
        if not hold:
            self.play()
        await self._resolve()
        if self._input is None:
            self._ring = Ring.create("input", 2, 1 << 18, USUAL_RATE)
            self._set("noInput")
        else:
            self._ring = self._input.make_ring()
        self._keeper = asyncio.create_task(self._keep())
        if self.settings.name == DEFAULT:
            # Whether the system's default really opens decides if the demo track takes its place.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._first.wait(), FIRST_OPEN_S)

    async def _resolve(self) -> None:
        name = self.settings.name
        try:
            self._input = await asyncio.to_thread(
                resolve, name, self.settings.channels, rate=self.settings.rate, loop=self.settings.loop
            )
            self.message = ""
        except (NoInputDevice, MissingError) as error:
            if name != DEFAULT:
                self._lacks(error)
                return
            await self._play_demo(error.what)
        except DeviceError as error:
            if name.startswith("file:"):
                raise UsageError(error.what, where=error.where, fix=error.fix) from error
            self._lacks(error)

    async def _play_demo(self, why: str) -> None:
        self._input = await asyncio.to_thread(resolve, "demo")
        self.message = f"{why}, so the built-in demo track plays"

    def _lacks(self, error: AivjdError) -> None:
        if str(error) != self.message:
            log.error("%s", error)
        self.message = str(error)

    def _set(self, state: State) -> None:
        self.state = state
        self.on_change()

    async def _keep(self) -> None:
        """Keep one feeder running until told to stop or it has nothing more to give."""
        failures = 0
        await self._may_play.wait()
        while not self._stopping:
            if self._input is None:
                self._first.set()
                await asyncio.sleep(RETRY_S[-1])
                await self._resolve_again()
                continue
            code = await self._run_feeder(self._input)
            if self._stopping:
                return
            if self.state == "live":
                failures = 0
            if code is Exit.ENDED:
                self.message = "the input has come to its end"
                self._set("ended")
                return
            if self.settings.name == DEFAULT and not self._first.is_set():
                # The system names a default input, but it does not open: as good as none.
                await self._play_demo(
                    f"the default audio input cannot be opened ({self.message.rstrip('.')})"
                )
                self._replace_ring()
                continue
            self._set("noInput")
            self._first.set()
            if not code.try_again:
                log.error("%s", self.message)
                return
            await asyncio.sleep(RETRY_S[min(failures, len(RETRY_S) - 1)])
            failures += 1
            await self._resolve_again()

    async def _resolve_again(self) -> None:
        before = self._input
        await self._resolve()
        if self._input is None:
            self._input = before
            return
        old = self.ring
        if (self._input.rate, self._input.channels) != (old.rate, old.channels):
            self._replace_ring()
            self.on_ring()

    def _replace_ring(self) -> None:
        assert self._input is not None
        self._ring = self._input.make_ring()

    async def _run_feeder(self, source: Input) -> Exit:
        process = await asyncio.create_subprocess_exec(
            *source.command(self.ring, self.settings.block),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=self.ring.fds,
            env=feeder.environment(),
            start_new_session=True,
        )
        self._process = process
        assert process.stdout is not None
        async for line in process.stdout:
            self._report(json.loads(line))
        code = await process.wait()
        try:
            return Exit(code)
        except ValueError:
            # Killed, or fell over without a word: as if the device had been lost.
            self.message = f"the capture process ended unexpectedly (status {code})"
            return Exit.LOST

    def _report(self, report: dict[str, Any]) -> None:
        match report["type"]:
            case "opened":
                self._opened = report
                self._opened_ns = time.monotonic_ns()
                if self.state != "live" and self._input is not None and self.settings.name != DEFAULT:
                    self.message = ""
                self._set("live")
                self._first.set()
            case "error":
                log.error("%s", report["message"])
                self.message = report["message"]
                self.on_change()

    def end_if_it_hangs(self) -> None:
        """Kill a feeder that is there but writes nothing; it ends by itself long before unless it hangs."""
        process = self._process
        if self.state != "live" or process is None or process.returncode is not None:
            return
        quiet_ns = time.monotonic_ns() - max(self.ring.heartbeat_ns, self._opened_ns)
        if quiet_ns > HANG_S * 1e9:
            log.error("the input's process hangs; ending it")
            process.kill()

    async def stop(self) -> None:
        """Let the feeder end, and end it if it does not."""
        self._stopping = True
        process = self._process
        if process is not None and process.returncode is None:
            if process.stdin is not None:
                process.stdin.close()
            try:
                await asyncio.wait_for(process.wait(), STOP_S)
            except TimeoutError:
                process.kill()
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
