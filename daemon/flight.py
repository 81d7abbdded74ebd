"""The flight recorder: the last minutes, always, in memory; written as a session when asked for.

It keeps chunks that begin with a state of the engine: audio as FLAC in pieces of some seconds, records as
JSON, the state deflated. What is written begins with the oldest chunk's state and verifies like any other
session. Keeping has a thread, and each writing another, so that a slow disk delays neither.
"""

from __future__ import annotations

import contextlib
import io
import shutil
import threading
import zlib
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import soundfile

from daemon.errors import SessionError
from daemon.ring import Ring
from daemon.session import TROUBLE, Header, SessionWriter, restocked, start_at
from daemon.tape import Said, StateAt, Stock, Tape
from selector.canonical import GENESIS

POLL_S = 0.5
PIECE_S = 5
LAG_S = 5  # audio waits so long for the state that may cut it
TOO_LONG_S = 600  # a chunk: no state comes any more


class Save(NamedTuple):
    """An order to write what is there.

    Attributes:
        folder: to be made; whole, or not at all.
        done: called with the seconds written, or with what went wrong, from another thread.
    """

    folder: Path
    done: Callable[[Path, float | SessionError], object]


class _End(NamedTuple):
    clean: bool


class Chunk(msgspec.Struct):
    """What was heard and said from one state on.

    Attributes:
        first: sample.
        clock: when that was heard, ISO 8601.
        state: of the engine there, deflated; None at its very beginning.
        prev: hash of the last pick record before.
        pieces: audio, FLAC.
        end: sample after the last of `pieces`.
        said: (position, records as JSON).
        header: of the session, with the packs there.
        stock: catalogues that `said` names.
    """

    first: int
    clock: str
    state: bytes | None
    prev: str
    end: int
    pieces: list[bytes]
    said: list[tuple[int, bytes]]
    header: Header
    stock: list[bytes]


