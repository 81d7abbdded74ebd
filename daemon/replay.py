"""Drives the engine from a recording: the same bytes come out as when it was live."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec
import numpy as np

from daemon.audio_file import rechunk
from daemon.config import Config
from daemon.engine import Engine, Hop
from daemon.errors import SessionError
from daemon.session import Header, SessionReader
from selector.canonical import canonical
from selector.catalog import Catalog
from selector.events import ResumeState


def engine_of(reader: SessionReader) -> Engine:
    """The engine that made a recorded session; see `engine_of_header`."""
    return engine_of_header(reader.header, str(reader.folder / "session.json"))


def engine_of_header(header: Header, where: str) -> Engine:
    """The engine that a session header describes, in the state in which it started.

    Raises:
        SessionError: its config or catalogue cannot be used or is not what its hash says.
    """
    try:
        config = msgspec.convert(header.config, Config)
        catalog = Catalog.from_json(canonical(header.catalog))
        resume = None if header.resume is None else msgspec.convert(header.resume, ResumeState)
    except (ValueError, msgspec.ValidationError) as error:
        raise SessionError(
            f"the header cannot be used ({error})", where=where, fix="restore the file"
        ) from error
    if config.decision_sha256() != header.config_sha256:
        raise SessionError(
            "the configuration is not the one its hash names", where=where, fix="restore the file"
        )
    if catalog.sha256 != header.catalog_sha256:
        raise SessionError("the catalogue is not the one its hash names", where=where, fix="restore the file")
    return Engine(config, catalog, seed=header.seed, rate=header.rate, resume=resume)


def drive(
    engine: Engine,
    blocks: Iterable[np.ndarray],
    inputs: Iterable[dict[str, Any]] = (),
    *,
    block: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Hop]:
    """Feed everything to the engine, hop by hop.

    Args:
        engine: fresh.
        blocks: samples, int32[n, 2].
        inputs: records of `inputs.jsonl`; checksums among them take no effect.
        block: cut the samples into blocks of this length first (the result must not depend on it).
        progress: called with the number of samples consumed after each block.
    """
    for record in inputs:
        if record["type"] != "audio":
            engine.accept(record)
    for samples in rechunk(blocks, block) if block else blocks:
        yield from engine.feed(samples)
        if progress:
            progress(engine.position)
