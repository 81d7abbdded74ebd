"""`aivjd bench offline`: what packs cost: reading and syncing made presets, picking from them, rendering.

Presets are made by rule (`models.milk.made`), one in ten twice; nothing of anybody's is needed.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from daemon import packs as live_packs
from daemon.fingerprint import tool_version
from selector.choice import Chooser, Situation
from selector.settings import SelectSettings

MODULES = Path(__file__).parents[1] / "web" / "node_modules"
PER_FOLDER = 1000
PICKS = 200

Done = TypeVar("Done")


def bench_offline(args: argparse.Namespace) -> int:
    """Print times, rates and the largest memory; exit code 0 whatever comes out: this is a measurement."""
    with tempfile.TemporaryDirectory(prefix="aivjd-offline-", dir=args.folder) as folder:
        rows = _library(Path(folder), args.presets)
        if args.rendered:
            rows |= _rendering(Path(folder), args.rendered)
    if args.json:
        print(json.dumps(rows, indent=1))
        return 0
    for name, value in rows.items():
        print(f"{name:<28} {value:>12,.2f}" if isinstance(value, float) else f"{name:<28} {value:>12,}")
    return 0


def _library(folder: Path, count: int) -> dict[str, float | int]:
    from models.convert.preset import Shaders
    from models.milk.made import made_name, made_preset
    from models.milk.writer import write_milk
    from models.packs.layer import Reader
    from models.packs.sync import Plan, sync

    began = time.monotonic()
    for at in range(count):
        place = folder / "source" / f"{at // PER_FOLDER:04}"
        place.mkdir(parents=True, exist_ok=True)
        number = at - 1 if at % 10 == 9 else at
        (place / f"{made_name(at)}.milk").write_bytes(write_milk(made_preset(number)))
    rows: dict[str, float | int] = {"presets made": count, "made in s": time.monotonic() - began}

    plan = Plan(folder / "source", recurse=True)
    report, spent, cpu = _timed(
        lambda: sync(
            plan,
            folder / "library",
            Reader(Shaders(None)),
            dry_run=False,
            tool_version=tool_version(),
            progress=lambda done, total, what: None,
        )
    )
    rows |= {"synced": report.presets, "sync s": spent, "sync CPU s": cpu, "presets a CPU s": count / cpu}
    loaded, spent, cpu = _timed(lambda: live_packs.load([folder / "library"]))
    rows |= {"catalogue s": spent, "catalogue CPU s": cpu}
    table = loaded.catalog.packs["library"].presets
    chooser = Chooser(SelectSettings(), 1)
    chooser.draw(table, _moment(0), 0)
    _, spent, cpu = _timed(lambda: [chooser.draw(table, _moment(n), n) for n in range(PICKS)])
    rows |= {"pick, CPU us": 1e6 * cpu / PICKS}
    rows["largest memory MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return rows


def _rendering(folder: Path, count: int) -> dict[str, float | int]:
    from models.measure.pages import rig_files
    from models.measure.probe import Probe, Rig
    from models.packs.formats import LIBRARY_FILE

    listed = json.loads((folder / "library" / LIBRARY_FILE).read_bytes())["presets"]
    files = [folder / row["relPath"] for row in listed[:: max(len(listed) // count, 1)][:count]]
    rig = Rig(("music",))
    began, cpu, wrong = time.monotonic(), 0.0, 0
    with Probe(rig, rig_files(MODULES)) as probe:
        for file in files:
            seen = probe.see(file.read_text(encoding="utf-8"))
            cpu += seen.timing.get("cpuSec.music", 0.0)
            wrong += bool(seen.fault)
    spent = time.monotonic() - began
    return {
        "rendered": len(files),
        "rendered with a fault": wrong,
        "rendering s": spent,
        "rendered a CPU s": len(files) / max(cpu, 1e-9),
    }


def _moment(number: int) -> Situation:
    return Situation(
        mode="weighted",
        section="groove",
        intensity=(number * 7919) % 1_000_000,
        shown=None,
        shown_strength=None,
        recent=[],
        quarantined=[],
        banned=[],
    )


def _timed(work: Callable[[], Done]) -> tuple[Done, float, float]:
    began, cpu = time.monotonic(), time.process_time()
    done = work()
    return done, time.monotonic() - began, time.process_time() - cpu