class Flight:
    """Keeps what one engine hears and says.

    Args:
        header: of its session.
        ring: analysed samples, int32 stereo, from the engine's first on.
        minutes: to keep; up to one state's distance more are there.
    """

    def __init__(self, header: Header, ring: Ring, minutes: float) -> None:
        self._header = header
        self._rate = header.rate
        self._keep = int(minutes * 60 * header.rate)
        self._tape = Tape(ring, header.hop, (header.resume or {}).get("prev", GENESIS))
        self._chunks: deque[Chunk] = deque(
            [Chunk(0, header.started_at, None, self._tape.prev, 0, [], [], header, [])]
        )
        self._raw: deque[np.ndarray] = deque()
        self._raw_first = 0
        self._clean: bool | None = None
        self._over = False
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="flight", daemon=True)
        self._thread.start()

    # -- main's side

    @property
    def session(self) -> str:
        """Id of the session that it belongs to."""
        return self._header.session

    @property
    def seconds(self) -> float:
        """How much there is."""
        chunks = self._chunks
        return (self._tape.position - chunks[0].first) / self._rate if chunks else 0.0

    @property
    def bytes(self) -> int:
        """About how much memory it takes."""
        kept = sum(
            len(chunk.state or b"")
            + sum(map(len, chunk.pieces))
            + sum(len(data) for _, data in chunk.said)
            + sum(map(len, chunk.stock))
            for chunk in tuple(self._chunks)
        )
        return kept + sum(block.nbytes for block in tuple(self._raw))

    def put(self, item: Said | StateAt | Stock | Save) -> None:
        """Keep what the engine said, or write what is there; never blocks.

        A state is best put just before a `Save`: what came after the last one is not written.
        """
        self._tape.put(item)
        if isinstance(item, Save):
            self._wake.set()

    def end(self, *, clean: bool) -> None:
        """The engine has ended; what is there can still be written.

        Args:
            clean: whether it said its last word.
        """
        self._tape.put(_End(clean))

    @property
    def done(self) -> bool:
        """Whether it needs the ring no more, after `end`."""
        return self._clean is not None or not self._thread.is_alive()

    def stop(self) -> None:
        """End the thread."""
        self._over = True
        self._wake.set()

    # -- the thread

    def _run(self) -> None:
        while not self._over:
            self._wake.wait(POLL_S)
            if not self._over:
                self._wake.clear()
            for item in self._tape.take():
                self._use(item)
            if self._clean is None:
                self._hear()

    def _hear(self, until: int | None = None, *, rest: bool = False) -> None:
        """Take in audio, all that there is or up to a sample, and press what is old enough."""
        try:
            for block in self._tape.hear(until, rest=rest):
                self._raw.append(block)
        except SessionError:
            self._chunks.clear()
        if (
            self._chunks
            and self._tape.position - self._chunks[-1].first > self._keep + TOO_LONG_S * self._rate
        ):
            self._chunks.clear()
        if not self._chunks:  # it begins anew with the next state
            self._raw.clear()
            self._raw_first = self._tape.position
        while self._tape.position - self._raw_first >= (PIECE_S + LAG_S) * self._rate:
            self._press(self._raw_first + PIECE_S * self._rate)

    def _press(self, end: int) -> None:
        """Turn raw audio up to a sample into a piece of the chunk in hand."""
        frames, taken = end - self._raw_first, []
        while frames > 0:
            block = self._raw.popleft()
            if len(block) > frames:
                self._raw.appendleft(block[frames:])
                block = block[:frames]
            taken.append(block)
            frames -= len(block)
        if taken:
            self._chunks[-1].pieces.append(_flac(np.concatenate(taken), self._rate))
        self._chunks[-1].end = self._raw_first = end

    def _use(self, item: Any) -> None:
        match item:
            case Said() if self._chunks:
                self._chunks[-1].said.append((item.position, msgspec.json.encode(item.records)))
            case Stock():
                self._header = restocked(self._header, item.data)  # of chunks to come
                if self._chunks:
                    self._chunks[-1].stock.append(item.data)
            case StateAt():
                self._state(item)
            case _End():
                self._hear(rest=True)
                if self._chunks:
                    self._press(self._tape.position)
                self._clean = item.clean
            case Save():
                self._save(item)

    def _state(self, state: StateAt) -> None:
        self._hear(state.sample)
        if self._chunks:
            if state.sample == self._chunks[-1].first:
                return  # asked for twice
            if not self._raw_first <= state.sample <= self._tape.position:
                return  # it comes much too late
            self._press(state.sample)
        else:
            self._tape.seek(state.sample)
            self._raw_first = state.sample
        self._chunks.append(
            Chunk(
                first=state.sample,
                clock=self._tape.clock(state.sample),
                state=zlib.compress(state.data, 1),
                prev=self._tape.prev,
                end=state.sample,
                pieces=[],
                said=[],
                header=self._header,
                stock=[],
            )
        )
        while len(self._chunks) > 1 and state.sample - self._chunks[1].first >= self._keep:
            self._chunks.popleft()

    def _save(self, order: Save) -> None:
        chunks = list(self._chunks)
        if chunks and self._clean is None:
            # What the chunk in hand has since its state may be cut anywhere.
            chunks[-1] = msgspec.structs.replace(
                chunks[-1], end=chunks[-1].first, pieces=[], said=[], stock=[]
            )
        job = threading.Thread(target=self._write, args=[order, chunks], name="saving", daemon=True)
        job.start()

    def _write(self, order: Save, chunks: list[Chunk]) -> None:
        """Write a session beside its place and put it there when it is whole."""
        part = order.folder.with_name(order.folder.name + ".part")
        try:
            seconds = self._write_to(part, order, chunks)
            part.rename(order.folder)
        except TROUBLE as error:
            shutil.rmtree(part, ignore_errors=True)
            what = error.what if isinstance(error, SessionError) else str(error)
            order.done(order.folder, SessionError(what or "it could not be written"))
        else:
            order.done(order.folder, seconds)

    def _write_to(self, part: Path, order: Save, chunks: list[Chunk]) -> float:
        if not chunks or chunks[-1].end == chunks[0].first:
            raise SessionError("nothing has been kept yet")
        oldest = chunks[0]
        header = msgspec.structs.replace(
            oldest.header, session=order.folder.name, started_at=oldest.clock, start=_start(oldest)
        )
        writer = SessionWriter(part, header, state=_inflated(oldest.state))
        try:
            for chunk in chunks:
                state = _inflated(chunk.state)
                if chunk is not oldest and state is not None:
                    writer.state(chunk.first, state)
                _write_chunk(writer, chunk)
        except BaseException:
            with contextlib.suppress(OSError, soundfile.LibsndfileError):
                writer.abandon()
            raise
        # An engine that died may have had more to say.
        writer.abandon() if self._clean is False else writer.close()
        return (chunks[-1].end - oldest.first) / self._rate


def _start(chunk: Chunk) -> dict[str, Any] | None:
    state = _inflated(chunk.state)
    if state is None:
        return None
    return start_at(chunk.first, state, chunk.prev, reason="flight")


def _inflated(state: bytes | None) -> bytes | None:
    return None if state is None else zlib.decompress(state)


def _write_chunk(writer: SessionWriter, chunk: Chunk) -> None:
    """Audio and records in the order in which they came."""
    for catalog in chunk.stock:
        writer.catalog(catalog)
    said = deque(chunk.said)
    for piece in chunk.pieces:
        samples, _ = soundfile.read(io.BytesIO(piece), dtype="int32", always_2d=True)
        samples >>= 8
        while said and said[0][0] <= writer.samples + len(samples):
            position, data = said.popleft()
            before = max(0, position - writer.samples)
            writer.audio(samples[:before])
            samples = samples[before:]
            writer.records(msgspec.json.decode(data))
        writer.audio(samples)
    for _, data in said:
        writer.records(msgspec.json.decode(data))


def _flac(samples: np.ndarray, rate: int) -> bytes:
    """int32[n, 2] holding 24-bit integers, as a FLAC file."""
    file = io.BytesIO()
    soundfile.write(file, samples << 8, rate, format="FLAC", subtype="PCM_24")
    return file.getvalue()
