"""`aivjd bench osc`: does every beat of the demo track reach a desk, once, and at its moment?

A real daemon plays the demo track, whose beats are known exactly, and writes down when it published
each block; the earliest one tells when the track began. A socket on the loopback interface has the
kernel stamp each OSC message as it arrives, so that nothing here makes one late. A websocket client
notes the moment that was announced for each beat, which splits the error in two: hearing, and telling.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import struct
import sys
import tempfile
import threading
import time
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from websockets.asyncio.client import connect

from daemon.bench.running import RunningDaemon
from daemon.demo_score import BPM
from daemon.osc_packet import parse
from daemon.protocol import PROTOCOL
from daemon.sources import USUAL_RATE

BEAT_S = 60 / BPM
P50_MS, P95_MS, P95_CROWD_MS = 3.0, 12.0, 15.0
SO_TIMESTAMPNS = 35


class Arrival(NamedTuple):
    """A beat message: its counter, and when it came (monotonic seconds)."""

    number: int
    at: float


class Receiver(threading.Thread):
    """Keeps what arrives at `/aivj/beat`, stamped by the kernel."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.2)
        self.port = int(self.socket.getsockname()[1])
        self.beats: list[Arrival] = []
        self.packets = 0
        self.enough = threading.Event()

    def run(self) -> None:
        """Until `enough`."""
        while not self.enough.is_set():
            try:
                data, ancillary, _, _ = self.socket.recvmsg(4096, 64)
            except TimeoutError:
                continue
            # What the clocks were apart just now: the kernel stamps with the clock of the day.
            apart = time.time() - time.monotonic()
            seconds, nanoseconds = struct.unpack("@ll", ancillary[0][2][:16])
            self.packets += 1
            for message in parse(data):
                if message.address == "/aivj/beat":
                    self.beats.append(Arrival(int(message.args[0] or 0), seconds + nanoseconds / 1e9 - apart))
        self.socket.close()


def main(args: argparse.Namespace) -> int:
    """Measure, print, judge."""
    receiver = Receiver()
    receiver.start()
    with tempfile.TemporaryDirectory(prefix="aivjd-bench-") as folder:
        log = Path(folder) / "blocks.jsonl"
        config = Path(folder) / "config.toml"
        config.write_text(
            f'[osc]\nin_port = 0\ntargets = ["127.0.0.1:{receiver.port}"]\n'
            f"[server]\nmax_clients = {args.clients + 10}\n"
        )
        arguments = ("--config", str(config), "--input", f"demo:{log}", "--record", folder)
        with RunningDaemon(*arguments) as daemon:
            watch = asyncio.run(_watch(daemon.websocket, args.seconds, args.clients, args.client_hz))
        receiver.enough.set()
        receiver.join()
        beats = [beat for beat in receiver.beats if beat.at >= watch.since]
        result = judge(beats, watch.announced, began(log), watch.clients)
    result |= {"packets": receiver.packets, "clients": watch.clients}
    print(json.dumps(result, indent=1)) if args.json else _print(result)
    return 0 if result["withinTarget"] else 1


def began(log: Path) -> float:
    """Monotonic second at which the track began: no block was published before it had been heard."""
    earliest = float("inf")
    for line in log.read_text(encoding="utf-8").splitlines():
        block = json.loads(line)
        heard_s = (block["frame"] + block["frames"]) / USUAL_RATE
        earliest = min(earliest, block["publishedNs"] / 1e9 - heard_s)
    return earliest


