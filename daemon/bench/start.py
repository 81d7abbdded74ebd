"""`aivjd bench start`: seconds from the start of the process to the first snapshot, and memory."""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from pathlib import Path
from time import monotonic

from websockets.asyncio.client import connect

from daemon.bench.running import RunningDaemon
from daemon.protocol import PROTOCOL

WARM_TARGET_S = 3.0
COLD_TARGET_S = 12.0
MEMORY_TARGET_MB = 350
RUN_BEFORE_WEIGHING_S = 10.0


def main(args: argparse.Namespace) -> int:
    """Start once with an empty kernel cache and twice with a full one; weigh the last one."""
    with tempfile.TemporaryDirectory(prefix="aivjd-bench-") as folder:
        env = {"NUMBA_CACHE_DIR": f"{folder}/kernels"}
        cold, _ = _first_snapshot(folder, env, weigh=False)
        again, _ = _first_snapshot(folder, env, weigh=False)
        warm, memory = _first_snapshot(folder, env, weigh=True)
    total = sum(memory.values())
    result = {
        "coldSec": round(cold, 2),
        "warmSec": round(min(again, warm), 2),
        "residentMb": {name: round(mb, 1) for name, mb in memory.items()},
        "residentTotalMb": round(total, 1),
    }
    good = min(again, warm) <= WARM_TARGET_S and cold <= COLD_TARGET_S and total <= MEMORY_TARGET_MB
    if args.json:
        print(json.dumps({**result, "withinTarget": good}, indent=1))
        return 0 if good else 1
    print(f"first snapshot after {warm:.2f} s (again {again:.2f} s), with an empty kernel cache {cold:.2f} s")
    for name, mb in memory.items():
        print(f"  {name:<24} {mb:7.1f} MB resident")
    print(f"  {'all processes':<24} {total:7.1f} MB")
    targets = f"{WARM_TARGET_S:g} s warm, {COLD_TARGET_S:g} s cold, {MEMORY_TARGET_MB} MB"
    print(f"{'within' if good else 'NOT within'} target: {targets}")
    return 0 if good else 1


def _first_snapshot(folder: str, env: dict[str, str], *, weigh: bool) -> tuple[float, dict[str, float]]:
    begun = monotonic()
    with RunningDaemon("--input", "demo", "--record", folder, env=env) as daemon:
        asyncio.run(_wait_for_snapshot(daemon.websocket))
        took = monotonic() - begun
        if not weigh:
            return took, {}
        asyncio.run(asyncio.sleep(RUN_BEFORE_WEIGHING_S))
        return took, resident_mb(daemon.process.pid)


async def _wait_for_snapshot(url: str) -> None:
    async with connect(url, subprotocols=[PROTOCOL], compression=None) as socket:  # type: ignore[list-item]
        await socket.send(json.dumps({"type": "hello", "role": "monitor", "name": "bench"}))
        while json.loads(await socket.recv())["type"] != "snapshot":
            pass


def resident_mb(pid: int) -> dict[str, float]:
    """Resident memory in MB of a process and its descendants, by module name."""
    sizes: dict[str, float] = {}
    for child in _family(pid):
        try:
            fields = Path(f"/proc/{child}/status").read_text().splitlines()
            words = Path(f"/proc/{child}/cmdline").read_bytes().decode().split("\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        name = words[words.index("-m") + 1] if "-m" in words else Path(words[0]).name
        kilobytes = next(int(line.split()[1]) for line in fields if line.startswith("VmRSS"))
        sizes[name] = sizes.get(name, 0.0) + kilobytes / 1024
    return sizes


def _family(pid: int) -> list[int]:
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += _family(int(child))
    return found
