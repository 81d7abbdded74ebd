"""`aivjd bench hop`: what one hop of hearing, and one of deciding, costs in CPU time."""

from __future__ import annotations

import argparse
import json
from statistics import median
from time import thread_time_ns

import numpy as np

from daemon.config import Config
from daemon.demo_track import DemoTrack
from daemon.engine import Engine
from daemon.packs import load

RATE = 48000
SECONDS = 40


def main(args: argparse.Namespace) -> int:
    """Run the engine over the demo track hop by hop and print medians."""
    from pathlib import Path

    config = Config()
    catalog = load([Path(place) for place in config.packs.dirs]).catalog
    engine = Engine(config, catalog, seed=1, rate=RATE)
    track = DemoTrack(RATE).block(0, RATE * SECONDS).astype(np.int32) << 8
    costs = {"hearing": [], "deciding": []}
    for start in range(0, len(track) - engine.hop, engine.hop):
        samples = track[start : start + engine.hop]
        begun = thread_time_ns()
        heard = engine.analyzer.step(samples)
        between = thread_time_ns()
        engine.selector.step(heard.snapshot, heard.events)
        costs["hearing"].append((between - begun) / 1000)
        costs["deciding"].append((thread_time_ns() - between) / 1000)
    hop_us = engine.hop / RATE * 1e6
    result = {
        name: {
            "p50": round(median(values), 2),
            "p99": round(sorted(values)[int(0.99 * len(values))], 2),
            "max": round(max(values), 2),
            "shareOfCore": round(sum(values) / len(values) / hop_us, 5),
        }
        for name, values in costs.items()
    }
    if args.json:
        print(json.dumps({"hopUs": round(hop_us, 1), **result}, indent=1))
        return 0
    print(f"CPU us per hop of {engine.hop} samples ({hop_us:.0f} us) over {SECONDS} s of the demo track")
    for name, row in result.items():
        print(
            f"  {name:<9} p50 {row['p50']:7.1f}  p99 {row['p99']:7.1f}  max {row['max']:8.1f}"
            f"  {row['shareOfCore']:.2%} of a core"
        )
    return 0
