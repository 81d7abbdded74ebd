"""`aivjd bench latency`: from the end of the audio block that holds a click to a websocket client.

A real daemon runs with the `clicks` input, which writes down when it published each block. A client
on the loopback interface notes when each `onset` arrives. In between, the engine stamps the moment at
which it sent the onset on, which splits the way in two.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Any

from websockets.asyncio.client import connect

from daemon.bench.running import RunningDaemon
from daemon.protocol import PROTOCOL
from daemon.sources import click_period

SETTLE_S = 3.0
SAME_CLICK_S = 0.25


def main(args: argparse.Namespace) -> int:
    """Measure, print, and judge against one hop + 2 ms (p50) and one hop + 8 ms (p99)."""
    with tempfile.TemporaryDirectory(prefix="aivjd-bench-") as folder:
        log = Path(folder) / "clicks.jsonl"
        with RunningDaemon("--input", f"clicks:{log}", "--record", folder) as daemon:
            hop_ms, onsets = asyncio.run(_listen(daemon.websocket, args.seconds))
        stages = _stages(log, onsets)
    result = {
        "clicks": len(stages["total"]),
        "hopMs": round(hop_ms, 3),
        **{name: _percentiles(values) for name, values in stages.items()},
    }
    good = (
        bool(stages["total"])
        and result["total"]["p50"] <= hop_ms + 2.0
        and result["total"]["p99"] <= hop_ms + 8.0
    )
    if args.json:
        print(json.dumps({**result, "withinTarget": good}, indent=1))
    else:
        _print(result, hop_ms, good)
    return 0 if good else 1


async def _listen(url: str, seconds: float) -> tuple[float, list[tuple[float, float]]]:
    """Hop length in ms, and (sent, received) of each onset in ms of the monotonic clock."""
    onsets: list[tuple[float, float]] = []
    async with connect(url, subprotocols=[PROTOCOL], compression=None) as socket:  # type: ignore[list-item]
        await socket.send(json.dumps({"type": "hello", "role": "monitor", "name": "bench", "snapshotHz": 0}))
        hello = json.loads(await socket.recv())
        end = monotonic() + SETTLE_S + seconds
        begin = monotonic() + SETTLE_S
        while (left := end - monotonic()) > 0:
            try:
                raw = await asyncio.wait_for(socket.recv(), left)
            except TimeoutError:
                break
            received = monotonic()
            message = json.loads(raw)
            if message["type"] == "onset" and received >= begin:
                onsets.append((message["sentMs"], received * 1000))
    return hello["hop"] / hello["rate"] * 1000, onsets


def _stages(log: Path, onsets: list[tuple[float, float]]) -> dict[str, list[float]]:
    """Milliseconds of each stage, for the first onset after each click."""
    published: list[float] = []
    for line in log.read_text().splitlines():
        block = json.loads(line)
        first = -block["frame"] % click_period(48000)
        if first < block["frames"]:
            published.append(block["publishedNs"] / 1e6)
    stages: dict[str, list[float]] = {"block to engine's onset": [], "engine to client": [], "total": []}
    last = -1
    for sent, received in onsets:
        click = bisect_right(published, received) - 1
        if click < 0 or click == last or received - published[click] > SAME_CLICK_S * 1000:
            continue
        last = click
        stages["block to engine's onset"].append(sent - published[click])
        stages["engine to client"].append(received - sent)
        stages["total"].append(received - published[click])
    return stages


def _percentiles(values: Sequence[float]) -> dict[str, float]:
    if not values:
        return {"p50": float("nan"), "p90": float("nan"), "p99": float("nan"), "max": float("nan")}
    ordered = sorted(values)

    def at(share: float) -> float:
        return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3)

    return {"p50": round(median(ordered), 3), "p90": at(0.9), "p99": at(0.99), "max": round(ordered[-1], 3)}


def _print(result: dict[str, Any], hop_ms: float, good: bool) -> None:
    print(f"{result['clicks']} clicks, hop {hop_ms:.2f} ms; ms from the end of the block with the click")
    print(f"{'stage':<26}{'p50':>8}{'p90':>8}{'p99':>8}{'max':>8}")
    for name, row in result.items():
        if isinstance(row, dict):
            print(f"{name:<26}{row['p50']:8.2f}{row['p90']:8.2f}{row['p99']:8.2f}{row['max']:8.2f}")
    verdict = "within" if good else "NOT within"
    print(f"{verdict} target: p50 <= {hop_ms + 2:.2f}, p99 <= {hop_ms + 8:.2f} (idle machine)")
