"""`aivjd report`: a session as one HTML file."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

import msgspec

from daemon import selfcheck
from daemon.commands.dispatch import end_progress, progress_bar
from daemon.commands.output import replacing
from daemon.errors import UsageError
from daemon.report.build import build
from daemon.session import SessionReader
from daemon.verdict import Verdict
from daemon.verify import verify


def report(args: argparse.Namespace) -> int:
    """Write it; 1 where the replay parts from the recording, or `--verify` finds a difference."""
    reader = SessionReader(args.session)
    out: Path = args.out or Path(f"{args.session.resolve().name}.html")
    if out.is_dir():
        raise UsageError("this is a folder", where=str(out), fix="name a file with -o FILE.html")
    if args.verify or not args.no_replay:
        selfcheck.require()
    verdict = _judged(reader) if args.verify else None
    made = build(
        reader,
        replay=not args.no_replay,
        verdict=verdict,
        progress=progress_bar(reader.length, reader.header.rate),
    )
    end_progress()
    data = made.html.encode()
    with replacing(out) as part:
        part.write_bytes(data)
    if args.json:
        said = {
            "out": str(out),
            "bytes": len(data),
            "session": reader.header.session,
            "hops": made.hops,
            "parted": made.parted,
            "notes": made.notes,
            "verdict": None if verdict is None else msgspec.to_builtins(verdict),
            "statistics": made.statistics,
        }
        print(json.dumps(said, indent=1))
    else:
        for note in (*made.notes, *filter(None, (made.parted,))):
            print(f"note: {note}", file=sys.stderr)
        if verdict is not None and not verdict.identical:
            print(f"note: diverged ({verdict.cause}) at {verdict.where}: {verdict.message}", file=sys.stderr)
        print(f"{out}: {made.statistics['picks']} picks, {len(data) / 1e6:.1f} MB; open it in a browser")
    return 1 if made.parted or (verdict is not None and not verdict.identical) else 0


def _judged(reader: SessionReader) -> Verdict:
    verdict = verify(
        reader,
        jobs=len(os.sched_getaffinity(0)),
        progress=progress_bar(reader.length, reader.header.rate),
    )
    end_progress()
    return verdict
