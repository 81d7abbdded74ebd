"""Kills a running daemon, whole or in part, at random instants, and measures what that costs the recording.

::

    python tests/real/killing.py 200 [SEED]     # about 15 minutes
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from daemon.bench.running import RunningDaemon
from daemon.protocol import PROTOCOL
from daemon.session import SessionReader
from daemon.verify import verify

PACK = Path(__file__).parents[2] / "build" / "packs" / "demo"
CONFIG = """
[osc]
in_port = 0
[selector.director]
min_dwell_sec = 2.0
max_dwell_sec = 4.0
[record]
rotate_min = 0.1
state_s = 2.0
keep_free_gb = 0.0
flight_min = 0.1
"""
TARGETS = ("engine", "main", "all")
PATIENCE_S = 60.0
RATE = 48000  # of the demo track


@dataclass
class Toll:
    """What the kills of one daemon cost.

    Attributes:
        lost_s: (target, seconds of analysed audio that are not proved) of each kill.
        restart_s: from the end of an engine to the first sound that its successor heard.
        folders: that verify.
        faults: sentences; there should be none.
    """

    lost_s: list[tuple[str, float]] = field(default_factory=list)
    restart_s: list[float] = field(default_factory=list)
    folders: int = 0
    faults: list[str] = field(default_factory=list)


class Witness:
    """A client that remembers how far each session was heard.

    Attributes:
        session: the last one that was told of.
        heard: samples of each session.
        times: monotonic seconds of the first and last snapshot of each session.
    """

    def __init__(self, url: str) -> None:
        self.session = ""
        self.heard: dict[str, int] = {}
        self.times: dict[str, list[float]] = {}
        self._url = url
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        with (
            contextlib.suppress(ConnectionClosed, OSError),
            connect(self._url, subprotocols=[PROTOCOL], compression=None) as ws,
        ):
            ws.send(json.dumps({"type": "hello", "role": "control", "snapshotHz": 60}))
            for raw in ws:
                message = json.loads(raw)
                if message["type"] in ("hello", "state"):
                    session = self.session = message["session"]
                elif message["type"] == "snapshot":
                    # An engine's last words may come after the state that names its successor.
                    if message["tSamples"] < self.heard.get(session, 0):
                        continue
                    self.heard[session] = message["tSamples"]
                    now = time.monotonic()
                    self.times[session] = [self.times.get(session, [now])[0], now]

    def wait(self) -> None:
        """Until something is heard: on a busy machine that takes a while."""
        end = time.monotonic() + PATIENCE_S
        while not self.heard and time.monotonic() < end:
            time.sleep(0.05)

    def join(self) -> None:
        """Wait until the daemon has gone."""
        self._thread.join(5)


def children(pid: int) -> dict[str, int]:
    """Module and process id of each child."""
    found = {}
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for number in (task / "children").read_text().split():
                words = Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")
                found.update({word.decode(): int(number) for word in words if word.startswith(b"daemon.")})
    return found


def strike(daemon: RunningDaemon, target: str) -> bool:
    """Kill it; False where there is no such process just now."""
    pids = children(daemon.process.pid)
    struck = {
        "engine": [pids.get("daemon.engine_process")],
        "main": [daemon.process.pid],
        "all": [daemon.process.pid, *pids.values()],
    }[target]
    if None in struck:
        return False
    for pid in struck:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid or 0), signal.SIGKILL)
    return True


def kill_one_daemon(root: Path, chance: random.Random, most: int) -> Toll:
    """Start a daemon, kill its engine some times at random instants, then the daemon or all of it."""
    toll = Toll()
    struck: list[tuple[str, str]] = []
    config = root / "config.toml"
    root.mkdir()
    config.write_text(CONFIG, encoding="utf-8")
    sessions = root / "sessions"
    with RunningDaemon(
        "--config", str(config), "--input", "demo", "--pack", str(PACK), "--record", str(sessions)
    ) as daemon:
        witness = Witness(daemon.websocket)
        witness.wait()
        engines = chance.randrange(0, min(4, most))
        for target in [*["engine"] * engines, chance.choice(TARGETS[1:])]:
            time.sleep(chance.uniform(0.0, 7.0))
            session = witness.session
            if strike(daemon, target):
                struck.append((session, target))
        daemon.process.wait()
        witness.join()
    judge(sessions, witness, struck, toll)
    return toll


def judge(sessions: Path, witness: Witness, struck: list[tuple[str, str]], toll: Toll) -> None:
    """Check every folder, and how the sessions follow each other.

    Args:
        sessions: folder of all of them.
        witness: what it heard of them.
        struck: session and target of each kill; one before anything was heard has cost nothing and counts
            for nothing.
        toll: gets what is found.
    """
    readers: dict[str, list[SessionReader]] = {}
    ends: dict[str, int] = {}
    for folder in sorted(sessions.iterdir()):
        if not (folder / "session.json").exists():
            continue  # killed before it began
        reader = SessionReader(folder)
        verdict = verify(reader)
        if not verdict.identical:
            toll.faults.append(f"{folder.name}: {verdict.cause} {verdict.where}: {verdict.message}")
        toll.folders += 1
        session = "-".join(folder.name.split("-")[:3])
        readers.setdefault(session, []).append(reader)
        if reader.first != ends.get(session, 0):
            toll.faults.append(f"{folder.name}: begins at {reader.first}, not {ends.get(session, 0)}")
        ends[session] = reader.first + verdict.samples
    for session, target in struck:
        if session not in witness.heard:
            continue
        toll.lost_s.append((target, (witness.heard[session] - ends.get(session, 0)) / RATE))
        if toll.lost_s[-1][1] > 1:
            toll.faults.append(f"{session}: {toll.lost_s[-1][1]:.3f} s are lost")
    for one, other in pairwise(sorted(witness.times)):
        toll.restart_s.append(witness.times[other][0] - witness.times[one][1])
    for session, other in pairwise(sorted(readers)):
        before = [record for reader in readers[session] for record in reader.records("picks")]
        toll.faults += [f"{other}: {fault}" for fault in broken(before, readers[other])]


def broken(before: list[dict[str, Any]], after: list[SessionReader]) -> list[str]:
    """What is wrong with the way an engine goes on from the one before."""
    faults = []
    picks = [record for record in before if record["type"] == "pick"]
    records = [record for reader in after for record in reader.records("picks")]
    again = [record for record in records if record["type"] == "pick"]
    if before and after[0].header.resume is None:
        faults.append("it does not know what was before")
    if before and records and records[0]["prev"] != before[-1]["hash"]:
        faults.append("the chain of its picks does not go on")
    if picks and again and again[0]["seq"] != picks[-1]["seq"] + 1:
        faults.append(f"pick {again[0]['seq']} follows pick {picks[-1]['seq']}")
    if picks and again and again[0]["pair"] == picks[-1]["pair"]:
        faults.append(f"pair {again[0]['pair']} is picked again")
    inputs = after[0].records("inputs")
    if len(inputs) > 8 and not any(record["type"] == "restart" for record in inputs):
        faults.append("its inputs do not tell of the restart")
    return faults


def kill(number: int, seed: int, *, say: bool = False) -> Toll:
    """Kill `number` times in all."""
    chance, whole = random.Random(seed), Toll()
    root = Path(tempfile.mkdtemp(prefix="killing-"))
    for round_ in range(number):
        left = number - len(whole.lost_s)
        if left <= 0:
            break
        toll = kill_one_daemon(root / str(round_), chance, left)
        for name in ("lost_s", "restart_s", "faults"):
            getattr(whole, name).extend(getattr(toll, name))
        whole.folders += toll.folders
        if say:
            print(f"{len(whole.lost_s):4} kills, {whole.folders} folders, {toll.faults}", flush=True)
        if not toll.faults:
            shutil.rmtree(root / str(round_))
    with contextlib.suppress(OSError):
        root.rmdir()  # what had faults stays to be looked at
    return whole


def table(toll: Toll) -> str:
    """The distribution of what was lost, by target."""
    lines = ["target  kills  median s   max s"]
    for target in TARGETS:
        lost = sorted(seconds for name, seconds in toll.lost_s if name == target)
        if lost:
            lines.append(f"{target:7} {len(lost):5} {lost[len(lost) // 2]:9.3f} {lost[-1]:7.3f}")
    if toll.restart_s:
        gaps = sorted(toll.restart_s)
        lines.append(f"an engine was replaced within {gaps[len(gaps) // 2]:.1f} s, at most {gaps[-1]:.1f} s")
    return "\n".join([*lines, f"{toll.folders} folders verify, {len(toll.faults)} faults", *toll.faults])


if __name__ == "__main__":
    from daemon import kernel_cache

    kernel_cache.activate()
    total = kill(int(sys.argv[1]), int((sys.argv[2:] or ["1"])[0]), say=True)
    print(table(total))
    sys.exit(bool(total.faults) or max(seconds for _, seconds in total.lost_s) > 1)