def judge(
    beats: list[Arrival], announced: dict[int, float], start: float, clients: int = 0
) -> dict[str, Any]:
    """How far each message was from the beat that it tells of.

    Args:
        beats: as they came.
        announced: monotonic second of each beat, by its counter, as the websocket told it.
        start: monotonic second at which the track began.
        clients: websocket clients that were connected besides.

    Returns:
        counts of beats that came, did not, or came again since the first that was trusted, gaps of the
        counter, and errors in ms.
    """
    places = [round((beat.at - start) / BEAT_S) for beat in beats]
    total = [(beat.at - start - place * BEAT_S) * 1000 for beat, place in zip(beats, places, strict=True)]
    hearing, telling = [], []
    for beat, place in zip(beats, places, strict=True):
        if beat.number in announced:
            hearing.append((announced[beat.number] - start - place * BEAT_S) * 1000)
            telling.append((beat.at - announced[beat.number]) * 1000)
    expected = set(range(places[0], places[-1] + 1)) if places else set()
    gaps = sum(b.number - a.number != 1 for a, b in pairwise(beats))
    result: dict[str, Any] = {
        "beats": len(beats),
        "firstBeat": places[0] if places else None,
        "missing": len(expected - set(places)),
        "doubled": len(places) - len(set(places)),
        "counterGaps": gaps,
        "message minus beat": _percentiles(total),
        "hearing": _percentiles(hearing),
        "telling": _percentiles(telling),
    }
    error = result["message minus beat"]
    limit = P95_CROWD_MS if clients else P95_MS
    once = not (result["missing"] or result["doubled"] or gaps)
    result["limits"] = {"p50": P50_MS, "p95": limit}
    result["withinTarget"] = bool(beats and once and error["p50"] <= P50_MS and error["p95"] <= limit)
    return result


def _percentiles(errors: list[float]) -> dict[str, float]:
    """Median as it is, and percentiles of the distance from 0."""
    if not errors:
        return dict.fromkeys(("median", "p50", "p95", "max"), float("nan"))
    ordered = sorted(map(abs, errors))
    return {
        "median": round(median(errors), 3),
        "p50": round(ordered[len(ordered) // 2], 3),
        "p95": round(ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))], 3),
        "max": round(ordered[-1], 3),
    }


class Watch(NamedTuple):
    """What the websocket told.

    Attributes:
        announced: monotonic second of each beat, by its counter.
        clients: of the crowd that were connected to the end.
        since: monotonic second from which on all of them were; 0 without a crowd.
    """

    announced: dict[int, float]
    clients: int
    since: float


async def _watch(url: str, seconds: float, clients: int, hz: float) -> Watch:
    """Listen for so long, once a crowd of `clients` has come that wants `hz` snapshots a second each."""
    announced: dict[int, float] = {}
    options: Any = {"subprotocols": [PROTOCOL], "compression": None, "open_timeout": 60, "ping_timeout": None}
    async with connect(url, **options) as ws:
        await ws.send(json.dumps({"type": "hello", "role": "monitor", "name": "bench", "snapshotHz": 0}))
        listening = asyncio.create_task(_listen(ws, announced))
        crowd, since = None, 0.0
        try:
            if clients:
                command = [sys.executable, "-m", "daemon.bench.crowd", url, str(clients), str(hz)]
                crowd = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
                assert crowd.stdout is not None
                arrived = (await crowd.stdout.readline()).decode().strip()
                since = time.monotonic()
                print(f"{arrived} of {clients} clients are in", file=sys.stderr)
            await asyncio.sleep(seconds)
        finally:
            listening.cancel()
            left = 0
            if crowd is not None:
                assert crowd.stdout is not None
                crowd.terminate()
                left = int((await crowd.stdout.readline()).strip() or 0)
                await crowd.wait()
    return Watch(announced, left, since)


async def _listen(ws: Any, announced: dict[int, float]) -> None:
    """Note the moment announced for each beat, by its counter."""
    async for text in ws:
        message = json.loads(text)
        if message["type"] == "beat":
            announced[message["count"]] = message["atMs"] / 1000


def _print(result: dict[str, Any]) -> None:
    print(
        f"{result['beats']} beats from the track's number {result['firstBeat']} on: "
        f"{result['missing']} missing, "
        f"{result['doubled']} doubled, {result['counterGaps']} gaps of the counter; "
        f"{result['packets']} packets, {result['clients']} websocket clients"
    )
    print(f"{'ms':<22}{'median':>9}{'|p50|':>9}{'|p95|':>9}{'|max|':>9}")
    for name in ("message minus beat", "hearing", "telling"):
        row = result[name]
        print(f"{name:<22}{row['median']:9.2f}{row['p50']:9.2f}{row['p95']:9.2f}{row['max']:9.2f}")
    limits = result["limits"]
    verdict = "within" if result["withinTarget"] else "NOT within"
    wanted = f"every beat once, p50 <= {limits['p50']:g}, p95 <= {limits['p95']:g}"
    print(f"{verdict} target: {wanted} (idle machine)")
