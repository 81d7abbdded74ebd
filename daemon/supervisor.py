"""Child processes of the show: started, watched, restarted, ended.

Main never touches PortAudio and never runs a kernel; if a child dies or hangs it is replaced, and
the clients stay connected.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable
from time import monotonic
from typing import Any

import msgspec

from daemon.engine_link import Handover, hand_over, memory_file, pair, receive

STOP_PATIENCE_S = 5.0
HANG_S = 2.0


class EngineChild:
    """The engine's process, seen from main.

    Args:
        on_message: gets every JSON message of the engine; a state's bytes are added as ``data``.
        on_audio: gets every packed audio frame.
        on_exit: called when the process ended without having been asked to.
    """

    def __init__(
        self,
        on_message: Callable[[dict[str, Any]], None],
        on_audio: Callable[[bytes], None],
        on_exit: Callable[[int], None],
    ) -> None:
        self._on_message = on_message
        self._on_audio = on_audio
        self._on_exit = on_exit
        self._link: socket.socket | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self._stopping = False
        self._in_order = False
        self._stopped = asyncio.Event()
        self._spoke_at: float | None = None

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process else None

    @property
    def hangs(self) -> bool:
        """Whether it once spoke and then fell silent, though it says something 60 times a second."""
        return self._spoke_at is not None and monotonic() - self._spoke_at > HANG_S

    async def start(self) -> None:
        """Start the process; it imports what it needs while the input is still being opened."""
        ours, theirs = pair()
        fd = theirs.fileno()
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "daemon.engine_process",
            str(fd),
            pass_fds=(fd,),
            stdin=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for main, which ends its children in order
        )
        theirs.close()
        ours.setblocking(False)
        self._link = ours
        asyncio.get_running_loop().add_reader(ours, self._readable)
        self._watch = asyncio.create_task(self._watch_exit())

    def begin(self, handover: Handover, fds: list[int]) -> None:
        """Hand over the session; from here on it hears and decides."""
        if self._link is None:
            return  # it has died meanwhile: its watcher deals with that
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            hand_over(self._link, handover, fds)

    def input(self, record: dict[str, Any]) -> None:
        """Send an input; the engine stamps it with its sample. Dropped if the engine is gone."""
        self._send({"op": "input", "record": record})

    def restock(self, catalog: bytes) -> bool:
        """Have it choose from another catalogue (`Catalog.to_json`); False where it cannot be told now."""
        fd = memory_file("aivjd-catalogue", catalog)
        try:
            return self._send({"op": "packs"}, fd)
        finally:
            os.close(fd)

    def ask_state(self) -> None:
        """Have it tell its whole state at the hop boundary that it has reached."""
        self._send({"op": "state"})

    def _send(self, message: dict[str, Any], *fds: int) -> bool:
        if self._link is None:
            return False
        try:
            socket.send_fds(self._link, [msgspec.json.encode(message)], fds)
        except (BlockingIOError, BrokenPipeError, ConnectionResetError, OSError):
            return False  # it hangs or is gone: its watcher deals with that
        return True

    def _readable(self) -> bool:
        """Read what is there, and give whether there may be more."""
        # Bounded, so that a flood of snapshots cannot starve the loop.
        for _ in range(64):
            if self._link is None:
                return False
            try:
                data, attached = receive(self._link)
            except BlockingIOError:
                return False
            except OSError:
                data, attached = b"", b""
            if not data:
                self._detach()
                return False
            self._spoke_at = monotonic()
            if data[:1] == b"A":
                self._on_audio(data[1:])
                continue
            message = msgspec.json.decode(data)
            if attached:
                message["data"] = attached
            if message.get("stopped"):
                self._in_order = True
                self._stopped.set()
            self._on_message(message)
        return True

    def _detach(self) -> None:
        if self._link is not None:
            asyncio.get_running_loop().remove_reader(self._link)
            self._link.close()
            self._link = None

    async def _watch_exit(self) -> None:
        assert self._process is not None
        code = await self._process.wait()
        # What it said last is still in the socket: read all of it before anybody acts on its death.
        while self._readable():
            continue
        self._detach()
        self._stopped.set()
        if not self._stopping:
            self._on_exit(code)

    async def stop(self) -> bool:
        """Ask it to end, and end it if it does not; gives whether it said its last word."""
        self._stopping = True
        self._send({"op": "stop"})
        try:
            await asyncio.wait_for(self._stopped.wait(), STOP_PATIENCE_S)
        except TimeoutError:
            self.kill()
        if self._watch is not None:
            await self._watch
        return self._in_order

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None and self._process.returncode is None:
            os.kill(self._process.pid, signal.SIGKILL)
