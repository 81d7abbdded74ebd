"""What the inputs of a session say about its stretches: one pass over `inputs.jsonl`, its chain checked."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from daemon.replay import NO_EFFECT
from daemon.session import SessionReader
from daemon.session_log import CHANGED, BrokenChainError
from daemon.verdict import DivergedError

ANCHOR_RECORDS = 64
SHA256 = re.compile("[0-9a-f]{64}")


class Mark(NamedTuple):
    """A state that was recorded: sample, sha256, line of its record."""

    sample: int
    sha256: str
    line: int


class Anchors:
    """Where in the log to begin reading for what comes after a sample."""

    def __init__(self) -> None:
        self._samples: list[int] = []
        self._offsets: list[int] = []
        self._count = 0

    def pass_by(self, sample: int, offset: int) -> None:
        """A record of this sample begins at this byte."""
        if self._count % ANCHOR_RECORDS == 0:
            self._samples.append(sample)
            self._offsets.append(offset)
        self._count += 1

    def before(self, sample: int) -> int:
        """A byte before which there is no record of `sample` or later."""
        at = bisect_left(self._samples, sample) - 1
        return self._offsets[at] if at >= 0 else 0


class Outline:
    """One pass over the inputs.

    Attributes:
        inputs: number of records that took effect.
        marks: the states, in order.
        catalogues: sample and sha256 of each change of packs, in order.
        summed: sample up to which there are checksums.

    Raises:
        DivergedError: a record was changed, or cannot have been written.
        SessionError: the log cannot be read.
    """

    def __init__(self, reader: SessionReader) -> None:
        self._reader = reader
        self.inputs = 0
        self.marks: list[Mark] = []
        self.catalogues: list[tuple[int, str]] = []
        self.summed = reader.first
        self._last = reader.first
        self._effects, self._sums = Anchors(), Anchors()
        log = reader.sealed("inputs")
        try:
            for record in log:
                fault = self._take(record, log.number, log.offset)
                if fault:
                    raise DivergedError("input", reader.line("inputs", log.number), fault)
        except BrokenChainError as broken:
            raise DivergedError("input", reader.line("inputs", broken.number), CHANGED) from broken

    def _take(self, record: dict[str, Any], line: int, offset: int) -> str:
        kind, sample = record.get("type"), record.get("sample")
        if not isinstance(kind, str) or type(sample) is not int or not self._reader.first <= sample < 1 << 53:
            return "no input has such a type or sample"
        if kind in (*NO_EFFECT, "packs") and not SHA256.fullmatch(str(record.get("sha256"))):
            return "it names no sha256"
        if kind == "audio":
            return self._sum(sample, record.get("frames"), offset)
        if kind == "state":
            if sample % self._reader.header.hop or (self.marks and sample <= self.marks[-1].sample):
                return "no state can have been taken there"
            self.marks.append(Mark(sample, record["sha256"], line))
            return ""
        if sample < self._last:
            return "it comes after inputs of a later sample"
        if kind == "packs":
            self.catalogues.append((sample, record["sha256"]))
        self._last = sample
        self.inputs += 1
        self._effects.pass_by(sample, offset)
        return ""

    def _sum(self, sample: int, frames: object, offset: int) -> str:
        # At most a second each, as nothing longer is ever held in memory.
        if type(frames) is not int or not 0 < frames <= self._reader.header.rate:
            return "no checksum is over so many samples"
        if sample - frames != self.summed:
            return f"it should begin at sample {self.summed}"
        self._sums.pass_by(sample, offset)
        self.summed = sample
        return ""

    def catalogue_at(self, sample: int) -> str:
        """sha256 of what was picked from just before a sample; empty for that of the header."""
        return next((sha256 for at, sha256 in reversed(self.catalogues) if at < sample), "")

    def offsets(self, first: int) -> tuple[int, int]:
        """Bytes from which to read effects and checksums of what begins at a sample."""
        return self._effects.before(first), self._sums.before(first)


def effects(reader: SessionReader, offset: int, first: int, end: int) -> Iterator[dict[str, Any]]:
    """Inputs that take effect from sample `first` on and before `end`; the log is read from a byte on."""
    for line in reader.lines("inputs", offset):
        record = msgspec.json.decode(line)
        if record["type"] not in NO_EFFECT:
            if record["sample"] >= end:
                return
            if record["sample"] >= first:
                yield record


def sums(reader: SessionReader, offset: int, first: int) -> Iterator[tuple[int, int, str]]:
    """Checksums (end, frames, sha256) that reach beyond sample `first`; the log is read from a byte on."""
    for line in reader.lines("inputs", offset):
        record = msgspec.json.decode(line)
        if record["type"] == "audio" and record["sample"] > first:
            yield record["sample"], record["frames"], record["sha256"]
