"""The engine's own process: ring -> engine -> {main, OSC}.

It has a process to itself so that neither a browser nor a disk can delay a beat. Everything here is
plumbing; each decision is taken in `daemon.engine`. Time is the sample index; the monotonic clock is
used only to label events and to keep the sample clock going when the input stands still.

Started by the supervisor as ``python -m daemon.engine_process FD`` where FD is one end of a
`SOCK_SEQPACKET` pair. The first message hands over the header of the session and the shared rings.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import sys
import threading
from collections import deque
from time import monotonic
from typing import Any

from daemon import kernel_cache

kernel_cache.activate()

import msgspec  # noqa: E402
import numpy as np  # noqa: E402

from daemon import selfcheck  # noqa: E402
from daemon.audio_frame import pack_audio  # noqa: E402
from daemon.channels import map_channels  # noqa: E402
from daemon.clock_input import in_samples  # noqa: E402
from daemon.config import Config  # noqa: E402
from daemon.engine import Engine, Hop, log_records  # noqa: E402
from daemon.engine_link import MAX_MESSAGE, Handover, memory_file, receive  # noqa: E402
from daemon.engine_state import dump  # noqa: E402
from daemon.errors import SessionError  # noqa: E402
from daemon.osc_desks import receivers  # noqa: E402
from daemon.osc_out import OscSender  # noqa: E402
from daemon.realtime import ENGINE, ask_for_priority, quiet_collector  # noqa: E402
from daemon.replay import engine_of_header  # noqa: E402
from daemon.ring import Reader, Ring  # noqa: E402
from daemon.sample_clock import SampleClock  # noqa: E402
from daemon.wire_events import WireEvents  # noqa: E402
from dsp.analyzer import quantise  # noqa: E402
from dsp.snapshot import BeatSource  # noqa: E402
from selector.catalog import Catalog  # noqa: E402

SNAPSHOT_HZ = 60
AUDIO_HZ = 60
WAVEFORM = 1024
MAX_BACKLOG = 20_000
GAP_S = 8  # bridged by silence: well below what the ring of analysed samples takes


class EngineProcess:
    """One session's engine, its inputs and outputs."""

    def __init__(self, link: socket.socket, handover: Handover, fds: list[int]) -> None:
        self.link = link
        self.header = handover.header
        self.engine = self._engine_of(handover)
        config = msgspec.convert(handover.header.config, Config)
        self.channels = handover.channels
        self.stall_s = config.input.stall_ms / 1000
        capture_fd, wake_fd, analysed_fd = fds
        self.capture = Reader(Ring.attach(capture_fd, [wake_fd]))
        self.analysed = Ring.attach(analysed_fd)
        self.overflows = self.capture.ring.overflows
        rate = self.engine.rate
        self.clock = SampleClock(rate)
        self.osc = OscSender(receivers(config.osc), hop_hz=rate / self.engine.hop)
        self.snapshot_every = max(1, round(rate / self.engine.hop / SNAPSHOT_HZ))
        self.count_every = max(1, round(rate / self.engine.hop))
        self.audio_every = max(1, round(rate / self.engine.hop / AUDIO_HZ))
        self.wire = WireEvents(self.clock.seconds)
        self.waveform = np.zeros((WAVEFORM, 2), dtype=np.int32)
        self.backlog: deque[tuple[bytes, int | None]] = deque()
        self.unpacked: deque[Catalog] = deque()
        self.fed = self.engine.position
        self.hops = 0
        self.beat_source: BeatSource = "audio"
        self.stalled = False
        self.stopping = False
        self.last_data = monotonic()

    def _engine_of(self, handover: Handover) -> Engine:
        return engine_of_header(handover.header, "session header")

    # -- the loop

    def run(self) -> None:
        """Until told to stop, or main is gone."""
        poll = select.poll()
        poll.register(self.capture.fd, select.POLLIN)
        poll.register(self.link, select.POLLIN)
        self._send({"ready": True, "pid": os.getpid()})
        while not self.stopping:
            ready = poll.poll(self._patience_ms())
            for fd, _ in ready:
                if fd == self.capture.fd:
                    self.capture.wait(0)
                else:
                    self._from_main()
            self._restock()
            self._from_ring()
            self._bridge_stall()
            self.osc.due(monotonic())
            self._flush()
        self._send({"stopped": True, "position": self.engine.position})

    def _patience_ms(self) -> float:
        wait = self.stall_s / 2 if not self.stalled else self.engine.hop / self.engine.rate
        due = self.osc.next_due()
        if due is not None:
            wait = min(wait, max(0.0, due - monotonic()))
        return min(wait, 0.002 if self.backlog else 1.0) * 1000

    def _from_main(self) -> None:
        try:
            data, attached = receive(self.link)
        except BlockingIOError:
            return
        if not data:
            self.stopping = True  # main is gone; nothing more can reach anybody
            return
        message = msgspec.json.decode(data)
        if message["op"] == "stop":
            self.stopping = True
        elif message["op"] == "state":
            self._tell_state()
        elif message["op"] == "packs":
            threading.Thread(target=self._unpack, args=(attached,), name="packs", daemon=True).start()
        elif message["op"] == "input":
            self._input(message["record"])

    def _input(self, record: dict[str, Any]) -> None:
        """Something from outside reaches the engine now."""
        stamped = in_samples(record, self.clock) if record["type"] == "clock" else record
        if stamped is not None:
            self.engine.accept({**stamped, "sample": self.engine.position})

    def _unpack(self, data: bytes) -> None:
        """A thread: a large catalogue takes longer than a beat is announced ahead."""
        catalog = Catalog.from_json(data)
        catalog.warm()
        self.unpacked.append(catalog)

    def _restock(self) -> None:
        while self.unpacked:
            catalog = self.unpacked.popleft()
            self.engine.catalogue_of = {catalog.sha256: catalog}.__getitem__
            self._input({"type": "packs", "sha256": catalog.sha256})

    def _tell_state(self) -> None:
        """Between two hops; what was said before is on its way before it, what follows after it."""
        try:
            state = dump(self.engine)
        except SessionError as error:
            self._send({"state": None, "why": error.what})
            return
        self._send({"state": self.engine.position}, memory_file("aivjd-state", state))

    def _from_ring(self) -> None:
        reports = self.capture.ring.overflows - self.overflows
        if reports > 0:
            # The device lost input before it came to us; it does not tell how much.
            self.overflows += reports
            self.engine.accept(
                {"type": "overflow", "sample": self.engine.position, "count": 0, "reports": reports}
            )
        while True:
            block, lost = self.capture.read(8192)
            if lost:
                # What was lost is silence to everybody, and the recording says so.
                self.engine.accept({"type": "overflow", "sample": self.engine.position, "count": int(lost)})
                self._skip(int(lost))
            if not len(block):
                return
            now = monotonic()
            if self.stalled:
                self._device("live", "the input delivers")
                self.clock.restart()
            self.last_data = now
            self._feed(quantise(map_channels(block, self.channels)), arrived=now)

    def _skip(self, lost: int) -> None:
        """Silence for what was lost, so that the clock stays right; after a long sleep it begins anew."""
        left = min(lost, GAP_S * self.engine.rate)
        while left:
            piece = min(left, self.engine.rate)
            self._feed(np.zeros((piece, 2), dtype=np.int32))
            left -= piece
        if lost > GAP_S * self.engine.rate:
            self.clock.restart()

    def _bridge_stall(self) -> None:
        now = monotonic()
        if not self.stalled and now - self.last_data > self.stall_s:
            self._device("stalled", f"no block for {self.stall_s * 1000:.0f} ms")
            if not self.clock.running:
                self.clock.arrived(self.fed, now)
        if self.stalled:
            # The clock goes on with zeros, at the pace it had.
            due = int((now - self.clock.seconds(0)) * self.engine.rate) - self.fed
            if due >= self.engine.hop:
                self._feed(np.zeros((min(due, self.engine.rate), 2), dtype=np.int32))

    def _device(self, state: str, detail: str) -> None:
        self.stalled = state != "live"
        self.engine.accept(
            {"type": "device", "sample": self.engine.position, "state": state, "detail": detail}
        )

    def _feed(self, samples: np.ndarray, arrived: float | None = None) -> None:
        self.fed += len(samples)
        if arrived is not None:
            self.clock.arrived(self.fed, arrived)
        self.analysed.write(samples)
        tail = samples[-WAVEFORM:]
        self.waveform = np.concatenate((self.waveform[len(tail) :], tail))
        for hop in self.engine.feed(samples):
            self._publish(hop)

    # -- what goes out

    def _publish(self, hop: Hop) -> None:
        self.hops += 1
        self._osc(hop)
        ordered = self.wire.of_hop(hop, monotonic() * 1000)
        logs = list(log_records(hop))
        if ordered or logs or hop.applied:
            said = {"ordered": ordered, "logs": logs, "applied": hop.applied, "position": hop.position}
            if any(message["type"] in ("pick", "outcome", "state") for message in ordered):
                # In one message with the pick: whoever goes on from here must know all that was logged.
                said["resume"] = msgspec.to_builtins(self.engine.selector.resume_state())
            self._send(said)
        at_ms = self.clock.seconds(hop.position) * 1000
        for record in hop.applied:
            if record.get("verb") == "sensitivity":
                self.osc.state({"sensitivityDb": record.get("arg")})
        if self.hops % self.count_every == 0:
            self._send_latest(
                msgspec.json.encode(
                    {"osc": {"sent": self.osc.sent, "dropped": self.osc.dropped, "errors": self.osc.errors}}
                )
            )
        if self.hops % self.snapshot_every == 0:
            self._send_latest(
                msgspec.json.encode(
                    {
                        "snapshot": {
                            "type": "snapshot",
                            "atMs": round(at_ms, 3),
                            **msgspec.to_builtins(hop.snapshot),
                        }
                    }
                )
            )
        if self.hops % self.audio_every == 0:
            gain = 10 ** (hop.snapshot.gain_db / 20)
            frame = pack_audio(self.waveform, self.engine.analyzer.spectrum, gain, hop.position, at_ms)
            self._send_latest(b"A" + frame)

    def _osc(self, hop: Hop) -> None:
        for event in (*hop.heard, *hop.decided):
            self.osc.event(event, self.clock.seconds)
        self.osc.levels(hop.snapshot)
        if hop.snapshot.beat_source != self.beat_source:
            self.beat_source = hop.snapshot.beat_source
            self.osc.state({"beatSource": self.beat_source})

    def _send(self, message: dict[str, Any], fd: int | None = None) -> None:
        """Send in order, with the descriptor of a file that is then closed here."""
        data = msgspec.json.encode(message)
        if self.backlog or not self._try_send(data, fd):
            if len(self.backlog) >= MAX_BACKLOG:
                self.backlog.popleft()
            self.backlog.append((data, fd))

    def _send_latest(self, data: bytes) -> None:
        if not self.backlog:
            self._try_send(data)

    def _try_send(self, data: bytes, fd: int | None = None) -> bool:
        try:
            socket.send_fds(self.link, [data], [] if fd is None else [fd])
        except BlockingIOError:
            return False
        except (BrokenPipeError, ConnectionResetError):
            self.stopping = True
        if fd is not None:
            os.close(fd)
        return True

    def _flush(self) -> None:
        while self.backlog and self._try_send(*self.backlog[0]):
            self.backlog.popleft()


def _kind(handover: Handover) -> type[EngineProcess]:
    if not handover.played:
        return EngineProcess
    from daemon.playback_process import PlaybackProcess  # imports this module

    return PlaybackProcess


def main() -> None:
    """Entry of the child process."""
    link = socket.socket(fileno=int(sys.argv[1]))
    with contextlib.suppress(OSError):  # main has ended
        link.send(msgspec.json.encode({"faults": selfcheck.faults()}))
    fds: list[int] = []
    while not fds:
        data, fds, _, _ = socket.recv_fds(link, MAX_MESSAGE, 8)
        if not data or (not fds and msgspec.json.decode(data)["op"] == "stop"):
            return  # main ended, or told us to, before there was a session
    header_fd, *rings = fds
    with os.fdopen(header_fd, "rb") as file:
        file.seek(0)
        handover = msgspec.json.decode(file.read(), type=Handover)
    process = _kind(handover)(link, handover, list(rings))
    link.setblocking(False)
    quiet_collector()
    sys.setswitchinterval(0.0005)
    ask_for_priority(ENGINE)
    process.run()


if __name__ == "__main__":
    main()
