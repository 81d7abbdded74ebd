"""`aivjd bisect`: which key of a configuration, or which version of aivjd, makes the first pick differ."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from daemon import config as configuration
from daemon.commands.diff import clock
from daemon.commands.dispatch import end_progress, progress_bar
from daemon.config import Config
from daemon.diff.bisect import Bisection, Parting, first_parting
from daemon.diff.cause import first_difference, reason_of
from daemon.diff.keys import differing, flat
from daemon.diff.variants import Changes, changed, other_version, rerun
from daemon.errors import SessionError, UsageError
from daemon.fingerprint import code_sha256
from daemon.pick_stream import Fate, fates, pick_lines
from daemon.session import SessionReader, SessionWriter


def bisect(args: argparse.Namespace) -> int:
    """Find and tell; 1 when something differs."""
    if (args.config is None) == (args.python is None):
        raise UsageError(
            "bisect compares either a configuration or versions", fix="give --config FILE, or --python CMD"
        )
    with tempfile.TemporaryDirectory(prefix="aivjd-bisect-") as scratch:
        reader = SessionReader(args.session)
        if args.python is not None:
            return _versions(reader, args.python, Path(scratch), as_json=args.json)
        return _keys(reader, args.config, Path(scratch), as_json=args.json)


def _keys(reader: SessionReader, path: Path, scratch: Path, *, as_json: bool) -> int:
    try:
        base = msgspec.convert(reader.header.config, Config)
    except msgspec.ValidationError as error:
        raise SessionError(
            f"its configuration is not one of this version ({error})",
            where=str(reader.folder),
            fix="use the version that recorded it",
        ) from error
    other = configuration.load(path)
    keys = differing(base, other)
    if not keys:
        _say(as_json, {"keys": [], "differs": False}, "no key on which a pick depends differs")
        return 0
    header = changed(reader.header, Changes())
    reference = _reference(reader, scratch)
    search = Bisection(reader, reference, base, other, header, _shower(header.rate))
    with closing(search):
        whole = search.parting(keys)
        guilty = search.blame(keys, whole.sample + header.rate) if whole else []
        found = (search.parting(guilty) or whole) if guilty else None
    end_progress()
    if found is None:
        sentence = f"{len(keys)} keys differ ({', '.join(keys)}), but no pick does"
        _say(as_json, {"keys": [], "changed": keys, "differs": False}, sentence)
        return 0
    old, new = flat(msgspec.to_builtins(base)), flat(msgspec.to_builtins(other))
    told = {
        "differs": True,
        "keys": {key: {"a": old[key], "b": new[key]} for key in guilty},
        "changed": keys,
        "replays": search.replays,
        **_parting(found, header.rate),
    }
    if as_json:
        print(json.dumps(told, indent=1, ensure_ascii=False))
        return 1
    for key in guilty:
        print(f"{key}: {_text(old[key])} -> {_text(new[key])}")
    verb = "makes" if len(guilty) == 1 else "together make"
    print(f"{verb} pick {found.index + 1} differ")
    for line in _words(found, header.rate):
        print(f"  {line}")
    others = [key for key in keys if key not in guilty]
    if others:
        print(f"not needed for it: {', '.join(others)}")
    print(f"found with {search.replays} replays")
    return 1


def _reference(reader: SessionReader, scratch: Path) -> SessionReader:
    """Where the picks to compare with are: the recording, or what this code makes of it."""
    if reader.header.code == code_sha256():
        return reader
    header = changed(reader.header, Changes())
    writer = SessionWriter(scratch / "reference", header, audio=False)
    progress = progress_bar(reader.length, header.rate)
    for record in rerun(reader, header, progress):
        writer.pick(record)
    writer.close()
    return SessionReader(writer.folder)


def _shower(rate: int) -> Callable[[int, int], Callable[[int], None] | None]:
    """Progress of each replay, under a line that says what it tries."""

    def show(keys: int, samples: int) -> Callable[[int], None] | None:
        bar = progress_bar(samples, rate)
        if bar is not None:
            end_progress()
            print(f"replay with {keys} changed {'key' if keys == 1 else 'keys'}", file=sys.stderr)
        return bar

    return show


def _versions(reader: SessionReader, commands: list[str], scratch: Path, *, as_json: bool) -> int:
    """Each version against the recording and against the one before it."""
    told: list[dict[str, Any]] = []
    before: SessionReader | None = None
    for number, command in enumerate(commands):
        made = other_version(command, reader.folder, Changes(), scratch / f"version-{number}")
        found = {"recording": _between(reader, made)}
        if before is not None:
            found["before"] = _between(before, made)
        told.append(
            {
                "python": command,
                "version": made.header.version,
                "code": made.header.code,
                **{against: p and _parting(p, reader.header.rate) for against, p in found.items()},
            }
        )
        if not as_json:
            print(f"{command}: {made.header.version}, code {made.header.code[:12]}")
            for against, parting in found.items():
                whom = "the recording" if against == "recording" else "the version before"
                what = "the same" if parting is None else f"pick {parting.index + 1} differs"
                print(f"  against {whom}: {what}")
                for line in () if parting is None else _words(parting, reader.header.rate):
                    print(f"    {line}")
        before = made
    if as_json:
        print(json.dumps({"versions": told}, indent=1, ensure_ascii=False))
    return int(any(one["recording"] or one.get("before") for one in told))


def _between(a: SessionReader, b: SessionReader) -> Parting | None:
    ticks = ((fate.known, fate) for fate in fates(pick_lines(b)))
    return first_parting(fates(pick_lines(a)), ticks, a.header.rate, clean_end=a.closed is not None)


def _parting(found: Parting, rate: int) -> dict[str, Any]:
    """For JSON: which pick, when, and the first factor that differs."""
    told: dict[str, Any] = {"pick": found.index + 1}
    for side, fate in (("a", found.a), ("b", found.b)):
        told[side] = None if fate is None else {"item": _item(fate), "timeSec": round(fate.moment / rate, 6)}
    if found.a is not None and found.b is not None:
        told["field"], told["why"] = first_difference(found.a, found.b, rate, rate)
    return told


def _words(found: Parting, rate: int) -> Iterator[str]:
    for side, fate in (("A", found.a), ("B", found.b)):
        yield f"{side}: {'nothing' if fate is None else f'{clock(fate.moment / rate)}  {_item(fate)}'}"
    if found.a is not None and found.b is not None:
        yield first_difference(found.a, found.b, rate, rate).why
    else:
        alone = found.a or found.b
        assert alone is not None  # a parting is of at least one pick
        yield reason_of(alone.pick)


def _item(fate: Fate) -> str:
    return f"{fate.pick.pack}:{fate.pick.ident}" + (" (taken back)" if fate.shown is False else "")


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _say(as_json: bool, told: dict[str, Any], sentence: str) -> None:
    print(json.dumps(told, indent=1) if as_json else sentence)
