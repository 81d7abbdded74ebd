"""`aivjd replay`: the engine over a recorded session or any audio file."""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from daemon import config as configuration
from daemon import packs, selfcheck
from daemon.ahead import ahead
from daemon.audio_file import AudioFile
from daemon.commands.dispatch import default_config, progress_bar
from daemon.diff.variants import Changes, changed
from daemon.engine import Engine, Hop, log_records
from daemon.errors import AivjdError, SessionError, UsageError
from daemon.replay import ENGINE_FAULTS, drive, engine_for, engine_of, engine_of_header, take_up
from daemon.session import Header, SessionReader, SessionWriter, new_header
from selector.canonical import canonical

DEFAULT_SEED = 1  # of an audio file: the same picks each time unless asked otherwise


def replay(args: argparse.Namespace) -> int:
    """Run it, write the logs, print a summary."""
    if args.block is not None and args.block < 1:
        raise UsageError("--block must be at least 1", fix="give a number of samples")
    selfcheck.require()
    source: Path = args.source
    if args.realtime:
        return _again_in_real_time(args)
    if source.is_dir():
        reader = SessionReader(source)
        header, engine = _session(reader, args)
        inputs: Iterator[dict[str, Any]] = reader.checked("inputs")
        if args.pack:  # what is given instead stays
            inputs = (record for record in inputs if record["type"] != "packs")
        blocks, total = reader.audio(), reader.length
    else:
        audio = AudioFile(source)
        header, engine = _audio(audio, args)
        blocks, total, inputs = audio.blocks(), audio.frames, iter(())
    state = reader.state(engine.position) if header.start is not None else None
    writer = SessionWriter(args.out, header, audio=False, state=state) if args.out else None
    digest = hashlib.sha256()
    counts = {"picks": 0, "events": 0}
    first, shown = engine.position, progress_bar(total, header.rate)
    started = time.process_time()
    hops = drive(
        engine,
        ahead(blocks),
        inputs,
        block=args.block,
        progress=(lambda position: shown(position - first)) if shown else None,
    )
    for hop in _sound(hops, engine, str(source)):
        if writer is not None:
            for record in hop.applied:
                if record["type"] == "packs":
                    writer.catalog(SessionReader(source).catalog(record["sha256"]))
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
        "audioSec": round((engine.position - first) / header.rate, 3),
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


def _again_in_real_time(args: argparse.Namespace) -> int:
    from daemon.app import play_again

    if not args.source.is_dir():
        raise UsageError(
            "--realtime shows a recorded session",
            where=str(args.source),
            fix=f"use `aivjd run --input file:{args.source}` for an audio file",
        )
    for name in ("seed", "out", "block"):
        if getattr(args, name) is not None:
            raise UsageError(f"--{name} does not go with --realtime", fix="leave one of them out")
    return play_again(args, default_config(args.config))


def _sound(hops: Iterator[Hop], engine: Engine, where: str) -> Iterator[Hop]:
    """The same hops; an engine that fails on a forged input says so in a sentence."""
    try:
        yield from hops
    except AivjdError:
        raise
    except ENGINE_FAULTS as error:
        raise SessionError(
            f"the engine fails at {engine.position / engine.rate:.2f} s ({type(error).__name__}: {error})",
            where=where,
            fix="see `aivjd verify`",
        ) from error


def _session(reader: SessionReader, args: argparse.Namespace) -> tuple[Header, Engine]:
    changes = Changes(config=args.config, seed=args.seed, packs=args.pack)
    header = changed(reader.header, changes)
    if changes.none:
        return header, engine_of(reader)
    engine = engine_for(reader, header)
    if reader.start is not None:
        # What was so far is as it was; from here on it is decided otherwise.
        take_up(engine, reader, reader.start.sample, reader.start.sha256)
    return header, engine


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
