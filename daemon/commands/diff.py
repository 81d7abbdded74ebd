"""`aivjd diff`: two runs pick by pick, and what made each difference."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec

from daemon.commands.dispatch import end_progress, progress_bar
from daemon.diff.compare import Row, Side, Tally, Totals, compare
from daemon.diff.keys import flat
from daemon.diff.variants import Changes, changed, other_version, rerun
from daemon.errors import UsageError
from daemon.pick_stream import Fate, fates, pick_lines, typed
from daemon.session import Header, SessionReader

MARKS = {"time": "~", "other": "x", "added": "+", "missing": "-"}


def diff(args: argparse.Namespace) -> int:
    """Compare, print, and say by the exit code whether anything differs."""
    changes = Changes(config=args.config, seed=args.seed, packs=args.pack)
    if args.other is not None and not (changes.none and args.python is None):
        raise UsageError(
            "a second session is compared as it is",
            fix="give either a second session, or --config, --seed, --pack and --python",
        )
    with ExitStack() as stack:
        reader = SessionReader(args.session)
        theirs, header, named = _other(reader, args, changes, stack)
        ours = fates(pick_lines(reader))
        rows = list(compare(ours, theirs, reader.header.rate, header.rate))
    end_progress()
    notes = list(_notes(reader.header, header, args))
    if reader.closed is None and args.other is None:
        notes += _without_tail(rows)
    tally = Tally()
    for row in rows:
        tally.add(row)
    totals = tally.totals()
    if args.json:
        told = {
            "identical": totals.identical,
            "a": str(args.session),
            "b": named,
            "notes": notes,
            "totals": msgspec.to_builtins(totals),
            "rows": msgspec.to_builtins(rows),
        }
        print(json.dumps(told, indent=1, ensure_ascii=False))
    else:
        print(f"A  {args.session}\nB  {named}")
        for line in (*(f"note: {note}" for note in notes), *table(rows), *summary(totals)):
            print(line)
    return 0 if totals.identical else 1


def _other(
    reader: SessionReader, args: argparse.Namespace, changes: Changes, stack: ExitStack
) -> tuple[Iterator[Fate], Header, str]:
    """The picks of B, its header, and its name for a person."""
    if args.other is not None:
        other = SessionReader(args.other)
        return fates(pick_lines(other)), other.header, str(args.other)
    what = " ".join(changes.arguments()) or "as recorded"
    if args.python is not None:
        out = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="aivjd-diff-"))) / "replay"
        other = other_version(args.python, reader.folder, changes, out)
        return fates(pick_lines(other)), other.header, f"replayed by {args.python}, {what}"
    header = changed(reader.header, changes)
    records = rerun(reader, header, progress_bar(reader.length, header.rate))
    return fates(map(typed, records)), header, f"replayed, {what}"


def _notes(a: Header, b: Header, args: argparse.Namespace) -> Iterator[str]:
    """What differs between the two as a whole, and what to bear in mind."""
    if a.code != b.code:
        yield f"the code differs: {a.version} {a.code[:12]}, {b.version} {b.code[:12]}"
    elif args.python is not None:
        yield "the other version has the same code as the one that recorded"
    if a.config_sha256 != b.config_sha256:
        keys = differing_keys(a, b)
        more = f" and {len(keys) - 6} more" if len(keys) > 6 else ""
        yield f"the configurations differ in {', '.join(keys[:6])}{more}"
    if a.seed != b.seed:
        yield f"the seeds differ: {a.seed}, {b.seed}"
    if a.catalog_sha256 != b.catalog_sha256:
        yield "the catalogues differ"
    if a.rate != b.rate:
        yield f"the rates differ: {a.rate} Hz, {b.rate} Hz; times are compared in seconds"
    if a.session != b.session:
        yield "these are two sessions; times count from the beginning of each"
    elif args.other is None and (a.seed, a.catalog_sha256) != (b.seed, b.catalog_sha256):
        yield "what browsers answered was meant for the picks that were recorded"


def _without_tail(rows: list[Row]) -> Iterator[str]:
    """Leave out what only one side has at the end of a recording that was torn off there."""
    count = 0
    while rows and rows[-1].verdict in ("added", "missing"):
        rows.pop()
        count += 1
    if count:
        yield f"the recording has no clean end; {count} picks there that only one side has are left out"


def differing_keys(a: Header, b: Header) -> list[str]:
    """Keys of the deciding parts in which two configurations differ, dotted."""
    ours, theirs = flat(a.config), flat(b.config)
    return [key for key in sorted(ours.keys() | theirs.keys()) if ours.get(key) != theirs.get(key)]


def table(rows: list[Row]) -> Iterator[str]:
    """A line for each difference; runs of the same picks in one."""
    alike: list[Row] = []
    for row in rows:
        if row.verdict == "same":
            alike.append(row)
            continue
        yield from _alike(alike)
        alike = []
        yield f" {MARKS[row.verdict]} {_row(row)}"
        yield f"     {row.why}" if row.why.endswith(".") else f"     {row.why}."
    yield from _alike(alike)


def _alike(rows: list[Row]) -> Iterator[str]:
    if not rows:
        return
    first, last = rows[0].a, rows[-1].a
    assert first is not None  # of the same picks both sides are there
    assert last is not None
    span = clock(first.time_sec) if first is last else f"{clock(first.time_sec)} to {clock(last.time_sec)}"
    picks = "pick" if len(rows) == 1 else "picks"
    yield f" = {span:<22} {len(rows)} {picks} the same"


def _row(row: Row) -> str:
    side = row.a or row.b
    assert side is not None  # a row is of at least one
    at = f"{clock(side.time_sec):<10} {f'bar {side.bar}':<9}  "
    if row.verdict == "added":
        return f"{at} B adds {_item(side)}"
    if row.verdict == "missing":
        return f"{at} B lacks {_item(side)}"
    assert row.a is not None
    assert row.b is not None
    when = _shift(row)
    if row.verdict == "time":
        return f"{at} {_item(row.a)}, in B {when}"
    return f"{at} {_item(row.a)}, in B {_item(row.b)}" + (f", {when}" if when else "")


def _shift(row: Row) -> str:
    if row.shift_sec is None or abs(row.shift_sec) < 0.0005:
        return ""
    beats = f" ({row.shift_beats:+d} beats)" if row.shift_beats else ""
    return f"{abs(row.shift_sec):.3f} s {'later' if row.shift_sec > 0 else 'earlier'}{beats}"


def _item(side: Side) -> str:
    fate = {True: "", False: " (taken back)", None: " (not shown yet)"}[side.shown]
    return f"{side.item}{fate}"


def summary(totals: Totals) -> Iterator[str]:
    """The totals in words."""
    if totals.identical:
        odds = f"; {totals.odds_differ} of them had other chances" if totals.odds_differ else ""
        yield f"the same: {totals.same} picks{odds}"
        return
    yield (
        f"{100 * totals.same_share:.1f} % the same: {totals.same} same, {totals.time} at another time, "
        f"{totals.other} other, {totals.added} added, {totals.missing} missing"
    )
    yield (
        f"the same things come {totals.mean_abs_shift_sec:.3f} s apart on average "
        f"(mean shift {totals.mean_shift_sec:+.3f} s); {totals.odds_differ} of the same had other chances"
    )
    yield "first differences: " + ", ".join(f"{name} {count}" for name, count in totals.reasons.items())


def clock(seconds: float) -> str:
    """Time of a session, `h:mm:ss.s`, the hours left out where there are none."""
    tenths = round(10 * max(seconds, 0.0))
    hours, rest = divmod(tenths, 36000)
    minutes, rest = divmod(rest, 600)
    return f"{hours}:{minutes:02d}:{rest / 10:04.1f}" if hours else f"{minutes}:{rest / 10:04.1f}"
