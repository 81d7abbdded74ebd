"""`aivjd export`: a session as Parquet, CSV or JSON lines, and in the forms of the newliveweb app."""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, BinaryIO

from daemon.commands.dispatch import end_progress, progress_bar
from daemon.commands.output import replacing
from daemon.errors import UsageError
from daemon.export import parquet, spreadsheet
from daemon.export.app_eval import eval_rows
from daemon.export.app_log import log_lines
from daemon.export.columns import EVENTS, PICKS, SNAPSHOT
from daemon.export.rows import Told, event_rows, pick_rows, snapshot_rows
from daemon.session import Header, SessionReader

COLUMNS = {"picks": PICKS, "snapshots": SNAPSHOT, "events": EVENTS}
FORMATS = {**dict.fromkeys(COLUMNS, ("csv", "parquet", "jsonl")), "eval": ("jsonl",), "log": ("text",)}
SUFFIXES = {".parquet": "parquet", ".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".txt": "text"}


def export(args: argparse.Namespace) -> int:
    """Write it; 1 when the replay that it needed parted from the recording."""
    form = _format(args)
    if form == "parquet":
        if args.out is None:
            raise UsageError("Parquet is no text", fix="name a file with -o FILE")
        parquet.require()
    if args.hz is not None and not (args.what == "snapshots" and args.hz > 0):
        raise UsageError("--hz is a positive number for --what snapshots", fix="leave it out")
    reader, told = SessionReader(args.session), Told()
    rows = _rows(reader, args, told)
    if form == "parquet":
        with replacing(args.out) as part:
            told.rows = parquet.write(part, COLUMNS[args.what], rows, metadata(reader.header, args.what))
    elif args.out is None:
        told.rows = _text(sys.stdout.buffer, args.what, form, rows)
        sys.stdout.buffer.flush()
    else:
        with replacing(args.out) as part, part.open("wb") as file:
            if form == "csv":
                file.write(b"\xef\xbb\xbf")  # by this a spreadsheet knows that it is UTF-8
            told.rows = _text(file, args.what, form, rows)
    end_progress()
    for warning in (*told.warnings, *filter(None, (told.diverged,))):
        print(f"note: {warning}", file=sys.stderr)
    if args.out is not None:
        print(f"{args.out}: {told.rows} {'lines' if form == 'text' else 'rows'}")
    return 1 if told.diverged else 0


def _format(args: argparse.Namespace) -> str:
    known = FORMATS[args.what]
    named = args.format or (SUFFIXES.get(args.out.suffix.lower()) if args.out is not None else None)
    if args.format is not None and args.format not in known:
        raise UsageError(
            f"--what {args.what} is not written as {args.format}", fix=f"give one of: {', '.join(known)}"
        )
    return named if named in known else known[0]


def _rows(reader: SessionReader, args: argparse.Namespace, told: Told) -> Iterator[Any]:
    match args.what:
        case "picks":
            return pick_rows(reader, told)
        case "events":
            return event_rows(reader, told)
        case "eval":
            return eval_rows(reader)
        case "log":
            return log_lines(reader)
    progress = progress_bar(reader.length, reader.header.rate)
    return snapshot_rows(reader, told, hz=args.hz, progress=progress)


def _text(file: BinaryIO, what: str, form: str, rows: Iterable[Any]) -> int:
    if form == "csv":
        text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=False)
        count = spreadsheet.write(text, COLUMNS[what], rows)
        text.flush()
        text.detach()
        return count
    write: Callable[[Any], str] = str if form == "text" else _json
    count = 0
    for row in rows:
        file.write(write(row).encode() + b"\n")
        count += 1
    return count


def _json(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))


def metadata(header: Header, what: str) -> dict[str, Any]:
    """What a table says of itself: which session, and what it was made by."""
    return {
        "what": what,
        "session": header.session,
        "startedAt": header.started_at,
        "version": header.version,
        "code": header.code,
        "configSha256": header.config_sha256,
        "catalogSha256": header.catalog_sha256,
        "seed": header.seed,
        "rate": header.rate,
        "hop": header.hop,
        "beatEngine": header.beat_engine,
    }
