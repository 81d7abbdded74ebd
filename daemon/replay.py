"""Drives the engine from a recording: the same bytes come out as when it was live."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, Literal, TypeVar

import msgspec
import numpy as np

from daemon import engine_state
from daemon.audio_file import rechunk
from daemon.config import Config
from daemon.engine import Engine, Hop
from daemon.errors import AivjdError, MissingError, SessionError
from daemon.session import Header, SessionReader
from daemon.session_files import catalog_name, state_name
from selector.canonical import canonical
from selector.catalog import Catalog
from selector.events import ResumeState
from selector.memory import Memory

NO_EFFECT = ("audio", "state")
"""Types of input records that say something about the recording and reach no engine."""
ENGINE_FAULTS = (
    AivjdError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)
"""What an engine may raise that is fed with what no engine ever wrote."""


Part = Literal["config", "catalogue", "file"]
T = TypeVar("T")


class StateError(SessionError):
    """A recorded state is missing, damaged, or another one."""


class HeaderError(SessionError):
    """What a header holds cannot be used, or is not what its hash says.

    Attributes:
        part: `config`, `catalogue`, or `file` for the rest.
    """

    def __init__(self, what: str, *, where: str, part: Part) -> None:
        super().__init__(what, where=where, fix="restore the file")
        self.part = part


def engine_of(reader: SessionReader) -> Engine:
    """The engine that made a recorded session, in the state in which the session begins.

    Raises:
        HeaderError: its config or catalogue cannot be used or is not what its hash says.
        StateError: it begins in the middle, and the state there is missing, damaged or another one.
    """
    engine = engine_for(reader)
    if reader.start is not None:
        take_up(engine, reader, reader.start.sample, reader.start.sha256)
        if engine.selector._publication.log.prev != reader.first_prev("picks"):
            raise StateError(
                "the state it begins with and the pick it names as the one before are of different shows",
                where=str(reader.folder / "session.json"),
                fix="restore the file",
            )
    return engine


def engine_for(reader: SessionReader, header: Header | None = None, *, catalogue: str = "") -> Engine:
    """An engine for the inputs of a recorded session, in the state in which the show started.

    Args:
        reader: of the session.
        header: instead of the session's own. If its packs are others, these stay whatever was recorded.
        catalogue: sha256 (hex) of the one to begin with, if packs had changed; empty for that of the header.

    Raises:
        HeaderError: as `engine_of_header`.
    """
    where, header = str(reader.folder / "session.json"), header or reader.header
    stock = recorded_catalogue(reader, catalogue) if catalogue else _catalogue_of_header(header, where)
    engine = engine_of_header(header, where, stock)
    same = header.catalog_sha256 == reader.header.catalog_sha256
    engine.catalogue_of = partial(recorded_catalogue, reader) if same else lambda _: stock
    return engine


def recorded_catalogue(reader: SessionReader, sha256: str) -> Catalog:
    """A catalogue to which packs changed while the session was recorded.

    Raises:
        HeaderError: it is missing, damaged, or not the one its name says.
    """
    where = str(reader.folder / catalog_name(sha256))
    try:
        data = reader.catalog(sha256)
    except SessionError as error:
        raise HeaderError(error.what, where=where, part="catalogue") from error
    catalog = _usable("catalogue", where, lambda: Catalog.from_json(data))
    if _usable("catalogue", where, lambda: catalog.sha256) != sha256:
        raise HeaderError("the catalogue is not the one its name says", where=where, part="catalogue")
    return catalog


def take_up(engine: Engine, reader: SessionReader, sample: int, sha256: str) -> None:
    """Bring a fresh engine into a state that the session holds.

    Raises:
        StateError: it is missing, damaged, or not the one that was recorded.
    """
    where = str(reader.folder / state_name(sample))
    data = recorded_state(reader, sample, sha256)
    try:
        engine_state.restore(engine, data, where)
    except SessionError as error:
        raise StateError(error.what, where=where, fix=error.fix) from error
    if engine.position != sample:
        raise StateError(
            f"the state is that of sample {engine.position}", where=where, fix="restore the file"
        )


def recorded_state(reader: SessionReader, sample: int, sha256: str) -> bytes:
    """A state that the session holds.

    Raises:
        StateError: it is missing, damaged, or not the one that was recorded.
    """
    where = str(reader.folder / state_name(sample))
    try:
        data = reader.state(sample)
    except SessionError as error:
        raise StateError(error.what, where=error.where, fix=error.fix) from error
    if engine_state.sha256(data) != sha256:
        raise StateError("the state is not the one that was recorded", where=where, fix="restore the file")
    return data


def engine_of_header(header: Header, where: str, catalog: Catalog | None = None) -> Engine:
    """The engine that a session header describes, in the state in which the show started.

    Args:
        header: of the session.
        where: its name, for messages.
        catalog: what can be picked, instead of what the header says.

    Raises:
        HeaderError: its config or catalogue cannot be used or is not what its hash says.
    """
    config = _usable("config", where, lambda: msgspec.convert(header.config, Config))
    if _usable("config", where, config.decision_sha256) != header.config_sha256:
        raise HeaderError("the configuration is not the one its hash names", where=where, part="config")
    stock = catalog or _catalogue_of_header(header, where)
    resume = _usable(
        "file",
        where,
        lambda: None if header.resume is None else msgspec.convert(header.resume, ResumeState),
    )
    memory = _usable(
        "file", where, lambda: None if header.memory is None else msgspec.convert(header.memory, Memory)
    )
    return _usable(
        "config",
        where,
        lambda: Engine(config, stock, seed=header.seed, rate=header.rate, resume=resume, memory=memory),
    )


def _catalogue_of_header(header: Header, where: str) -> Catalog:
    catalog = _usable("catalogue", where, lambda: Catalog.from_json(canonical(header.catalog)))
    if _usable("catalogue", where, lambda: catalog.sha256) != header.catalog_sha256:
        raise HeaderError("the catalogue is not the one its hash names", where=where, part="catalogue")
    return catalog


def _usable(part: Part, where: str, make: Callable[[], T]) -> T:
    try:
        return make()
    except MissingError:
        raise
    except (*ENGINE_FAULTS, RecursionError) as error:
        raise HeaderError(f"the header cannot be used ({error})", where=where, part=part) from error


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
        engine: fresh, or in a state that was taken up.
        blocks: samples, int32[n, 2], from the engine's position on.
        inputs: records of `inputs.jsonl`, taken one by one as their time comes; checksums and states among
            them take no effect.
        block: cut the samples into blocks of this length first (the result must not depend on it).
        progress: called with the engine's position after each block.
    """
    coming = (record for record in inputs if record["type"] not in NO_EFFECT)
    record = next(coming, None)
    fed = engine.position
    for samples in rechunk(blocks, block) if block else blocks:
        fed += len(samples)
        while record is not None and record["sample"] < fed:
            engine.accept(record)
            record = next(coming, None)
        yield from engine.feed(samples)
        if progress:
            progress(engine.position)
