"""What `verify` found, and whom it blames."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from daemon.beat_engine import aubio_name
from daemon.fingerprint import code_sha256, platform_facts, tool_version
from daemon.session import Header

Cause = Literal[
    "",
    "audio",  # not what was analysed, or it ends too soon
    "input",  # `inputs.jsonl` was changed, or cannot have been written
    "picks",  # `picks.jsonl` was changed
    "events",  # `events.jsonl` was changed
    "file",  # another file than the one that was closed
    "config",  # not the configuration or the seed that the picks were made with
    "catalogue",  # not the catalogue that the picks were made with
    "state",  # the engine is in another state than was recorded, or the state is damaged
    "code",  # decided otherwise, by other code
    "platform",  # decided otherwise by the same code, but libraries, weights or machine are others
    "engine",  # decided otherwise by the same code on the same platform
    "inexact",  # decided otherwise, and the session says itself that it cannot replay exactly
    "unreadable",  # in a folder of sessions: this one cannot be opened
]
INEXACT = (
    "aubio is exact only on the machine that recorded, so a difference elsewhere does not show that "
    "the session was changed"
)


class Verdict(msgspec.Struct, kw_only=True):
    """What `verify` found.

    Attributes:
        session: its id.
        identical: everything that could be replayed gave the bytes that were recorded.
        cause: of the first divergence; empty when identical.
        where: file and line or second.
        message: a sentence.
        start: second of the show at which the session begins.
        samples: replayed.
        seconds: the same.
        picks, events, inputs, states: records of each kind.
        unverified: records after the last audio that could be replayed.
        clean_end: whether it was closed.
        notes: what a reader of the verdict should know.
        unverifiable: what no replay can show, and why.
    """

    session: str
    identical: bool
    cause: Cause = ""
    where: str = ""
    message: str = ""
    start: float = 0.0
    samples: int = 0
    seconds: float = 0.0
    picks: int = 0
    events: int = 0
    inputs: int = 0
    states: int = 0
    unverified: int = 0
    clean_end: bool = True
    notes: list[str] = []
    unverifiable: list[str] = []


class DivergedError(Exception):
    """The first thing that is not as it was recorded."""

    def __init__(self, cause: Cause, where: str, message: str) -> None:
        super().__init__(message)
        self.cause, self.where, self.message = cause, where, message


def opened(header: Header) -> Verdict:
    """The verdict as it stands before anything was replayed: what the header says of itself."""
    verdict = Verdict(session=header.session, identical=False, clean_end=header.closed is not None)
    if header.closed is None:
        verdict.notes.append("the session has no clean end; it is checked up to its last whole record")
        verdict.unverifiable.append("what came after the last whole record: nothing tells how much was lost")
    if header.code != code_sha256():
        verdict.notes.append(f"recorded by other code ({header.version}), verified by {tool_version()}")
        verdict.unverifiable.append("the engine states it holds: they are those of other code")
    if header.inexact:
        verdict.notes.append(f"recorded on a machine that failed its self-check: {header.inexact}")
    elif not header.replay_exact:
        verdict.notes.append(f"beats by {header.beat_engine}, verified with {aubio_name()}: {INEXACT}")
    if header.start is not None:
        before = header.start.get("continues") or "an earlier one"
        verdict.start = header.start["sample"] / header.rate
        verdict.unverifiable.append(
            f"the state it begins with: taken as recorded; verify session {before}, which ends in it"
        )
    return verdict


def blame(header: Header, where: str, message: str) -> DivergedError:
    """Who is to blame for a record that comes out otherwise, though audio and inputs are as recorded."""
    if header.code != code_sha256():
        return DivergedError("code", where, f"{message}; recorded by other code ({header.version})")
    if not header.replay_exact:
        return DivergedError("inexact", where, f"{message}; {header.inexact or INEXACT}")
    others = _other_facts(header)
    if others:
        return DivergedError("platform", where, f"{message}; the same code, but {others}")
    return DivergedError("engine", where, message)


def _other_facts(header: Header) -> str:
    here = platform_facts()
    return ", ".join(
        f"{name} was {told[:16]}, is {here[name][:16]}"
        for name, told in header.platform.items()
        if name in here and told != here[name]
    )


def difference(recorded: bytes, replayed: bytes) -> str:
    """The first field in which two records differ."""
    old, new = msgspec.json.decode(recorded), msgspec.json.decode(replayed)
    for key in sorted(old.keys() | new.keys()):
        if key not in ("prev", "hash") and old.get(key) != new.get(key):
            return f"`{key}` was {_short(old.get(key))}, replayed {_short(new.get(key))}"
    return "the chain before this record differs"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 200 else text[:197] + "..."
