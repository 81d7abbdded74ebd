"""Sessions as the daemon would record them, without its processes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from daemon import engine_state
from daemon.config import Config
from daemon.engine import log_records
from daemon.packs import load
from daemon.replay import drive, engine_of_header
from daemon.session import Header, SessionWriter, new_header, restocked, start_at
from selector.canonical import GENESIS
from selector.catalog import Catalog

RATE = 48000
HOP = 256


def header_of(pack: Path, *, config: Config | None = None, seed: int = 11, session: str = "test") -> Header:
    return new_header(
        config or Config(),
        load([pack]).catalog,
        session=session,
        seed=seed,
        rate=RATE,
        source={"name": "test"},
        started_at="2026-01-01T00:00:00+00:00",
    )


def record(
    folder: Path,
    header: Header,
    music: np.ndarray,
    inputs: list[dict[str, Any]] = [],  # noqa: B006 (never changed)
    *,
    state_s: float = 0.0,
    rotate_s: float = 0.0,
    close: bool = True,
    stock: Sequence[Catalog] = (),
) -> list[Path]:
    """Record music, a state every `state_s` seconds, a folder for every `rotate_s`; give the folders.

    `stock` are the catalogues that inputs of type `packs` name.
    """
    every = int(state_s * RATE) // HOP * HOP or 1 << 60
    turn = int(rotate_s * RATE) // HOP * HOP or 1 << 60
    engine = engine_of_header(header, "test")
    known = {catalog.sha256: catalog for catalog in stock}
    engine.catalogue_of = known.__getitem__
    writer, folders, prev = SessionWriter(folder, header), [folder], GENESIS
    for hop in drive(engine, [music], inputs):
        writer.audio(music[hop.position - HOP : hop.position])
        for applied in hop.applied:
            if applied["type"] == "packs":
                data = known[applied["sha256"]].to_json()
                writer.catalog(data)
                header = restocked(header, data)
            writer.input(applied)
        for log, line in log_records(hop):
            (writer.pick if log == "picks" else writer.event)(line)
            prev = line["hash"] if log == "picks" else prev
        if hop.position % every == 0 or hop.position % turn == 0:
            writer.state(hop.position, state := engine_state.dump(engine))
        if hop.position % turn == 0:
            writer.close()
            start = start_at(hop.position, state, prev, reason="rotation", continues=header.session)
            header = msgspec.structs.replace(header, session=f"test-{len(folders)}", closed=None, start=start)
            folder = folders[0].with_name(f"{folders[0].name}-{len(folders)}")
            folders.append(folder)
            writer = SessionWriter(folder, header, state=state)
    writer.audio(music[engine.position :])
    writer.close() if close else writer.abandon()
    return folders


def copied(source: Path, target: Path) -> Path:
    """A copy that may be damaged."""
    for file in chain(source.glob("*.*"), source.glob("states/*"), source.glob("catalogs/*")):
        place = target / file.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(file.read_bytes())
    return target
