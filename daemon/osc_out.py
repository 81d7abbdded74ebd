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
from collections.abc import Callable, Sequence

import msgspec

from daemon.errors import ConfigError
from daemon.osc_table import BY_ADDRESS, state_packets
from dsp.events import Beat, Onset, SectionChange, StateChange
from dsp.snapshot import ExpressiveAudioSnapshot
from selector.events import Activate, Cancel, Prepare, StateChanged

HEARTBEAT_S = 1.0
MAX_SCHEDULED = 4096

_BEAT = BY_ADDRESS["/aivj/beat"]
_BAR = BY_ADDRESS["/aivj/bar"]
_HEARTBEAT = BY_ADDRESS["/aivj/heartbeat"]
_SECTION = BY_ADDRESS["/aivj/section"]
_PICK = BY_ADDRESS["/aivj/pick"]
_PREPARE = BY_ADDRESS["/aivj/pick/prepare"]
_CANCEL = BY_ADDRESS["/aivj/pick/cancel"]
_ONSET = {kind: BY_ADDRESS[f"/aivj/onset/{kind}"] for kind in ("kick", "clap", "hihat", "other")}
_LEVELS: tuple[tuple[str, Callable[[ExpressiveAudioSnapshot], float]], ...] = (
    ("/aivj/level/rms", lambda s: s.rms01),
    ("/aivj/level/energy", lambda s: s.energy01),
    ("/aivj/level/bass", lambda s: s.bass01),
    ("/aivj/level/mid", lambda s: s.mid01),
    ("/aivj/level/high", lambda s: s.high01),
    ("/aivj/level/accent", lambda s: s.accent01),
    ("/aivj/beat/phase", lambda s: s.beat_phase01),
    ("/aivj/beat/trusted", lambda s: s.beat_trusted),
    ("/aivj/bar/trusted", lambda s: s.bar_trusted),
    ("/aivj/tempo", lambda s: s.tempo_bpm),
    ("/aivj/tempo/confidence", lambda s: s.beat_confidence01),
)


class Schedule:
    """Datagrams waiting for their moment. Pure; equal moments keep their order."""

    def __init__(self, limit: int = MAX_SCHEDULED) -> None:
        self._heap: list[tuple[float, int, bytes]] = []
        self._order = itertools.count()
        self._limit = limit

    def add(self, at_s: float, packet: bytes) -> bool:
        """Keep `packet` until `at_s`; False when too many wait already or the time is no number."""
        if len(self._heap) >= self._limit or not at_s < float("inf"):
            return False
        heapq.heappush(self._heap, (at_s, next(self._order), packet))
        return True

    def due(self, now_s: float) -> list[bytes]:
        """Take out what is due at `now_s`, in order."""
        packets = []
        while self._heap and self._heap[0][0] <= now_s:
            packets.append(heapq.heappop(self._heap)[2])
        return packets

    def next_due(self) -> float | None:
        """The moment of the first one waiting."""
        return self._heap[0][0] if self._heap else None


