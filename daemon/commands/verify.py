"""`aivjd verify`: one session, or a folder of them as a gate: one table, one exit code."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from daemon import selfcheck
from daemon.commands.dispatch import progress_bar
from daemon.errors import SessionError, UsageError
from daemon.fingerprint import code_sha256
from daemon.outline import Outline
from daemon.session import SessionReader
from daemon.verify import Verdict
from daemon.verify import verify as judge

HEADINGS = ("session", "verdict", "seconds", "picks", "events", "")


def verify(args: argparse.Namespace) -> int:
    """Verify, print, and say with the exit code whether everything is identical."""
    if args.block is not None and args.block < 1:
        raise UsageError("--block must be at least 1", fix="give a number of samples")
    selfcheck.require()
    jobs = len(os.sched_getaffinity(0)) if args.jobs is None else args.jobs
    if jobs < 1:
        raise UsageError("--jobs must be at least 1", fix="give a number of processes")
    folders = [] if (args.session / "session.json").exists() else _sessions_in(args.session)
    if folders:
        return _folder(folders, args, jobs)
    verdict = _judged(SessionReader(args.session), args, jobs)
    if args.json:
        print(json.dumps(msgspec.to_builtins(verdict), indent=1))
    else:
        for line in _told(verdict):
            print(line)
    return 0 if verdict.identical else 1


def _judged(reader: SessionReader, args: argparse.Namespace, jobs: int) -> Verdict:
    return judge(reader, block=args.block, jobs=jobs, progress=_progress(reader))


def _progress(reader: SessionReader) -> Callable[[int], None] | None:
    return progress_bar(reader.length, reader.header.rate)


def _told(verdict: Verdict) -> list[str]:
    lines = [f"note: {note}" for note in verdict.notes]
    lines += [f"unverifiable: {what}" for what in verdict.unverifiable]
    if verdict.identical:
        tail = (
            f", {verdict.unverified} records after the last audio not verified" if verdict.unverified else ""
        )
        lines.append(
            f"identical: {verdict.picks} picks and outcomes, {verdict.events} events, "
            f"{verdict.inputs} inputs, {verdict.states} states, {verdict.seconds:.1f} s{tail}"
        )
    else:
        lines.append(f"diverged ({verdict.cause}) at {verdict.where}: {verdict.message}")
    return lines


def _sessions_in(folder: Path) -> list[Path]:
    """Folders in `folder` that hold a session, by name."""
    try:
        return sorted(inner for inner in folder.iterdir() if os.path.lexists(inner / "session.json"))
    except OSError:
        return []


def _folder(folders: list[Path], args: argparse.Namespace, jobs: int) -> int:
    verdicts: dict[Path, Verdict] = {}
    for folder in folders:
        try:
            verdicts[folder] = _judged(SessionReader(folder), args, jobs)
        except SessionError as error:
            verdicts[folder] = Verdict(
                session=folder.name,
                identical=False,
                cause="unreadable",
                where=error.where,
                message=error.what,
                clean_end=False,
            )
    _join(verdicts)
    good = all(verdict.identical for verdict in verdicts.values())
    if args.json:
        rows: list[dict[str, Any]] = [
            {"folder": str(folder), **msgspec.to_builtins(verdict)} for folder, verdict in verdicts.items()
        ]
        print(json.dumps({"identical": good, "sessions": rows}, indent=1))
    else:
        _print_table([_row(folder, verdict) for folder, verdict in verdicts.items()])
        bad = sum(not verdict.identical for verdict in verdicts.values())
        print(f"{len(verdicts) - bad} of {len(verdicts)} identical")
    return 0 if good else 1


def _join(verdicts: dict[Path, Verdict]) -> None:
    """Sessions that begin in the state in which another one of the folder was proved to end."""
    readers = {v.session: SessionReader(f) for f, v in verdicts.items() if v.identical}
    for verdict in verdicts.values():
        reader = readers.get(verdict.session)
        start = reader.start if reader else None
        before = readers.get(start.continues) if start else None
        if reader is None or start is None or before is None or before is reader:
            continue
        if before.header.code != code_sha256() or before.first >= start.sample:
            continue
        outline = Outline(before)
        if any(
            (m.sample, m.sha256) == (start.sample, start.sha256)
            for m in outline.marks
            if m.sample <= outline.summed
        ):
            verdict.unverifiable = [
                what for what in verdict.unverifiable if not what.startswith("the state it begins")
            ]
            verdict.notes.append(f"it begins in the state in which {start.continues} was proved to be")


def _row(folder: Path, verdict: Verdict) -> tuple[str, ...]:
    said = "; ".join((*verdict.notes, *verdict.unverifiable))
    return (
        folder.name,
        "identical" if verdict.identical else f"diverged ({verdict.cause})",
        f"{verdict.seconds:.1f}",
        str(verdict.picks),
        str(verdict.events),
        said if verdict.identical else f"{verdict.where}: {verdict.message}",
    )


def _print_table(rows: list[tuple[str, ...]]) -> None:
    rows = [HEADINGS, *rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS) - 1)]
    for row in rows:
        cells = [
            cell.rjust(width) if HEADINGS[column] in ("seconds", "picks", "events") else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=False))
        ]
        print("  ".join((*cells, row[-1])).rstrip())
