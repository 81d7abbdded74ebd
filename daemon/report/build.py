"""The report of a session: read, heard again if possible, put into one file."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

import msgspec

from daemon.fingerprint import code_sha256, tool_version
from daemon.report.collect import Collected
from daemon.report.columns import SOURCES, Deflated
from daemon.report.heard import Heard, hear
from daemon.report.html import page
from daemon.report.levels import FIELDS
from daemon.report.pick_rows import MOST_FACTORS, clipped
from daemon.session import Header, SessionReader
from daemon.verdict import Verdict

_NO_SOUND = "There is no sound in this folder, so the curves are drawn from the logs alone."


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What was made.

    Attributes:
        html: the file.
        statistics: as the page shows them.
        hops: heard again; 0 where the logs alone were used.
        parted: where the replay decided otherwise than recorded, as a sentence; else empty.
        notes: what else a reader should know.
    """

    html: str
    statistics: dict[str, Any]
    hops: int
    parted: str
    notes: list[str]


def build(
    reader: SessionReader,
    *,
    replay: bool = True,
    verdict: Verdict | None = None,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Make the report of a session.

    Args:
        reader: of the session.
        replay: hear it again; else the logs alone are used.
        verdict: of `verify`, to be stamped on the report.
        progress: called with the number of samples heard again.

    Raises:
        SessionError: a log was changed or cannot be read.
    """
    notes: list[str] = []
    collected = Collected(reader)
    heard: Heard | None = None
    if replay and not (reader.folder / "audio.flac").exists():
        notes.append(_NO_SOUND)
    elif replay:
        if reader.header.code != code_sha256():
            notes.append(f"Heard again by other code ({tool_version()}) than recorded it.")
        heard = hear(reader, progress)
        if heard.failed:
            notes.append(f"It could not be heard to its end: {heard.failed}.")
    return assemble(reader, collected, heard, notes, verdict)


def assemble(
    reader: SessionReader,
    collected: Collected,
    heard: Heard | None,
    notes: list[str],
    verdict: Verdict | None = None,
) -> Report:
    """Put together what was read and heard; see `build`."""
    if heard is not None and not heard.hops:
        heard = None
    statistics = collected.statistics.result(collected.end)
    collected.rows.row(
        "h",
        header=_facts(reader.header),
        first=round(collected.first, 4),
        end=round(collected.end, 4),
        closed=reader.closed is not None,
        madeBy=tool_version(),
        code=code_sha256(),
        notes=notes,
        parted="" if heard is None else heard.parted,
        verdict=None if verdict is None else msgspec.to_builtins(verdict),
        statistics=statistics,
        beats=len(collected.beats),
        sources=SOURCES,
        levels=None if heard is None else _levels(heard, reader.header),
    )
    blocks = {"rows": collected.rows.base64(), "beats": collected.beats.packed()}
    if heard is not None:
        planes = Deflated()
        planes.add(heard.levels.planes())
        blocks["levels"] = planes.base64()
    return Report(
        html=page(f"{clipped(reader.header.session)} · aivjd report", blocks),
        statistics=statistics,
        hops=0 if heard is None else heard.hops,
        parted="" if heard is None else heard.parted,
        notes=notes,
    )


def _levels(heard: Heard, header: Header) -> dict[str, Any]:
    return {
        "bins": heard.levels.bins,
        "seconds": heard.levels.width * header.hop / header.rate,
        "fields": [[field.name, field.low, field.high, field.stats] for field in FIELDS],
    }


def _facts(header: Header) -> dict[str, Any]:
    """The header without its catalogue and configuration, which are the bulk of it."""
    start = header.start or {}
    return {
        **{name: clipped(getattr(header, name)) for name in ("session", "version", "code", "inexact")},
        "startedAt": clipped(header.started_at),
        "configSha256": clipped(header.config_sha256),
        "catalogSha256": clipped(header.catalog_sha256),
        "beatEngine": clipped(header.beat_engine),
        "replayExact": header.replay_exact,
        "seed": str(header.seed),  # larger than what a page can count
        "rate": header.rate,
        "hop": header.hop,
        "sound": _sound(header.input),
        "platform": [
            [clipped(name), clipped(value)] for name, value in islice(header.platform.items(), MOST_FACTORS)
        ],
        "start": {name: clipped(str(start.get(name, ""))) for name in ("continues", "reason")},
    }


def _sound(source: dict[str, Any]) -> str:
    """Where it came from."""
    name = source.get("name")
    return clipped(name if isinstance(name, str) else ", ".join(f"{k} {v}" for k, v in source.items()))
