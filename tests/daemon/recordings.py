"""Sessions for the tests of what compares and exports them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import sessions

from daemon.config import parse
from daemon.session import SessionReader, SessionWriter
from selector.canonical import HashChain

RATE = sessions.RATE
HOP = sessions.HOP


def at(seconds: float) -> int:
    """The sample of the hop that begins at about this second."""
    return int(seconds * RATE) // HOP * HOP


def record(
    folder: Path,
    pack: Path,
    music: np.ndarray,
    inputs: Sequence[dict[str, Any]] = (),
    *,
    toml: str = "",
    close: bool = True,
) -> SessionReader:
    """Record `music` (int32[n, 2] at RATE) with these inputs under this configuration."""
    header = sessions.header_of(pack, config=parse(toml, source="test"), session=folder.name)
    return SessionReader(sessions.record(folder, header, music, list(inputs), close=close)[0])


def forge(folder: Path, like: SessionReader, picks: Sequence[dict[str, Any]]) -> SessionReader:
    """The header, sound and inputs of another session with a pickLog of one's own, sealed like a true one."""
    header = msgspec.structs.replace(like.header, closed=None, session=folder.name)
    writer, chain = SessionWriter(folder, header), HashChain()
    for block in like.audio():
        writer.audio(block)
    for record in like.records("inputs"):
        if record["type"] not in ("audio", "state"):
            writer.input({name: value for name, value in record.items() if name not in ("prev", "hash")})
    for record in picks:
        writer.pick(
            chain.seal({name: value for name, value in record.items() if name not in ("prev", "hash")})
        )
    writer.close()
    return SessionReader(folder)


def _open(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in ("prev", "hash")}
