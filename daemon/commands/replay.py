"""`aivjd replay`: the engine over a recorded session or any audio file."""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from pathlib import Path
from typing import Any

import msgspec

from daemon import config as configuration
from daemon import packs
from daemon.audio_file import AudioFile
from daemon.commands.dispatch import default_config, progress_bar
from daemon.engine import Engine, log_records
from daemon.errors import UsageError
from daemon.fingerprint import code_sha256, tool_version
from daemon.replay import drive, engine_of, engine_of_header
from daemon.session import Header, SessionReader, SessionWriter, new_header
from selector.canonical import canonical

DEFAULT_SEED = 1  # of an audio file: the same picks each time unless asked otherwise


def replay(args: argparse.Namespace) -> int:
    """Run it, write the logs, print a summary."""
    if args.block is not None and args.block < 1:
        raise UsageError("--block must be at least 1", fix="give a number of samples")
    source: Path = args.source
    if source.is_dir():
        reader = SessionReader(source)
        header, engine, inputs = _session(reader, args)
        blocks, total = reader.audio(), (reader.header.closed or {}).get("samples", 0)
    else:
        audio = AudioFile(source)
        header, engine = _audio(audio, args)
        blocks, total, inputs = audio.blocks(), audio.frames, []
    writer = SessionWriter(args.out, header, audio=False) if args.out else None
    digest = hashlib.sha256()
    counts = {"picks": 0, "events": 0}
    started = time.process_time()
    for hop in drive(engine, blocks, inputs, block=args.block, progress=progress_bar(total, header.rate)):
        if writer is not None:
            for record in hop.applied:
                writer.input(record)
        for log, record in log_records(hop):
            counts[log] += 1
            if log == "picks":
                digest.update(canonical(record) + b"\n")
            if writer is not None:
                writer.pick(record) if log == "picks" else writer.event(record)
    if writer is not None:
        writer.close()
    summary = {
        "picks": counts["picks"],
        "events": counts["events"],
        "audioSec": round(engine.position / header.rate, 3),
        "cpuSec": round(time.process_time() - started, 3),
        "picksSha256": digest.hexdigest(),
        "seed": header.seed,
        "out": str(args.out) if args.out else None,
    }
    if args.json:
        print(json.dumps(summary, indent=1))
    else:
        speed = summary["audioSec"] / max(summary["cpuSec"], 1e-9)
        print(
            f"{counts['picks']} picks and outcomes, {counts['events']} events in "
            f"{summary['audioSec']} s of audio ({speed:.0f} times real time); "
            f"picks.jsonl sha256 {summary['picksSha256']}"
        )
    return 0


def _session(reader: SessionReader, args: argparse.Namespace) -> tuple[Header, Engine, list[dict[str, Any]]]:
    header = reader.header
    inputs = reader.records("inputs")
    if args.seed is None and args.config is None and args.pack is None:
        return _again(header), engine_of(reader), inputs
    changed = _again(header)
    changed.seed = header.seed if args.seed is None else args.seed
    if args.config:
        config = configuration.load(args.config)
        changed.config = msgspec.to_builtins(config)
        changed.config_sha256 = config.decision_sha256()
    if args.pack:
        catalog = packs.load([Path(place) for place in args.pack]).catalog
        changed.catalog = json.loads(catalog.to_json())
        changed.catalog_sha256 = catalog.sha256
    return changed, engine_of_header(changed, str(reader.folder)), inputs


def _audio(audio: AudioFile, args: argparse.Namespace) -> tuple[Header, Engine]:
    path = default_config(args.config)
    config = configuration.load(path)
    base = path.parent if path else Path()
    places = [Path(p) for p in args.pack] if args.pack else packs.places(config.packs.dirs, base)
    header = new_header(
        config,
        packs.load(places).catalog,
        session=audio.path.stem,
        seed=DEFAULT_SEED if args.seed is None else args.seed,
        rate=audio.rate,
        source={"name": f"file:{audio.path.name}"},
    )
    return header, engine_of_header(header, str(audio.path))


def _again(header: Header) -> Header:
    fresh = msgspec.structs.replace(header, closed=None)
    fresh.version, fresh.code = tool_version(), code_sha256()
    return fresh
