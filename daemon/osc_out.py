"""OSC to desks, sent by the engine's process: pre-packed datagrams on non-blocking sockets.

Nothing here waits. A datagram the kernel has no room for is dropped and counted; the next one
brings the value anyway, and every pulse carries a counter.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from daemon.osc_desks import Desk
from daemon.osc_form import Form, grouped
from daemon.osc_table import BY_ADDRESS, OutMessage, echoes
from dsp.events import Beat, Onset, SectionChange, StateChange
from dsp.snapshot import ExpressiveAudioSnapshot
from selector.events import Activate, Cancel, Prepare, StateChanged

HEARTBEAT_S = 1.0
MAX_SCHEDULED = 4096
USUAL_HOP_HZ = 187.5

_BEAT = BY_ADDRESS["/aivj/beat"]
_BAR = BY_ADDRESS["/aivj/bar"]
_BEAT_TRUSTED = BY_ADDRESS["/aivj/beat/trusted"]
_BAR_TRUSTED = BY_ADDRESS["/aivj/bar/trusted"]
_HEARTBEAT = BY_ADDRESS["/aivj/heartbeat"]
_SECTION = BY_ADDRESS["/aivj/section"]
_PICK = BY_ADDRESS["/aivj/pick"]
_PREPARE = BY_ADDRESS["/aivj/pick/prepare"]
_CANCEL = BY_ADDRESS["/aivj/pick/cancel"]
_ONSET = {kind: BY_ADDRESS[f"/aivj/onset/{kind}"] for kind in ("kick", "clap", "hihat", "other")}
_LEVELS: tuple[tuple[OutMessage, Callable[[ExpressiveAudioSnapshot], float]], ...] = (
    (BY_ADDRESS["/aivj/level/rms"], lambda s: s.rms01),
    (BY_ADDRESS["/aivj/level/energy"], lambda s: s.energy01),
    (BY_ADDRESS["/aivj/level/bass"], lambda s: s.bass01),
    (BY_ADDRESS["/aivj/level/mid"], lambda s: s.mid01),
    (BY_ADDRESS["/aivj/level/high"], lambda s: s.high01),
    (BY_ADDRESS["/aivj/level/accent"], lambda s: s.accent01),
    (BY_ADDRESS["/aivj/level/pulse"], lambda s: s.beat_pulse01),
    (BY_ADDRESS["/aivj/beat/phase"], lambda s: s.beat_phase01),
    (BY_ADDRESS["/aivj/bar/phase"], lambda s: s.bar_phase01),
    (_BEAT_TRUSTED, lambda s: s.beat_trusted),
    (_BAR_TRUSTED, lambda s: s.bar_trusted),
    (BY_ADDRESS["/aivj/tempo"], lambda s: s.tempo_bpm),
    (BY_ADDRESS["/aivj/tempo/confidence"], lambda s: s.beat_confidence01),
)


class Due(NamedTuple):
    """A datagram and which target gets it."""

    target: int
    packet: bytes


class Schedule:
    """Datagrams waiting for their moment. Pure; equal moments keep their order."""

    def __init__(self, limit: int = MAX_SCHEDULED) -> None:
        self._heap: list[tuple[float, int, Due]] = []
        self._order = itertools.count()
        self._limit = limit

    def add(self, at_s: float, due: Due) -> bool:
        """Keep `due` until `at_s`; False when too many wait already or the time is no number."""
        if len(self._heap) >= self._limit or not at_s < float("inf"):
            return False
        heapq.heappush(self._heap, (at_s, next(self._order), due))
        return True

    def due(self, now_s: float) -> list[Due]:
        """Take out what is due at `now_s`, in order."""
        packets = []
        while self._heap and self._heap[0][0] <= now_s:
            packets.append(heapq.heappop(self._heap)[2])
        return packets

    def next_due(self) -> float | None:
        """The moment of the first one waiting."""
        return self._heap[0][0] if self._heap else None


class _Target:
    """One desk that listens: its address, its form, what it was told last."""

    def __init__(self, desk: Desk, hop_hz: float) -> None:
        assert desk.target is not None
        settings = desk.settings
        self.family, self.address = desk.target
        self.form = Form.of(settings)
        self.bundled = settings.form
        self.offset_s = settings.offset_ms / 1000
        self.level_every = max(1, round(hop_hz / settings.level_hz)) if settings.level_hz else 0
        self.echoes_state = settings.echo != "control"
        self.echoed: dict[str, object] = {}

    def packets(self, message: OutMessage, values: Sequence[float | str]) -> list[bytes]:
        return grouped(self.form.packets(message, *values), self.bundled)


class OscSender:
    """Sends to every desk that listens.

    Args:
        desks: with a target each.
        hop_hz: how often `levels` is called, in Hz.
        clock: monotonic seconds.

    Attributes:
        sent: datagrams handed to the kernel.
        dropped: datagrams there was no room for.
        errors: datagrams the network refused.
    """

    def __init__(
        self,
        desks: Sequence[Desk],
        *,
        hop_hz: float = USUAL_HOP_HZ,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.sent = self.dropped = self.errors = 0
        self._clock = clock
        self._targets = [_Target(desk, hop_hz) for desk in desks if desk.target is not None]
        families = {target.family for target in self._targets}
        self._sockets = {family: _open(family) for family in families}
        self._schedule = Schedule()
        self._beats = 0
        self._next_heartbeat = clock()
        self._hops = 0
        self._locked = self._beat_trusted = self._bar_trusted = False
        self._prepared: dict[int, tuple[int, str, str, str]] = {}

    def say(self, message: OutMessage, *values: float | str) -> None:
        """Send a message to every target now."""
        for target in self._targets:
            for packet in target.packets(message, values):
                self._send(target, packet)

    def say_at(self, at_s: float, message: OutMessage, *values: float | str) -> None:
        """Send a message at monotonic second `at_s` plus each target's offset, at the next `due` after it."""
        for number, target in enumerate(self._targets):
            for packet in target.packets(message, values):
                if not self._schedule.add(at_s + target.offset_s, Due(number, packet)):
                    self.dropped += 1

    def due(self, now_s: float) -> int:
        """Send what is due, the heartbeat included; gives the number of datagrams."""
        due = self._schedule.due(now_s)
        for number, packet in due:
            self._send(self._targets[number], packet)
        if not self._targets or now_s < self._next_heartbeat:
            return len(due)
        self._beats += 1
        self.say(_HEARTBEAT, self._beats)
        self._next_heartbeat += HEARTBEAT_S
        if self._next_heartbeat <= now_s:  # after a pause: one, not all that were missed
            self._next_heartbeat = now_s + HEARTBEAT_S
        return len(due) + len(self._targets)

    def next_due(self) -> float | None:
        """When `due` should be called next (monotonic seconds); None without targets."""
        if not self._targets:
            return None
        first = self._schedule.next_due()
        return self._next_heartbeat if first is None else min(first, self._next_heartbeat)

    def levels(self, snapshot: ExpressiveAudioSnapshot) -> None:
        """Send levels, tempo and phase to whoever's turn it is; to be called at every hop."""
        self._hops += 1
        turn = [t for t in self._targets if t.level_every and self._hops % t.level_every == 0]
        if not turn:
            return
        values = [(message, read(snapshot)) for message, read in _LEVELS]
        for target in turn:
            packets = [packet for message, value in values for packet in target.form.packets(message, value)]
            for packet in grouped(packets, target.bundled):
                self._send(target, packet)

    def event(self, event: object, seconds: Callable[[int], float]) -> None:
        """Send what an event of the analyser or the selector means to a desk, each at its moment.

        Args:
            event: one of `dsp.events` or `selector.events`; others mean nothing here.
            seconds: maps a sample index to monotonic seconds.
        """
        if not self._targets:
            return
        match event:
            case Beat() if event.trusted or self._locked or event.source == "internal":
                # Once trusted, the count goes on through a breakdown; the flag says that it coasts.
                self._locked = True
                at = seconds(event.sample)
                self.say_at(at, _BEAT, event.count)
                if event.downbeat and self._bar_trusted:
                    self.say_at(at, _BAR, event.bar_count)
            case Onset():
                self.say(_ONSET[event.kind], event.count)
            case SectionChange():
                self.say_at(seconds(event.sample), _SECTION, event.section)
            case StateChange():
                self._locked = self._locked and event.audio_valid
                self._trust(beat=event.beat_trusted, bar=event.bar_trusted)
                self.state({"input": {"state": event.audio_state}})
            case Prepare():
                pick = self._prepared[event.seq] = _describe(event)
                self.say(_PREPARE, *pick, seconds(event.activate_sample) - self._clock())
            case Activate(seq=seq) if seq in self._prepared:
                self.say_at(seconds(event.sample), _PICK, *self._prepared.pop(seq))
            case Cancel():
                self._prepared.pop(event.seq, None)
                self.say(_CANCEL, event.seq, event.reason)
            case StateChanged():
                self.state(msgspec.to_builtins(event.state))

    def _trust(self, *, beat: bool, bar: bool) -> None:
        """Say at once what is no longer, or again, a fact."""
        if beat != self._beat_trusted:
            self.say(_BEAT_TRUSTED, beat)
        if bar != self._bar_trusted:
            self.say(_BAR_TRUSTED, bar)
        self._beat_trusted, self._bar_trusted = beat, bar

    def state(self, state: Mapping[str, object]) -> None:
        """Echo what changed in a `state` message (or a part of one)."""
        values = echoes(state)
        for target in self._targets:
            if not target.echoes_state:
                continue
            changed = [
                (a, v) for a, v in values.items() if target.echoed.get(a) != v or a not in target.echoed
            ]
            target.echoed.update(changed)
            packets = [p for address, v in changed for p in target.form.packets(BY_ADDRESS[address], v)]
            for packet in grouped(packets, target.bundled):
                self._send(target, packet)

    def close(self) -> None:
        """Close the sockets."""
        for socket_ in self._sockets.values():
            socket_.close()

    def _send(self, target: _Target, packet: bytes) -> None:
        try:
            self._sockets[target.family].sendto(packet, target.address)
            self.sent += 1
        except BlockingIOError:
            self.dropped += 1
        except OSError:  # network down, no route: it may come back
            self.errors += 1


def _describe(event: Prepare) -> tuple[int, str, str, str]:
    ident = str(event.pair) if event.pair is not None else (event.preset_ids or ("",))[0]
    return event.seq, f"{event.pack}:{ident}", event.kind, event.pack


def _open(family: socket.AddressFamily) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_DGRAM)
    opened.setblocking(False)
    with contextlib.suppress(OSError):  # only matters to those who aim at a whole network
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    return opened
