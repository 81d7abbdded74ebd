"""`aivjd bench session`: how fast a long night is replayed and verified, and in how much memory.

The night is the demo track with an operator and a browser that answer, recorded as the daemon would.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from daemon import engine_state
from daemon.commands.dispatch import progress_bar
from daemon.config import Config
from daemon.demo_track import DemoTrack
from daemon.engine import log_records
from daemon.packs import load, places
from daemon.replay import drive, engine_of_header
from daemon.session import SessionWriter, new_header

RATE = 48000
BLOCK = 4096
STATE_S = 60
VERIFY_TARGET_S = 120.0  # for three hours
REPLAY_TARGET = 100.0  # times real time, on one core
MEMORY_TARGET_MB = 500
NIGHT_S = 3 * 3600


def main(args: argparse.Namespace) -> int:
    """Record `--seconds` of a night, then replay it on one core and verify it on all."""
    seconds = int(args.seconds)
    with tempfile.TemporaryDirectory(prefix="aivjd-bench-", dir=args.folder) as folder:
        night = Path(args.keep or Path(folder) / "night")
        recorded_s, size = _record(night, seconds)
        replay_s, replay_wall, replay_mb = _run("replay", str(night), "--json")
        one_cpu, one_s, one_mb = _run("verify", str(night), "--json", "--jobs", "1")
        verify_cpu, verify_s, verify_mb = _run("verify", str(night), "--json")
    result = {
        "audioSec": seconds,
        "recordSec": round(recorded_s, 1),
        "folderMb": round(size / 1e6, 1),
        "replayCpuSec": round(replay_s, 1),
        "replayWallSec": round(replay_wall, 1),
        "replayTimesRealTime": round(seconds / replay_wall, 1),
        "verifyOneJobCpuSec": round(one_cpu, 1),
        "verifyOneJobSec": round(one_s, 1),
        "verifyCpuSec": round(verify_cpu, 1),
        "verifySec": round(verify_s, 1),
        "memoryMb": round(max(replay_mb, one_mb, verify_mb), 1),
    }
    good = (
        seconds / replay_wall >= REPLAY_TARGET
        and verify_s <= VERIFY_TARGET_S * seconds / NIGHT_S
        and result["memoryMb"] <= MEMORY_TARGET_MB
    )
    if args.json:
        print(json.dumps({**result, "withinTarget": good}, indent=1))
        return 0 if good else 1
    print(f"{seconds / 60:.0f} minutes of 48 kHz stereo, {size / 1e6:.0f} MB, recorded in {recorded_s:.0f} s")
    print(
        f"  replay   {replay_wall:7.1f} s ({replay_s:.1f} s of CPU): "
        f"{seconds / replay_wall:.0f} times real time"
    )
    print(
        f"  verify   {verify_s:7.1f} s ({verify_cpu:.1f} s of CPU) with {os.cpu_count()} jobs, "
        f"{one_s:.1f} s ({one_cpu:.1f}) with one"
    )
    print(f"  memory   {result['memoryMb']:7.1f} MB at most in one process")
    print(
        f"{'within' if good else 'NOT within'} target: {REPLAY_TARGET:g} times real time; "
        f"{VERIFY_TARGET_S:g} s for three hours; {MEMORY_TARGET_MB} MB"
    )
    return 0 if good else 1


def _record(folder: Path, seconds: int) -> tuple[float, int]:
    """Record a night; gives the seconds it took and the bytes it needs."""
    begun = monotonic()
    config = Config()
    header = new_header(
        config,
        load(places(config.packs.dirs, Path())).catalog,
        session="night",
        seed=7,
        rate=RATE,
        source={"name": "demo track"},
    )
    engine = engine_of_header(header, "bench")
    writer = SessionWriter(folder, header)
    shown = progress_bar(seconds * RATE, RATE)
    due = STATE_S * RATE
    answers: list[dict[str, Any]] = []
    for block in _music(seconds):
        engine_inputs, answers = answers, []
        for hop in drive(engine, [block], engine_inputs):
            for applied in hop.applied:
                writer.input(applied)
            for log, record in log_records(hop):
                (writer.pick if log == "picks" else writer.event)(record)
                if log == "picks" and record["type"] == "pick":
                    answers += _answers(record["seq"], hop.position + BLOCK)
        writer.audio(block)
        if engine.position >= due:
            writer.state(engine.position, engine_state.dump(engine))
            due += STATE_S * RATE
        if shown:
            shown(engine.position)
    writer.close()
    return monotonic() - begun, sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _music(seconds: int) -> Iterator[np.ndarray]:
    track = DemoTrack(RATE)
    for start in range(0, seconds * RATE // BLOCK * BLOCK, BLOCK):
        yield track.block(start, BLOCK).astype(np.int32) << 8


def _answers(seq: int, sample: int) -> list[dict[str, Any]]:
    """What a browser says once it has loaded a pick."""
    ready = {"type": "ack", "seq": seq, "phase": "prepared", "ms": 180.0, "client": "bench#1"}
    return [{**ready, "sample": -(-sample // 256) * 256}]


def _run(*words: str) -> tuple[float, float, float]:
    """CPU seconds, wall seconds and peak memory (MB, of the largest process) of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = monotonic()
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", _MEASURED, *words], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(
            f"aivjd {' '.join(words)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, monotonic() - begun, float(done.stderr.rsplit("peak ", 1)[1]) / 1024


_MEASURED = """
import resource, sys
from multiprocessing import forkserver
from daemon.cli import main
code = main(sys.argv[1:])
forkserver._forkserver._stop()  # waits for it, so that what its processes took is counted
peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
print("peak", peak, file=sys.stderr)
sys.exit(code)
"""
"""`ru_maxrss` of the command itself: that of its parent would count what this process needed to record."""
