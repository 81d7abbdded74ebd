"""`aivjd bench hop`: what one hop of hearing, and one of deciding, costs in CPU time, beside aubio's."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import thread_time_ns
from typing import Any

import numpy as np
import soundfile

from daemon.beat_engine import aubio_name, import_aubio
from daemon.config import Config
from daemon.demo_track import DemoTrack
from daemon.engine import Engine
from daemon.errors import MissingError
from daemon.packs import load

RATE = 48000
SECONDS = 40
WARM_HOPS = 400
"""Hops that are not counted: caches fill, and nothing but silence has been heard."""


def main(args: argparse.Namespace) -> int:
    """Run over the demo track hop by hop, our hearing, our deciding and aubio in turn; print the table."""
    track = DemoTrack(RATE).block(0, RATE * SECONDS)
    config = Config()
    engine = Engine(config, load([Path(p) for p in config.packs.dirs]).catalog, seed=1, rate=RATE)
    peer = _peer(engine.hop)
    costs = _measure(engine, peer, track)
    hop_us = engine.hop / RATE * 1e6
    result: dict[str, Any] = {name: _row(values, hop_us) for name, values in costs.items()}
    if peer:
        result["hearingToAubio"] = _ratio(costs["hearing"], costs["aubio"], RATE // engine.hop)
        result["aubioVersion"] = aubio_name()
    result["analyze"] = _analyze(track)
    if args.json:
        print(json.dumps({"hopUs": round(hop_us, 1), **result}, indent=1))
    else:
        _print(result, tuple(costs), engine.hop, hop_us)
    return 0


def _peer(hop: int) -> Callable[[np.ndarray], None] | None:
    """Beats and onsets of aubio at its best setting, a window of two hops; None where it is not installed."""
    try:
        aubio = import_aubio()
    except MissingError:
        return None
    tempo, onset = (kind("default", 2 * hop, hop, RATE) for kind in (aubio.tempo, aubio.onset))

    def hear(mono: np.ndarray) -> None:
        tempo(mono)
        onset(mono)

    return hear


def _measure(
    engine: Engine, peer: Callable[[np.ndarray], None] | None, track: np.ndarray
) -> dict[str, list[float]]:
    """Microseconds a hop; the contestants take turns at every hop, so that a busy moment meets them all."""
    samples = track.astype(np.int32) << 8
    mono = (track.astype(np.float32) / 32768.0).sum(axis=1) / 2  # what aubio wants is made outside its time
    costs: dict[str, list[float]] = {"hearing": [], "deciding": []} | ({"aubio": []} if peer else {})
    for number, start in enumerate(range(0, len(track) - engine.hop, engine.hop)):
        span = slice(start, start + engine.hop)
        times = [thread_time_ns()]
        heard = engine.analyzer.step(samples[span])
        times.append(thread_time_ns())
        engine.selector.step(heard.snapshot, heard.events)
        times.append(thread_time_ns())
        if peer:
            peer(mono[span])
            times.append(thread_time_ns())
        if number >= WARM_HOPS:
            for values, (begun, ended) in zip(costs.values(), pairwise(times), strict=True):
                values.append((ended - begun) / 1000)
    return costs


def _row(values: list[float], hop_us: float) -> dict[str, float]:
    return {
        "p50": round(median(values), 2),
        "p99": round(sorted(values)[int(0.99 * len(values))], 2),
        "max": round(max(values), 2),
        "cpuSPerS": round(sum(values) / len(values) / hop_us, 5),
    }


def _ratio(ours: list[float], theirs: list[float], hops: int) -> float:
    """Median over stretches of so many hops, in which both have done all that they do."""
    starts = range(0, len(ours) - hops + 1, hops)
    return round(median(sum(ours[at : at + hops]) / sum(theirs[at : at + hops]) for at in starts), 3)


def _analyze(track: np.ndarray) -> dict[str, float]:
    """`aivjd analyze` over the same track, a process of its own: CPU s per s of audio, resident MB."""
    with TemporaryDirectory() as folder:
        wav = Path(folder) / "demo.wav"
        soundfile.write(wav, track, RATE, subtype="PCM_16")
        done = subprocess.run(  # noqa: S603 (ourselves)
            [sys.executable, "-m", "daemon.cli", "analyze", str(wav), "--jsonl"],
            stdout=subprocess.PIPE,
            check=True,
        )
    stats = json.loads(done.stdout.splitlines()[-1])
    return {"cpuSPerS": round(stats["cpu_s"] / stats["audio_s"], 5), "residentMb": stats["maxrss_mb"]}


def _print(result: dict[str, Any], names: tuple[str, ...], hop: int, hop_us: float) -> None:
    print(
        f"CPU us per hop of {hop} samples ({hop_us:.0f} us), {SECONDS} s of the demo track, {RATE} Hz stereo"
    )
    for name in names:
        row = result[name]
        print(
            f"  {name:<9} p50 {row['p50']:7.1f}  p99 {row['p99']:7.1f}  max {row['max']:8.1f}"
            f"  {row['cpuSPerS']:.4f} CPU s per s"
        )
    if "hearingToAubio" in result:
        print(
            f"hearing costs {result['hearingToAubio']:.2f} times {result['aubioVersion']} "
            "(tempo and onset; median of the ratios second by second)"
        )
    else:
        print('aubio is not installed (`pip install "aivjd[aubio]"`): no comparison')
    analyze = result["analyze"]
    print(
        f"`aivjd analyze`: {analyze['cpuSPerS']:.4f} CPU s per s of audio, "
        f"{analyze['residentMb']:.0f} MB resident"
    )
