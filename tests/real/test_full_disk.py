"""A disk that is really full: the show goes on, and recording begins again when there is room."""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from daemon.bench.running import RunningDaemon
from daemon.session import SessionReader
from daemon.verify import verify

pytestmark = pytest.mark.slow

OWN = ["-m"] if os.geteuid() == 0 else ["-U", "-m"]
DISK_MB = 8
BALLAST = 5 << 20


class SmallDisk:
    """A file system of a few megabytes that only this process's children see.

    Attributes:
        there: where it is for them.
        here: where we find it.
    """

    def __init__(self, there: Path) -> None:
        self.there = there
        script = f"mount -t tmpfs -o size={DISK_MB}m none {there} && echo mounted && exec sleep 600"
        own = [*OWN, "-r"] if "-U" in OWN else OWN
        self.holder = subprocess.Popen(
            ["unshare", *own, "sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.holder.stdout is not None
        if not self.holder.stdout.readline():
            pytest.skip("this machine lets us mount nothing")
        self.here = Path(f"/proc/{self.holder.pid}/root{there}")

    def close(self) -> None:
        self.holder.kill()
        self.holder.communicate()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    place = tmp_path / "disk"
    place.mkdir()
    small = SmallDisk(place)
    yield small
    small.close()


def told(daemon: RunningDaemon) -> dict[str, Any]:
    with urllib.request.urlopen(daemon.url + "api/v1/state", timeout=5) as answer:
        state: dict[str, Any] = json.load(answer)
    return state


def wait_for(daemon: RunningDaemon, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    deadline = time.monotonic() + 40
    while not holds(state := told(daemon)):
        assert time.monotonic() < deadline, state["recording"]
        time.sleep(0.2)
    return state


@pytest.mark.parametrize(("keep_gb", "reason"), [(0.0, "No space left"), (0.001, "less than 0.001 GB free")])
def test_a_full_disk_stops_nothing_but_the_recording(
    demo_pack: Path, tmp_path: Path, disk: SmallDisk, keep_gb: float, reason: str
) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        f"[osc]\nin_port = 0\n[record]\nstate_s = 1.0\nflight_min = 0.0\nkeep_free_gb = {keep_gb}\n",
        encoding="utf-8",
    )
    ballast = disk.here / "ballast"
    ballast.write_bytes(bytes(BALLAST))
    daemon = RunningDaemon(
        *("--config", str(config), "--input", "demo", "--pack", str(demo_pack)),
        *("--record", str(disk.there / "sessions")),
    )
    enter = [
        "nsenter",
        "-t",
        str(disk.holder.pid),
        *OWN,
        *(["--preserve-credentials"] if "-U" in OWN else []),
    ]
    daemon._command = [*enter, "--wd=.", *daemon._command]
    with daemon:
        state = wait_for(daemon, lambda state: not state["recording"]["on"])
        assert reason in state["recording"]["message"]
        wait_for(daemon, lambda state: any(reason in warning for warning in state["warnings"]))
        before = told(daemon)["now"]["seq"]
        with urllib.request.urlopen(daemon.url + "healthz", timeout=5) as answer:
            assert json.load(answer)["ok"]
        ballast.unlink()
        state = wait_for(daemon, lambda state: state["recording"]["on"])
        assert state["recording"]["message"] == ""
        time.sleep(4)
        assert told(daemon)["recording"]["on"]
        assert told(daemon)["now"]["seq"] >= before
    assert daemon.exit_code == 0, "\n".join(daemon.lines)
    first, second = sorted((disk.here / "sessions").iterdir())
    for folder in (first, second):
        verdict = verify(SessionReader(folder))
        assert verdict.identical, verdict
        assert verdict.seconds >= 2
    assert SessionReader(first).header.closed is None or keep_gb
    start = SessionReader(second).start
    assert start is not None
    assert (start.continues, start.reason) == ("", "disk")
    assert second.name == f"{first.name}-002"
    assert SessionReader(second).header.closed is not None
