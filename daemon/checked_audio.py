"""The samples of a session, each stretch of them only once its checksum was found right."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

import numpy as np

from daemon.session import SessionReader
from daemon.verdict import DivergedError

TORN_S = 1.0
"""Seconds of audio that a writer which was killed may still have had in memory."""


def checked_audio(
    reader: SessionReader, sums: Iterable[tuple[int, int, str]], first: int, end: int, summed: int
) -> Iterator[np.ndarray]:
    """Samples `first` to `end` of the show, int32[n, 2], as far as they were summed.

    Args:
        reader: of the session.
        sums: end, length and sha256 of each piece, in order, from the one that reaches beyond `first`.
        first: sample to begin with.
        end: sample to end before.
        summed: sample up to which the session has checksums.

    Raises:
        DivergedError: naming the time at which the audio is not what was analysed, or ends too soon.
    """
    path = reader.folder / "audio.flac"
    rate, closed = reader.header.rate, reader.closed is not None
    source: Iterator[np.ndarray] | None = None
    held: list[np.ndarray] = []
    count = 0
    for upto, frames, sha256 in sums:
        begin = upto - frames
        if begin >= end:
            break
        if source is None:
            source = reader.audio(begin)
        while count < frames and (block := next(source, None)) is not None:
            held.append(block)
            count += len(block)
        if count < frames:
            if not closed and summed - (begin + count) <= TORN_S * rate:
                return
            raise DivergedError(
                "audio",
                f"{path} second {(begin + count) / rate:.2f}",
                "the audio ends or cannot be decoded here, but more was analysed",
            )
        joined = np.concatenate(held)
        piece, rest = joined[:frames], joined[frames:]
        held, count = [rest], len(rest)
        if hashlib.sha256(np.ascontiguousarray(piece, dtype="<i4").data).hexdigest() != sha256:
            raise DivergedError(
                "audio",
                f"{path} seconds {begin / rate:.2f} to {upto / rate:.2f}",
                "the audio is not what was analysed",
            )
        yield piece[max(0, first - begin) : end - begin]
    if closed and end >= summed:
        source = reader.audio(summed) if source is None else source
        if count or next(source, None) is not None:
            raise DivergedError("audio", str(path), "there is more audio than was analysed")
