"""Children die; the show goes on. Real processes, killed for real."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from daemon.bench.running import RunningDaemon
from daemon.protocol import PROTOCOL
from daemon.session import SessionReader
from daemon.supervisor import HANG_S
from daemon.verify import verify

pytestmark = pytest.mark.slow


def child(pid: int, module: str) -> int:
    """Process id of the daemon's child that runs `module`, waiting a little for it."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for number in (task / "children").read_text().split():
                if module.encode() in Path(f"/proc/{number}/cmdline").read_bytes():
                    return int(number)
        time.sleep(0.05)
    raise AssertionError(f"no child runs {module}")


def sessions(folder: Path) -> list[Path]:
    return sorted(folder.iterdir(), key=lambda path: path.stat().st_ctime)


async def watch(
    daemon: RunningDaemon, strike: Callable[[], None], seconds: float, first: str = ""
) -> list[dict[str, Any]]:
    """All that one client hears on one connection.

    It strikes after two seconds, having sent `first` shortly before, and three seconds before the end asks
    for another picture.
    """
    said: list[dict[str, Any]] = []
    async with connect(daemon.websocket, subprotocols=[PROTOCOL], compression=None) as ws:
        await ws.send(json.dumps({"type": "hello", "role": "control", "snapshotHz": 30}))
        begun, struck, asked = time.monotonic(), False, False
        while (left := begun + seconds - time.monotonic()) > 0:
            if first and time.monotonic() - begun > 1.6:
                await ws.send(first)
                first = ""
            if not struck and time.monotonic() - begun > 2:
                strike()
                struck = True
            if not asked and time.monotonic() - begun > seconds - 3:
                await ws.send('{"type":"command","verb":"next"}')
                asked = True
            try:
                said.append({**json.loads(await asyncio.wait_for(ws.recv(), left)), "got": time.monotonic()})
            except TimeoutError:
                break
    return said


async def snapshots(ws: ClientConnection, count: int) -> None:
    """Wait until so many have come."""
    async with asyncio.timeout(30):
        while count:
            count -= json.loads(await ws.recv())["type"] == "snapshot"


def longest_gap(said: list[dict[str, Any]]) -> float:
    times = [message["got"] for message in said if message["type"] == "snapshot"]
    return max(later - earlier for earlier, later in pairwise(times))


def test_a_killed_engine_is_replaced_and_goes_on_from_its_history(demo_pack: Path, tmp_path: Path) -> None:
    arguments = ["--input", "demo", "--pack", str(demo_pack), "--seed", "9", "--record", str(tmp_path)]
    with RunningDaemon(*arguments) as daemon:
        engine = child(daemon.process.pid, "daemon.engine_process")
        said = asyncio.run(watch(daemon, lambda: os.kill(engine, signal.SIGKILL), 8))
        assert daemon.process.poll() is None
    assert daemon.exit_code == 0
    assert longest_gap(said) < 4.0
    assert any("restarted" in w for m in said if m["type"] == "state" for w in m["warnings"])
    first, second = sessions(tmp_path)
    before, after = (SessionReader(folder) for folder in (first, second))
    assert before.header.closed is None
    assert after.header.closed is not None
    assert after.header.resume is not None
    picks = [[r for r in s.records("picks") if r["type"] == "pick"] for s in (before, after)]
    assert picks[0]
    assert picks[1]
    assert picks[1][0]["seq"] == picks[0][-1]["seq"] + 1
    assert picks[1][0]["pair"] != picks[0][-1]["pair"]
    assert picks[1][0]["prev"] == SessionReader(first).records("picks")[-1]["hash"]  # one chain
    for folder in (first, second):
        verdict = verify(SessionReader(folder))
        assert verdict.identical, verdict


def test_a_hold_outlives_the_engine_that_took_it(demo_pack: Path, tmp_path: Path) -> None:
    arguments = ["--input", "demo", "--pack", str(demo_pack), "--record", str(tmp_path)]
    hold = '{"type":"command","verb":"hold","arg":true}'
    with RunningDaemon(*arguments) as daemon:
        engine = child(daemon.process.pid, "daemon.engine_process")
        said = asyncio.run(watch(daemon, lambda: os.kill(engine, signal.SIGKILL), 6, first=hold))
    resumed = [
        header.resume for header in (SessionReader(f).header for f in sessions(tmp_path)) if header.resume
    ]
    assert [state["hold"] for state in resumed] == [True]
    assert [m for m in said if m["type"] == "state"][-1]["hold"] is True


