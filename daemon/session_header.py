"""`session.json`: all that an engine needs besides samples and inputs, and what made it."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from daemon.beat_engine import engine_name, replay_exact
from daemon.config import Config
from daemon.fingerprint import code_sha256, platform_facts, tool_version
from dsp.hop import hop_of
from selector.canonical import GENESIS
from selector.catalog import Catalog

FORMAT = 1

Hash = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Sample = Annotated[int, Meta(ge=0, lt=1 << 53)]


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """Where a session begins that begins in the middle.

    Attributes:
        sample: of the show; `audio.flac` begins with it, and all logs count on from it.
        sha256: of the engine's state there, which lies in `states/`.
        prev: last hash of each log so far; 64 zeros where the log begins anew.
        continues: id of the session that ends there, if there is one.
        reason: why a new folder was begun: `rotation`, `flight`, `disk`.
    """

    sample: Sample
    sha256: Hash
    prev: dict[str, Hash]
    continues: str = ""
    reason: str = ""


def start_at(sample: int, state: bytes, prev: str, *, reason: str, continues: str = "") -> dict[str, Any]:
    """`start` of the header of a session that begins in the middle, with logs of its own.

    Args:
        sample: of the show.
        state: of the engine there.
        prev: hash of the last pick record before.
        reason: see `Start`.
        continues: see `Start`.
    """
    start = Start(
        sample=sample,
        sha256=hashlib.sha256(state).hexdigest(),
        prev={"picks": prev, "inputs": GENESIS, "events": GENESIS},
        continues=continues,
        reason=reason,
    )
    return msgspec.to_builtins(start)  # type: ignore[no-any-return]


class Closed(msgspec.Struct, frozen=True):
    """What a clean end adds to the header: samples recorded in this folder, sha256 of each file."""

    samples: Sample
    files: dict[str, Hash]


class Header(msgspec.Struct, kw_only=True, rename="camel"):
    """`session.json`: all that an engine needs besides samples and inputs, and what made it."""

    v: int
    session: str
    started_at: str
    version: str
    code: str  # sha256 of the sources a pick depends on
    seed: Annotated[int, Meta(ge=-(1 << 62), le=1 << 62)]
    rate: Annotated[int, Meta(ge=8000, le=192000)]
    hop: int
    config: dict[str, Any]
    config_sha256: str
    catalog: dict[str, Any]
    catalog_sha256: str
    input: dict[str, Any]
    beat_engine: str = "internal"  # with its version where it is not ours
    replay_exact: bool = True  # whether every machine hears the same bits
    inexact: Annotated[str, Meta(max_length=2000)] = (
        ""  # why not, where that is not the beat engine: what the self-check found
    )
    platform: dict[str, str] = {}  # what else could make other bits, see `fingerprint.platform_facts`
    resume: dict[str, Any] | None = None
    memory: dict[str, Any] | None = None  # what earlier sessions left, as `selector.memory.Memory`
    start: dict[str, Any] | None = None  # as `Start`
    closed: dict[str, Any] | None = None  # as `Closed`


# Learnt while one thread imports: threads that meet a type for the first time together crash msgspec 0.22.
msgspec.json.Decoder(Header)


def restocked(header: Header, data: bytes) -> Header:
    """The header of a folder that begins after packs changed to this catalogue (`Catalog.to_json`)."""
    sha256 = hashlib.sha256(data).hexdigest()
    return msgspec.structs.replace(header, catalog=json.loads(data), catalog_sha256=sha256)


def new_header(
    config: Config,
    catalog: Catalog,
    *,
    session: str,
    seed: int,
    rate: int,
    source: dict[str, Any],
    started_at: str = "",
    resume: dict[str, Any] | None = None,
    memory: dict[str, Any] | None = None,
    start: Start | None = None,
    inexact: str = "",
) -> Header:
    """The header of a session that begins now, made by this code.

    Args:
        config: resolved.
        catalog: what can be picked.
        session: its id.
        seed: of every draw.
        rate: sample rate in Hz.
        source: where the sound comes from, for a person.
        started_at: wall clock, ISO 8601; empty for a replay.
        resume: state of an engine that this session continues.
        memory: what earlier sessions left.
        start: where it begins, unless that is the beginning.
        inexact: what the self-check of the engine's process found, if anything.
    """
    return Header(
        v=FORMAT,
        session=session,
        started_at=started_at,
        version=tool_version(),
        code=code_sha256(),
        seed=seed,
        rate=rate,
        hop=hop_of(rate),
        config=msgspec.to_builtins(config),
        config_sha256=config.decision_sha256(),
        catalog=json.loads(catalog.to_json()),
        catalog_sha256=catalog.sha256,
        input=source,
        beat_engine=engine_name(config.dsp),
        replay_exact=replay_exact(config.dsp) and not inexact,
        inexact=inexact,
        platform=platform_facts(),
        resume=resume,
        memory=memory,
        start=None if start is None else msgspec.to_builtins(start),
    )
