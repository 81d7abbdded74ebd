"""A real second Link peer: we agree with it on tempo and phase, and it does not notice that we came."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import numpy as np
import pytest
from ending import end
from websockets.asyncio.client import connect

from daemon.bench.running import RunningDaemon
from daemon.cli import main
from daemon.clocks.link import JOIN_AFTER_S, LinkClock, join
from daemon.rig_settings import LinkSettings

pytestmark = pytest.mark.real

BPM, LATER_BPM = 127.3, 139.5


class Peer:
    """The process, and what it said: rows of (second, beat, tempo, peers)."""

    def __init__(self) -> None:
        command = [sys.executable, str(Path(__file__).with_name("link_peer.py")), str(BPM)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self._rows: list[list[float]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._rows.append([float(word) for word in line.split()])

    @property
    def rows(self) -> np.ndarray:
        return np.array(self._rows)

    def set_tempo(self, bpm: float) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"tempo {bpm}\n")
        self.process.stdin.flush()


@contextlib.contextmanager
def peer() -> Iterator[Peer]:
    other = Peer()
    try:
        yield other
    finally:
        end(other.process)
        assert other.process.stdin is not None
        assert other.process.stdout is not None
        other.process.stdin.close()
        other.process.stdout.close()


async def beats(url: str, seconds: float, do: dict[float, Any]) -> tuple[list[dict[str, Any]], list[str]]:
    """Beats as they are announced, and words for who keeps them; `do` at its seconds."""
    said, words, start = [], [], time.monotonic()
    async with connect(url, subprotocols=["aivj.v1"], max_size=None) as socket:
        await socket.send('{"type":"hello","role":"monitor","snapshotHz":10}')
        while time.monotonic() - start < seconds:
            for when in [when for when in do if time.monotonic() - start > when]:
                do.pop(when)()
            with contextlib.suppress(TimeoutError):
                frame = await asyncio.wait_for(socket.recv(), 0.5)
                message = json.loads(frame) if isinstance(frame, str) else {}
                if message.get("type") == "beat":
                    said.append(message)
                elif message.get("type") == "snapshot" and message["beatSource"] not in words[-1:]:
                    words.append(message["beatSource"])
    return said, words


def test_we_agree_with_a_peer_and_do_not_disturb_it(demo_pack: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[osc]\nin_port = 0\n[link]\nmode = 'follow'\n[dsp]\nclock_first = true\n")
    arguments = ["--config", str(config), "--input", "demo", "--pack", str(demo_pack)]
    with peer() as other:
        time.sleep(3)
        came = time.monotonic()
        with RunningDaemon(*arguments, "--record", str(tmp_path / "sessions")) as daemon:
            said, words = asyncio.run(beats(daemon.websocket, 40, {22.0: lambda: other.set_tempo(LATER_BPM)}))
        rows = other.rows
    assert words[-1] == "link"
    changed = rows[rows[:, 2] > BPM + 1][0, 0]
    alone = rows[rows[:, 0] < changed - 0.1]
    assert np.abs(alone[:, 2] - BPM).max() < 0.001, "its tempo is its own"
    line = np.polyfit(alone[:, 0] - came, alone[:, 1], 1)
    moved = (alone[:, 1] - np.polyval(line, alone[:, 0] - came)) * 60 / BPM
    assert np.abs(moved).max() < 0.002, "its beat never jumped"
    assert rows[:, 3].max() == 1, "it saw us"

    linked = [beat for beat in said if beat["source"] == "link"]
    assert len(linked) > 60
    times = np.array([beat["atMs"] / 1000 for beat in linked])
    theirs = np.interp(times, rows[:, 0], rows[:, 1])
    tempo = np.interp(times, rows[:, 0], rows[:, 2])
    # A tempo that has just changed reaches us with the next reading, and beats are announced ahead.
    settled = (times < changed - 0.1) | (times > changed + 1.5)
    error_ms = np.abs(theirs - np.round(theirs)) * 60 / tempo * 1000
    print(
        f"beats {settled.sum()}, error ms: median {np.median(error_ms[settled]):.3f}, "
        f"p99 {np.percentile(error_ms[settled], 99):.3f}, all {error_ms.max():.1f}"
    )
    assert np.percentile(error_ms[settled], 99) < 3.0
    assert all(
        beat["barBeat"] == round(number) % 4 and beat["trusted"]
        for beat, number, good in zip(linked, theirs, settled, strict=True)
        if good
    )
    assert linked[-1]["tempoBpm"] == pytest.approx(LATER_BPM, abs=0.01)
    assert linked[10]["tempoBpm"] == pytest.approx(BPM, abs=0.01)
    (session,) = (tmp_path / "sessions").iterdir()
    assert '"source":"link"' in (session / "inputs.jsonl").read_text()
    assert main(["verify", str(session)]) == 0, "it replays without any Link"


def test_leading_moves_the_session_to_what_is_heard(demo_pack: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[osc]\nin_port = 0\n[link]\nmode = 'lead'\n")
    arguments = ["--config", str(config), "--input", "demo", "--pack", str(demo_pack), "--no-record"]
    with peer() as other:
        with RunningDaemon(*arguments) as daemon:
            said, words = asyncio.run(beats(daemon.websocket, 40, {}))
        rows = other.rows
    assert set(words) <= {"audio", "coast"}, "we do not follow whom we lead"
    trusted = [beat for beat in said if beat["trusted"]]
    last = trusted[-8:]
    times = np.array([beat["atMs"] / 1000 for beat in last])
    theirs = np.interp(times, rows[:, 0], rows[:, 1])
    off_ms = (theirs - np.round(theirs)) * 60 / last[0]["tempoBpm"] * 1000
    places = [round(number) % 4 for number in theirs]
    print(f"tempo {rows[0, 2]:.1f} to {rows[-1, 2]:.2f}, beat off by at most {np.abs(off_ms).max():.1f} ms")
    assert rows[0, 2] == pytest.approx(BPM, abs=0.01)
    assert np.interp(times[-1], rows[:, 0], rows[:, 2]) == pytest.approx(last[-1]["tempoBpm"], abs=0.3)
    assert np.median(np.abs(off_ms)) < 30
    assert places == [beat["barBeat"] for beat in last]


def test_joining_again_and_again_never_changes_its_tempo() -> None:
    """aalink issue 7: about one in ten who came as a session of their own brought their tempo along."""

    async def visits() -> int:
        met = 0
        for _ in range(12):
            session = join()
            clock = LinkClock(LinkSettings(mode="follow"), lambda told: None, session)
            task = asyncio.get_running_loop().create_task(clock.run())
            await asyncio.sleep(JOIN_AFTER_S + 1.0)
            met += session.num_peers > 0
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            del session
        return met

    with peer() as other:
        time.sleep(2)
        assert asyncio.run(visits()) >= 10
        rows = other.rows
    assert np.abs(rows[:, 2] - BPM).max() < 0.001
    line = np.polyfit(rows[:, 0] - rows[0, 0], rows[:, 1], 1)
    moved = (rows[:, 1] - np.polyval(line, rows[:, 0] - rows[0, 0])) * 60 / BPM
    assert np.abs(moved).max() < 0.002


def test_an_engine_that_died_has_its_clock_back(demo_pack: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[osc]\nin_port = 0\n[link]\nmode = 'follow'\n[dsp]\nclock_first = true\n")
    arguments = ["--config", str(config), "--input", "demo", "--pack", str(demo_pack)]
    killed: list[float] = []
    with peer() as other, RunningDaemon(*arguments, "--record", str(tmp_path / "sessions")) as daemon:

        def kill() -> None:
            with urlopen(daemon.url.rstrip("/") + "/healthz", timeout=5) as page:
                os.kill(json.load(page)["engine"], signal.SIGKILL)
            killed.append(time.monotonic() * 1000)

        said, _ = asyncio.run(beats(daemon.websocket, 30, {10.0: kill}))
        rows = other.rows
    after = [beat for beat in said if beat["source"] == "link" and beat["atMs"] > killed[0] + 6000]
    assert len(after) >= 8
    theirs = np.interp([beat["atMs"] / 1000 for beat in after], rows[:, 0], rows[:, 1])
    assert np.abs(theirs - np.round(theirs)).max() * 60 / BPM < 0.003
    assert [beat["barBeat"] for beat in after] == [round(number) % 4 for number in theirs]
    sessions = sorted((tmp_path / "sessions").iterdir())
    assert len(sessions) == 2
    for session in sessions:
        assert main(["verify", str(session)]) == 0