def test_an_engine_that_hangs_is_replaced(demo_pack: Path, tmp_path: Path) -> None:
    arguments = ["--input", "demo", "--pack", str(demo_pack), "--record", str(tmp_path)]
    with RunningDaemon(*arguments) as daemon:
        engine = child(daemon.process.pid, "daemon.engine_process")
        said = asyncio.run(watch(daemon, lambda: os.kill(engine, signal.SIGSTOP), 9))
        assert child(daemon.process.pid, "daemon.engine_process") != engine
    assert daemon.exit_code == 0
    assert said[-1]["got"] - max(m["got"] for m in said if m["type"] == "snapshot") < 0.5
    assert len(sessions(tmp_path)) == 2


def test_a_main_that_was_held_up_does_not_take_its_engine_for_dead(demo_pack: Path, tmp_path: Path) -> None:
    arguments = ["--input", "demo", "--pack", str(demo_pack), "--record", str(tmp_path)]
    with RunningDaemon(*arguments) as daemon:
        engine = child(daemon.process.pid, "daemon.engine_process")

        async def hold_up() -> None:
            async with connect(daemon.websocket, subprotocols=[PROTOCOL], compression=None) as ws:
                await ws.send(json.dumps({"type": "hello", "role": "control", "snapshotHz": 10}))
                await snapshots(ws, 5)
                daemon.process.send_signal(signal.SIGSTOP)
                await asyncio.sleep(HANG_S + 2)
                daemon.process.send_signal(signal.SIGCONT)
                await snapshots(ws, 30)

        asyncio.run(hold_up())
        assert child(daemon.process.pid, "daemon.engine_process") == engine
    assert not [line for line in daemon.lines if "ending it" in line]
    (folder,) = sessions(tmp_path)
    assert verify(SessionReader(folder)).identical


def test_a_source_that_hangs_is_replaced(demo_pack: Path, tmp_path: Path) -> None:
    with RunningDaemon("--input", "demo", "--pack", str(demo_pack), "--no-record") as daemon:
        source = child(daemon.process.pid, "daemon.sources")
        said = asyncio.run(watch(daemon, lambda: os.kill(source, signal.SIGSTOP), 14))
        assert child(daemon.process.pid, "daemon.sources") != source
    states = [m["audioState"] for m in said if m["type"] == "snapshot"]
    assert "stalled" in states
    assert states[-1] == "live"


def test_a_killed_source_is_replaced(demo_pack: Path, tmp_path: Path) -> None:
    with RunningDaemon("--input", "demo", "--pack", str(demo_pack), "--record", str(tmp_path)) as daemon:
        source = child(daemon.process.pid, "daemon.sources")
        said = asyncio.run(watch(daemon, lambda: os.kill(source, signal.SIGKILL), 7))
        assert child(daemon.process.pid, "daemon.sources") != source
    states = [m["audioState"] for m in said if m["type"] == "snapshot"]
    assert states[-1] == "live"
    assert "stalled" in states or "noInput" in states or longest_gap(said) < 0.5
    (folder,) = sessions(tmp_path)
    verdict = verify(SessionReader(folder))
    assert verdict.identical, verdict


def test_a_killed_daemon_leaves_a_session_that_verifies_and_no_children(
    demo_pack: Path, tmp_path: Path
) -> None:
    with RunningDaemon("--input", "demo", "--pack", str(demo_pack), "--record", str(tmp_path)) as daemon:
        children = [child(daemon.process.pid, f"daemon.{name}") for name in ("engine_process", "sources")]
        time.sleep(5)
        daemon.process.kill()
        daemon.process.wait()
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and any(Path(f"/proc/{pid}").exists() for pid in children):
            time.sleep(0.05)
        assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]
    (folder,) = sessions(tmp_path)
    verdict = verify(SessionReader(folder))
    assert verdict.identical, verdict
    assert verdict.samples >= 3 * SessionReader(folder).header.rate
