"""The show: what the main process knows and does. It decides nothing.

It keeps one session going (source -> engine -> recorder), passes the engine's announcements on to
browsers, and what browsers and desks say back to the engine. Each restart of the engine begins a
new session that continues the last one's history.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import msgspec

from daemon.audience import Audience, Desk
from daemon.clients import ClientInfo
from daemon.config import Config
from daemon.engine_link import Handover
from daemon.fingerprint import tool_version
from daemon.memory import MemoryFile
from daemon.metrics import Metrics
from daemon.orders import Orders
from daemon.packs import Loaded
from daemon.programme import Programme
from daemon.protocol import Ack, CommandMessage, Report
from daemon.recording import Recording
from daemon.rig import Rig
from daemon.ring import Ring
from daemon.session import Header, new_header
from daemon.source_child import SourceChild
from daemon.supervisor import EngineChild
from daemon.variety import Variety
from selector import vocabulary
from selector.catalog import Catalog
from selector.memory import Memory

if TYPE_CHECKING:
    from daemon.playback import Playback  # brings the engine along, which main needs only to play again

log = logging.getLogger("aivjd")

ANALYSED_FRAMES = 1 << 20  # 22 s at 48 kHz: how long one write to the disk may take
RESTART_PAUSE_S = 0.2
RESTART_PAUSE_MAX_S = 5.0
WATCH_S = 0.5
CLIENTS_S = 0.1
KEPT = tuple(field.encode_name for field in msgspec.structs.fields(Memory))
CHECK_S = 3.0  # for the engine's self-check; kernels that must be compiled first take longer


class Show:
    """One running daemon, without its listeners.

    Args:
        config: resolved.
        catalog: what can be picked.
        packs: folder of each pack by name.
        seed: of every draw.
        source: where the sound comes from.
        record_dir: gets each session's folder, or None to record nothing.
        metrics: gauges are registered here.
        playback: a recorded session that is shown again, instead of what is heard now.
    """

    def __init__(
        self,
        config: Config,
        catalog: Catalog,
        packs: Mapping[str, Path],
        seed: int,
        source: SourceChild,
        record_dir: Path | None,
        metrics: Metrics,
        playback: Playback | None = None,
    ) -> None:
        self.config = config
        self.catalog = catalog
        self.packs = packs
        self.seed = seed
        self.source = source
        self.recording = Recording(
            config.record, record_dir, ask=lambda: self._engine.ask_state(), warn=self.warn
        )
        self._osc_counts: dict[str, int] = {}
        gauge = metrics.gauge("aivjd_osc_out", "OSC datagrams of this session's engine.", ["fate"])
        for fate in ("sent", "dropped", "errors"):
            gauge.follow(lambda fate=fate: self._osc_counts.get(fate, 0), fate=fate)
        self.variety = Variety(metrics)
        self.audience: Audience | None = None
        self.rig: Rig | None = None
        self._counting: asyncio.TimerHandle | None = None
        self.session = ""
        self.position = 0
        self._engine = self._new_engine()
        self.programme = Programme(config, packs)
        self.orders = Orders(
            lambda record: self._engine.input(record),
            self.announce_state,
            lambda: self.recording.save(Path(config.record.dir)),
            replaying=playback is not None,
        )
        self._header: Header | None = None
        self._resume: dict[str, Any] | None = None
        self._memory: MemoryFile | None = None
        if config.memory.file and playback is None:
            # Beside the folder of the sessions, for it is what they have in common.
            self._memory = MemoryFile(Path(config.record.dir).parent / config.memory.file, self._warn_later)
        self._kept: dict[str, Any] = {}
        self._said_no_input = False
        self._warnings: list[str] = []
        self._restarts = 0
        self.ready = asyncio.Event()  # the engine listens
        self._playback = playback
        self._faults: list[str] = []
        self._checked = asyncio.Event()
        self._last_snapshot_at = 0.0
        self._ended = False
        self._restart_task: asyncio.Task[None] | None = None
        self._watch_task: asyncio.Task[None] | None = None
        source.on_change = self._source_changed
        source.on_ring = self._ring_changed

    # -- life

    async def start(self) -> None:
        """Open the source, start the engine, begin recording."""
        self._loop = asyncio.get_running_loop()
        await self._engine.start()
        await self.source.start(hold=self._playback is not None)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._checked.wait(), CHECK_S)
        self._begin("")
        self._watch_task = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        """Replace children that hang; those that end are noticed anyway."""
        while True:
            slept = monotonic()
            await asyncio.sleep(WATCH_S)
            if monotonic() - slept > 2 * WATCH_S:
                continue  # we were held up ourselves; what the children said meanwhile is still to be read
            # While a recording waits for its beginning there is nothing to be said.
            if self._engine.hangs and self._playback is None:
                log.error("the engine says nothing any more; ending it")
                self._engine.kill()
            self.source.end_if_it_hangs()
            self.recording.tick()

    async def stop(self) -> None:
        """End everything in order: the engine says its last word, then the recording is closed."""
        self._ended = True
        for task in (self._watch_task, self._restart_task):
            if task is not None:
                task.cancel()
        await self.source.stop()
        self.recording.end(clean=await self._engine.stop())
        await self.recording.close()
        if self._memory is not None:
            self._memory.close()

    def _new_engine(self) -> EngineChild:
        return EngineChild(self._on_message, self._on_audio, self._on_engine_exit)

    def _begin(self, cause: str) -> None:
        """Begin a session; `cause` says why another ended, and is the first input of this one."""
        before = self.session
        rate = self.source.ring.rate
        self._header = self._playback.header if self._playback is not None else self._new_header(rate)
        self.session = self._header.session
        analysed = Ring.create("analysed", 2, ANALYSED_FRAMES, rate, "int32", readers=0)
        self.recording.begin(self._header, analysed)
        played = str(self._playback.folder) if self._playback is not None else ""
        handover = Handover(self._header, self.source.pair, played)
        self._engine.begin(handover, [*self.source.ring.fds, *analysed.fds])
        if cause:
            self._engine.input({"type": "restart", "cause": cause, "continues": before})
        self._said_no_input = False
        self._tell_device()
        self.announce_state()

    def _new_header(self, rate: int) -> Header:
        now = datetime.now(UTC)
        return new_header(
            self.config,
            self.catalog,
            # Down to 15 microseconds, so that sessions of the same second sort, too.
            session=f"{now:%Y%m%d-%H%M%S}-{now.microsecond * 65536 // 1_000_000:04x}",
            seed=self.seed,
            rate=rate,
            source=self.source.describe(),
            started_at=now.isoformat(timespec="milliseconds"),
            resume=self._resume,
            memory=self._remembered(rate),
            inexact="; ".join(self._faults),
        )

    # -- from the engine

    def _on_message(self, message: dict[str, Any]) -> None:
        if "ready" in message:
            self.ready.set()
            return
        if "faults" in message:
            self._self_checked(message["faults"])
            return
        if "snapshot" in message:
            self._last_snapshot_at = monotonic()
            self._restarts = 0
            if self.programme.heard(message["snapshot"]):
                self.announce_state()
            if self.audience is not None:
                self.audience.publish_snapshot(message["snapshot"])
            if self.rig is not None:
                self.rig.snapshot(message["snapshot"])
            return
        if "osc" in message:
            self._osc_counts = message["osc"]
            return
        if "position" in message:
            self.position = message["position"]
        self.recording.heard(message)
        if self._playback is not None:
            self._playback.heard(message)
        for record in message.get("applied", ()):
            if self.programme.applied(record):
                self.announce_state()
        for wire in message.get("ordered", ()):
            self._announce(wire)
        if "resume" in message:
            self._resume = message["resume"]
            self._remember(message["resume"])

    def _remembered(self, rate: int) -> dict[str, Any] | None:
        """What earlier sessions left, where this one does not go on from another."""
        if self._resume is not None or self._memory is None:
            return None
        memory: dict[str, Any] = msgspec.to_builtins(self._memory.load(rate))
        return memory if any(memory.values()) else None

    def _remember(self, resume: Mapping[str, Any]) -> None:
        kept = {name: resume.get(name) for name in KEPT}
        if self._memory is not None and self._header is not None and kept != self._kept:
            self._kept = kept
            memory = msgspec.convert(kept, Memory).counted_from(self.position)
            self._memory.note(memory, self._header.rate)

    def _warn_later(self, sentence: str) -> None:
        """From any thread."""
        with contextlib.suppress(RuntimeError):  # the show is over
            self._loop.call_soon_threadsafe(self.warn, sentence)

    def _self_checked(self, faults: list[str]) -> None:
        """The show goes on with a machine that computes otherwise; its recording says so."""
        self._checked.set()
        if faults == self._faults:
            return
        self._faults = faults
        for fault in faults:
            self.warn(f"{fault}; what is recorded will not replay exactly elsewhere")
        if faults and self._header is not None:
            self._header.replay_exact, self._header.inexact = False, "; ".join(faults)

    def _on_audio(self, frame: bytes) -> None:
        if self.audience is not None:
            self.audience.publish_audio(frame)

    def _announce(self, wire: dict[str, Any]) -> None:
        self.programme.announced(wire)
        if self.rig is not None:
            self.rig.announced(wire)
        now = self.programme.current
        if wire["type"] == "activate" and now is not None and now["seq"] == wire["seq"] and self._header:
            self.variety.shown(now, self.catalog, wire["sample"] / self._header.rate)
        if wire["type"] == "state":
            self.announce_state()
        elif self.audience is not None:
            self.audience.publish(wire)

    def _on_engine_exit(self, code: int) -> None:
        if self._ended:
            return
        if self._playback is not None:
            self._playback.broke(f"the engine ended with code {code}")
            return
        log.error("the engine ended with code %s; starting another that continues", code)
        self.warn(f"the engine ended unexpectedly (code {code}) and was restarted")
        self.recording.end(clean=False)
        cause = f"the engine ended with code {code}"
        self._restart_task = asyncio.get_running_loop().create_task(self._restart(cause))

    async def _restart(self, cause: str) -> None:
        pause = min(RESTART_PAUSE_S * 2**self._restarts, RESTART_PAUSE_MAX_S)
        self._restarts += 1
        await asyncio.sleep(pause)
        self.programme.restarted()
        self._engine = self._new_engine()
        await self._engine.start()
        self._begin(cause)

    # -- from the source

    def _source_changed(self) -> None:
        if self._header is not None:
            self._tell_device()
        self.announce_state()

    def _tell_device(self) -> None:
        """Tell the engine once that there is no input; that there is one, it hears."""
        lacks = self.source.state == "noInput"
        if lacks and not self._said_no_input:
            self._engine.input({"type": "device", "state": "noInput", "detail": self.source.message})
        self._said_no_input = lacks

    def _ring_changed(self) -> None:
        """The device came with another rate or channel count: a new session must begin."""
        if self._ended or self._header is None:
            return
        log.info("the input is now %s; a new session begins", self.source.describe())
        self._restart_task = asyncio.get_running_loop().create_task(self._change_session())

    async def _change_session(self) -> None:
        self.recording.end(clean=await self._engine.stop())
        await self._restart("the input has another rate or number of channels")

    # -- what is known

    def restock(self, loaded: Loaded) -> bool:
        """Choose from packs as they are now; False where the engine cannot be told just now."""
        if loaded.catalog.sha256 != self.catalog.sha256:
            data = loaded.catalog.to_json()
            self.recording.restock(data)
            if not self._engine.restock(data):
                return False
        self.catalog, self.packs = loaded.catalog, loaded.folders
        return True

    def state(self) -> dict[str, Any]:
        """The `state` message."""
        return {
            **self.programme.state,
            "type": "state",
            "sensitivityDb": self.programme.sensitivity_db,
            "beatSource": self.programme.beat_source,
            "version": tool_version(),
            "session": self.session,
            "sample": self.position,
            "atMs": round(monotonic() * 1000, 3),
            "input": {**self.source.describe(), "state": self.programme.audio_state},
            "recording": self.recording.describe(),
            "clients": self.audience.client_counts() if self.audience else {},
            "osc": self.orders.desk.describe() if self.orders.desk else None,
            "rig": self.rig.describe() if self.rig else {},
            "variety": self.variety.state(),
            "warnings": [*self.programme.state.get("warnings", ()), *self._warnings[-8:]],
        }

    def announce_state(self) -> None:
        """Tell every client the state as it is now."""
        if self.audience is not None:
            self.audience.publish(self.state())
        if self.orders.desk is not None:
            self.orders.desk.changed()

    def clients_changed(self) -> None:
        """Tell it soon: a thousand that come at once are one change, not a thousand times a thousand."""
        if self._counting is None:
            self._counting = asyncio.get_running_loop().call_later(CLIENTS_S, self._count_clients)

    def _count_clients(self) -> None:
        self._counting = None
        self.announce_state()

    def attend(self, desk: Desk) -> None:
        """Desks are told of changes from here on."""
        self.orders.desk = desk
        desk.watch(self.announce_state)

    def picks(self) -> list[dict[str, Any]]:
        """The last pick records, newest last."""
        return list(self.programme.picks)

    def current(self) -> dict[str, Any] | None:
        """What is on screen, in the shape of `prepare`."""
        return self.programme.current

    def upcoming(self) -> dict[str, Any] | None:
        """What is prepared next, in the shape of `prepare`."""
        return self.programme.upcoming

    def health(self) -> tuple[bool, dict[str, Any]]:
        """Whether snapshots flow, with what is needed to see why not."""
        age = monotonic() - self._last_snapshot_at if self._last_snapshot_at else None
        good = age is not None and age < 1.0
        return good, {
            "ok": good,
            "reason": "" if good else "no snapshot from the engine for a second",
            "snapshotAgeSec": None if age is None else round(age, 3),
            "input": {**self.source.describe(), "state": self.programme.audio_state},
            "engine": self._engine.pid,
            "source": self.source.pid,
        }

    def hello_extra(self) -> dict[str, Any]:
        """What `hello` says besides state and picks."""
        header = self._header
        return {
            "version": tool_version(),
            "session": self.session,
            "rate": header.rate if header else 0,
            "hop": header.hop if header else 0,
            "outcomes": list(self.programme.outcomes),
            "vocabulary": msgspec.to_builtins(vocabulary.VERBS),
        }

    def pack_dirs(self) -> Mapping[str, Path]:
        """Folder of each pack."""
        return self.packs

    def submit(self, message: Ack | Report | CommandMessage, client: ClientInfo) -> None:
        """Take a browser's message; see `Orders`."""
        self.orders.submit(message, client)

    def warn(self, sentence: str) -> None:
        """Say something that the operator should know, now and on the control page."""
        log.warning("%s", sentence)
        self._warnings.append(sentence)
        self.announce_state()
