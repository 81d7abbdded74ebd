"""The session heard again: what the logs do not hold, at every hop."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from daemon.diff.variants import hops_of
from daemon.errors import AivjdError
from daemon.export.rows import parted
from daemon.replay import engine_of
from daemon.report.levels import Levels
from daemon.session import SessionReader


class Heard(msgspec.Struct, frozen=True):
    """What a replay gave; `parted`: where it decided otherwise than recorded, `failed`: why it ended."""

    levels: Levels
    hops: int
    parted: str = ""
    failed: str = ""


def hear(reader: SessionReader, progress: Callable[[int], None] | None) -> Heard:
    """Replay the whole session, reduced as it comes; what cannot be replayed gives as much as it can."""
    levels, hops, said, failed = Levels(), 0, "", ""
    recorded = reader.lines("picks")
    try:
        for hop in hops_of(reader, engine_of(reader), progress):
            levels.add(hop.snapshot)
            hops += 1
            if not said and hop.decided:
                said = parted(hop, recorded)
    except AivjdError as error:
        failed = str(error)
    levels.finish()
    return Heard(levels, hops, said, failed)