class OscSender:
    """Sends to every target.

    Args:
        targets: `host:port` or `[v6]:port` each. Names are looked up once, here.
        clock: monotonic seconds.

    Attributes:
        sent: datagrams handed to the kernel.
        dropped: datagrams there was no room for.
        errors: datagrams the network refused.

    Raises:
        ConfigError: a target cannot be used.
    """

    def __init__(self, targets: Sequence[str], *, clock: Callable[[], float] = time.monotonic) -> None:
        self.sent = self.dropped = self.errors = 0
        self._clock = clock
        self._addresses = [resolve_target(text) for text in targets]
        self._sockets = {family: _open(family) for family in {family for family, _ in self._addresses}}
        self._schedule = Schedule()
        self._beats = 0
        self._next_heartbeat = clock()
        self._bar_trusted = False
        self._echoed: dict[str, bytes] = {}
        self._prepared: dict[int, tuple[int, str, str, str]] = {}

    def send(self, packet: bytes) -> None:
        """Send one datagram to every target now."""
        for family, address in self._addresses:
            try:
                self._sockets[family].sendto(packet, address)
                self.sent += 1
            except BlockingIOError:
                self.dropped += 1
            except OSError:  # network down, no route: it may come back
                self.errors += 1

    def schedule(self, at_s: float, packet: bytes) -> None:
        """Send one datagram at monotonic second `at_s`, when `due` is next called after it."""
        if self._addresses and not self._schedule.add(at_s, packet):
            self.dropped += 1

    def due(self, now_s: float) -> int:
        """Send what is due, the heartbeat included; gives the number of datagrams per target."""
        packets = self._schedule.due(now_s)
        if self._addresses and now_s >= self._next_heartbeat:
            self._beats += 1
            packets.append(_HEARTBEAT.pack(self._beats))
            self._next_heartbeat += HEARTBEAT_S
            if self._next_heartbeat <= now_s:  # after a pause: one, not all that were missed
                self._next_heartbeat = now_s + HEARTBEAT_S
        for packet in packets:
            self.send(packet)
        return len(packets)

    def next_due(self) -> float | None:
        """When `due` should be called next (monotonic seconds); None without targets."""
        if not self._addresses:
            return None
        first = self._schedule.next_due()
        return self._next_heartbeat if first is None else min(first, self._next_heartbeat)

    def levels(self, snapshot: ExpressiveAudioSnapshot) -> None:
        """Send levels, tempo and phase now; the caller keeps the rate."""
        if self._addresses:
            for address, read in _LEVELS:
                self.send(BY_ADDRESS[address].pack(read(snapshot)))

    def event(self, event: object, seconds: Callable[[int], float]) -> None:
        """Send what an event of the analyser or the selector means to a desk, each at its moment.

        Args:
            event: one of `dsp.events` or `selector.events`; others mean nothing here.
            seconds: maps a sample index to monotonic seconds.
        """
        if not self._addresses:
            return
        match event:
            case Beat(trusted=True):
                at = seconds(event.sample)
                self.schedule(at, _BEAT.pack(event.count))
                if event.downbeat and self._bar_trusted:
                    self.schedule(at, _BAR.pack(event.bar_count))
            case Onset():
                self.send(_ONSET[event.kind].pack(event.count))
            case SectionChange():
                self.schedule(seconds(event.sample), _SECTION.pack(event.section))
            case StateChange():
                self._bar_trusted = event.bar_trusted
                self.state({"input": {"state": event.audio_state}})
            case Prepare():
                pick = self._prepared[event.seq] = _describe(event)
                self.send(_PREPARE.pack(*pick, seconds(event.activate_sample) - self._clock()))
            case Activate(seq=seq) if seq in self._prepared:
                self.schedule(seconds(event.sample), _PICK.pack(*self._prepared.pop(seq)))
            case Cancel():
                self._prepared.pop(event.seq, None)
                self.send(_CANCEL.pack(event.seq, event.reason))
            case StateChanged():
                self.state(msgspec.to_builtins(event.state))

    def state(self, state: dict[str, object]) -> None:
        """Echo what changed in a `state` message (or a part of one)."""
        for address, packet in state_packets(state).items():
            if self._echoed.get(address) != packet:
                self._echoed[address] = packet
                self.send(packet)

    def close(self) -> None:
        """Close the sockets."""
        for socket_ in self._sockets.values():
            socket_.close()


def _describe(event: Prepare) -> tuple[int, str, str, str]:
    ident = str(event.pair) if event.pair is not None else (event.preset_ids or ("",))[0]
    return event.seq, f"{event.pack}:{ident}", event.kind, event.pack


def _open(family: socket.AddressFamily) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_DGRAM)
    opened.setblocking(False)
    with contextlib.suppress(OSError):  # only matters to those who aim at a whole network
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    return opened


def resolve_target(text: str) -> tuple[socket.AddressFamily, tuple[str, int]]:
    """Family and socket address of a `host:port`; may wait for a name server.

    Raises:
        ConfigError: it has another form, or the name is unknown.
    """
    host, separator, port = text.strip().rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    host = host[1:-1] if bracketed else host
    if (
        not separator
        or not host
        or (":" in host and not bracketed)
        or not (port.isascii() and port.isdigit() and 1 <= int(port[:6]) <= 65535)
    ):
        raise ConfigError(
            f"{text!r} is no OSC target", where="osc.targets", fix="write 'host:port', like '10.0.0.5:8000'"
        )
    try:
        family, _, _, _, address = socket.getaddrinfo(host, int(port), type=socket.SOCK_DGRAM)[0]
    except (OSError, UnicodeError) as error:
        raise ConfigError(
            f"the host of the OSC target {text!r} is unknown",
            where="osc.targets",
            fix="check the name or use its address",
        ) from error
    return family, (str(address[0]), int(address[1]))
