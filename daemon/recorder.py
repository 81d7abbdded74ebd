"""Writes the session while the show runs, in a thread of the main process.

Samples come from the shared ring that the engine fills with exactly what it analysed; log records
come through a queue. A full or broken disk ends the recording with a reason, never the show.
"""

from __future__ import annotations

import os
import queue
import threading
from pathlib import Path
from time import monotonic
from typing import Any, Literal

import soundfile

from daemon.errors import SessionError
from daemon.ring import Reader, Ring
from daemon.session import Header, SessionWriter

SYNC_S = 1.0
CHUNK = 16384

Log = Literal["inputs", "picks", "events"]


class Recorder:
    """Records one session.

    Args:
        folder: of the session; created.
        header: of the session.
        ring: analysed samples, int32 stereo.
    """

    def __init__(self, folder: Path, header: Header, ring: Ring) -> None:
        self.folder = folder
        self.message = ""
        self._writer: SessionWriter | None = SessionWriter(folder, header)
        self._reader = Reader(ring)
        self._records: queue.SimpleQueue[tuple[Log, dict[str, Any]]] = queue.SimpleQueue()
        self._end: int | None = None
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)

    @property
    def on(self) -> bool:
        """Whether the session is still being written."""
        return self._writer is not None

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def put(self, log: Log, record: dict[str, Any]) -> None:
        """Append a record; never blocks."""
        self._records.put((log, record))

    def stop(self, position: int | None) -> None:
        """Write what is still on its way, close cleanly, and wait for it.

        Args:
            position: samples consumed by the engine, if it said so before it ended; the recording
                gets its clean end only then, since otherwise nobody knows what is missing.
        """
        self._end = -1 if position is None else position
        os.eventfd_write(self._reader.fd, 1)
        self._thread.join(timeout=30)

    def _run(self) -> None:
        synced = monotonic()
        try:
            while self._writer is not None:
                self._reader.wait(0.2)
                ending = self._end
                self._drain(self._writer)
                if monotonic() - synced >= SYNC_S:
                    self._writer.sync()
                    synced = monotonic()
                if ending is not None:
                    self._writer.close() if ending >= 0 else self._writer.abandon()
                    return
        except (OSError, soundfile.LibsndfileError, SessionError) as error:
            self.message = f"recording stopped: {error}"
            self._writer = None

    def _drain(self, writer: SessionWriter) -> None:
        # Records first: those taken now were made from samples that are in the ring already.
        records = [self._records.get_nowait() for _ in range(self._records.qsize())]
        while True:
            block, lost = self._reader.read(CHUNK)
            if lost:
                raise SessionError(
                    f"the disk is too slow, {lost} samples could not be written", where=str(self.folder)
                )
            if not len(block):
                break
            writer.audio(block)
        for log, record in records:
            if log == "inputs":
                writer.input(record)
            elif log == "picks":
                writer.pick(record)
            else:
                writer.event(record)
        writer.flush()
