"""What of the show is kept: on disk by the recorder, in memory by the flight recorder. Main's side of both.

Both begin folders and chunks with the engine's state, so this asks the engine for it: regularly, when a
folder is full, when recording can begin again, and when the last minutes are to be saved.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

from daemon.errors import ProtocolError, SessionError
from daemon.flight import Flight, Save
from daemon.recorder import Recorder
from daemon.ring import Ring
from daemon.session import Header
from daemon.settings import RecordSettings
from daemon.tape import Said, StateAt, Stock

CLOSE_S = 30.0  # for a slow disk at the end
PATIENCE_S = 5.0  # with an engine that was asked for its state


class Recording:
    """Keeps one engine after the other.

    Args:
        settings: how.
        root: gets each session's folder, or None to record nothing.
        ask: asks the engine for its state.
        warn: tells the operator a sentence.
    """

    def __init__(
        self,
        settings: RecordSettings,
        root: Path | None,
        *,
        ask: Callable[[], None],
        warn: Callable[[str], None],
    ) -> None:
        self.recorder: Recorder | None = None
        self._settings = settings
        self._root = root
        self._ask = ask
        self._warn = warn
        self._told = ""
        self._header: Header | None = None
        self._ring: Ring | None = None
        self._flight: Flight | None = None
        self._before: list[tuple[float, Flight]] = []  # of engines that ended at these monotonic seconds
        self._over: list[tuple[Ring, list[Recorder | Flight]]] = []
        self._no_states = ""
        self._asked_at: float | None = None
        self._cut = False
        self._state_at = 0
        self._save_to: Path | None = None
        self._saving = 0
        self._saved = ""
        self._stock: dict[str, bytes] = {}

    # -- life

    def begin(self, header: Header, ring: Ring) -> None:
        """A fresh engine begins, whose analysed samples go into `ring`."""
        self._header, self._ring = header, ring
        self._stock.clear()
        self._asked_at, self._state_at, self._no_states = None, 0, ""
        if self._root is not None:
            self.recorder = Recorder(self._root, header, ring, self._settings)
            self.recorder.start()
        if self._settings.flight_min:
            self._flight = Flight(header, ring, self._settings.flight_min)

    def end(self, *, clean: bool) -> None:
        """The engine has ended; returns at once.

        Args:
            clean: whether it said its last word.
        """
        if self._ring is None:
            return
        listeners = [listener for listener in (self.recorder, self._flight) if listener is not None]
        for listener in listeners:
            listener.end(clean=clean)
        self._over.append((self._ring, listeners))
        self._ring = None
        if self._flight is not None:
            # What led to an engine's end is wanted, too.
            self._before.append((monotonic(), self._flight))
            self._flight = None
            self._write_flights()

    async def close(self) -> None:
        """Wait until everything is on the disk."""
        patience = monotonic() + CLOSE_S
        while (self._saving or not self._let_rings_go()) and monotonic() < patience:
            await asyncio.sleep(0.02)
        for _, flight in self._before:
            flight.stop()

    def _let_rings_go(self) -> bool:
        """Give back the memory of rings that everybody has read to their end; True when none is left."""
        for ring, listeners in [*self._over]:
            if all(listener.done for listener in listeners):
                ring.close()
                self._over.remove((ring, listeners))
        return not self._over

    # -- while it runs

    def heard(self, message: dict[str, Any]) -> None:
        """Take what the engine said: ``logs``, ``applied`` and ``position``, or ``state``."""
        if "state" in message:
            self._state(message)
            return
        for record in message.get("applied", ()):
            if record["type"] == "packs" and (data := self._stock.pop(record["sha256"], None)) is not None:
                self._put(Stock(data))
        records = [*message.get("logs", ()), *(("inputs", record) for record in message.get("applied", ()))]
        if records:
            self._put(Said(message["position"], records))

    def restock(self, data: bytes) -> None:
        """The engine is about to get this catalogue (`Catalog.to_json`) and will say when it has."""
        self._stock[hashlib.sha256(data).hexdigest()] = data

    def _put(self, item: Said | StateAt | Stock) -> None:
        for listener in (self.recorder, self._flight):
            if listener is not None:
                listener.put(item)

    def _state(self, message: dict[str, Any]) -> None:
        self._asked_at = None
        if message["state"] is None:
            self._no_states = message["why"]
            if self.recorder is not None:
                self.recorder.go_without_states(self._no_states)
            if self._flight is not None:
                self._flight.stop()
                self._flight = None
            if self._save_to is not None:
                self._save_to = None
                self._warn(f"the last minutes cannot be saved: {self._no_states}")
            return
        self._state_at = message["state"]
        self._put(StateAt(message["state"], message["data"], self._cut))
        self._write_flights()

    def tick(self) -> None:
        """Twice a second: ask for a state that is due, and tell what has changed."""
        self._tell()
        self._let_rings_go()
        if self._before and monotonic() - self._before[0][0] > 60 * self._settings.flight_min:
            self._before.pop(0)[1].stop()
        if self._ring is None or self._header is None or self._no_states:
            return
        if self.recorder is None and self._flight is None:
            return
        here = self._ring.written
        want = self.recorder.wants(here) if self.recorder is not None else ""
        if want or here - self._state_at >= self._settings.state_s * self._header.rate:
            self._ask_state(cut=want == "cut")

    def _ask_state(self, *, cut: bool = False) -> None:
        now = monotonic()
        if self._asked_at is not None and now - self._asked_at < PATIENCE_S:
            return
        self._asked_at, self._cut = now, cut
        if cut and self.recorder is not None:
            self.recorder.hold()
        self._ask()

    def _tell(self) -> None:
        """Say it once when recording stops or begins again."""
        recorder = self.recorder
        if recorder is None or recorder.message == self._told:
            return
        again = self._told and not recorder.message
        self._told = recorder.message
        self._warn(f"recording again, in {recorder.folder}" if again else recorder.message)

    # -- the last minutes

    def save(self, root: Path) -> None:
        """Write the last minutes as a session; what came of it is said as a warning.

        Raises:
            ProtocolError: there is nothing to be written.
        """
        if not self._settings.flight_min:
            raise ProtocolError(
                "the flight recorder is off", where="record.flight_min", fix="give it some minutes"
            )
        if self._no_states:
            raise ProtocolError(f"the last minutes cannot be saved: {self._no_states}")
        if self._flight is None and not self._before:
            raise ProtocolError("nothing has been kept yet", fix="try again in a moment")
        if self._save_to is not None or self._saving:
            raise ProtocolError("the last minutes are being saved already", fix="wait a moment")
        self._save_to = root
        if self._flight is None:  # the engine is just being replaced
            self._write_flights()
        else:
            self._ask_state()

    def _write_flights(self) -> None:
        """Now that a state ends what is kept, or its engine has ended."""
        root, self._save_to = self._save_to, None
        if root is None:
            return
        now, loop = datetime.now(UTC), asyncio.get_running_loop()
        flights = [flight for _, flight in self._before] + ([self._flight] if self._flight else [])
        for flight in flights:
            self._saving += 1
            folder = _free(root / f"{flight.session}-flight-{now:%H%M%S}")
            flight.put(Save(folder, lambda *what: loop.call_soon_threadsafe(self._written, *what)))

    def _written(self, folder: Path, outcome: float | SessionError) -> None:
        self._saving -= 1
        if isinstance(outcome, SessionError):
            self._warn(f"the last minutes could not be saved: {outcome.what}")
            return
        self._saved = str(folder)
        self._warn(f"saved the last {outcome / 60:.1f} minutes in {folder}")

    # -- what is known

    def describe(self) -> dict[str, Any]:
        """The `recording` part of the state message."""
        recorder = self.recorder
        return {
            "on": recorder is not None and recorder.on,
            "dir": str(recorder.folder) if recorder else "",
            "message": recorder.message if recorder else "",
            "flightSec": round(self._flight.seconds, 1) if self._flight else 0,
            "saved": self._saved,
        }


def _free(folder: Path) -> Path:
    """The folder, or one like it that is not there yet."""
    number, wanted = 1, folder
    while folder.exists():
        number += 1
        folder = wanted.with_name(f"{wanted.name}-{number}")
    return folder
