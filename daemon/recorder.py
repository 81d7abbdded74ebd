"""Writes the session while the show runs, in a thread of the main process.

A session is one folder, or several: each `rotate_min` minutes it goes on in the next, which begins with the
engine's state. A full, slow or broken disk ends the folder in hand, never the show; when there is room
again, recording begins again in the same way, and the hole lies between two folders.

Only the thread touches the disk. Main puts in what the engine says, asks what is wanted of the engine
(`wants`), and reads `on`, `folder` and `message`.
"""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Literal, TypeAlias

import msgspec

from daemon.errors import SessionError
from daemon.ring import Ring
from daemon.session import TROUBLE, Header, SessionWriter, restocked, start_at
from daemon.settings import RecordSettings
from daemon.tape import Said, StateAt, Stock, Tape
from selector.canonical import GENESIS

POLL_S = 0.05
SYNC_S = 1.0  # what a power cut can cost
PAUSE_S = 1.0
PAUSE_MAX_S = 60.0
GOOD_S = 120.0  # after so long without trouble, the next is the first again
GB = 1 << 30
ROOM = 1 << 20  # bytes beyond `keep_free_gb` to begin again

Want: TypeAlias = Literal["", "cut", "start"]


class Recorder:
    """Records what one engine hears and says.

    Args:
        root: gets the folders.
        header: of the session.
        ring: analysed samples, int32 stereo, from the engine's first on.
        settings: when to begin another folder, and what to leave free.
        write: opens a folder for writing; another one in tests.

    Attributes:
        folder: the one in hand, or the last.
        message: why nothing is recorded, or empty.
    """

    def __init__(
        self,
        root: Path,
        header: Header,
        ring: Ring,
        settings: RecordSettings,
        *,
        write: Callable[..., SessionWriter] = SessionWriter,
    ) -> None:
        self.folder = root / header.session
        self.message = ""
        self._root = root
        self._header = header
        self._settings = settings
        self._keep = settings.keep_free_gb * GB
        self._write = write
        self._tape = Tape(ring, header.hop, (header.resume or {}).get("prev", GENESIS))
        self._writer: SessionWriter | None = None
        self._first = self._state_at = 0
        self._parts = 0
        self._held = False
        self._full = ""
        self._may_begin = False
        self._no_states = ""
        self._pause = PAUSE_S
        self._trouble_at = -GOOD_S
        self._syncing: _Sync | None = None
        self._closing: list[threading.Thread] = []
        self._end: bool | None = None
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)

    # -- main's side

    @property
    def on(self) -> bool:
        """Whether the session is being written just now."""
        return self._writer is not None or not (self._parts or self.message)

    @property
    def position(self) -> int:
        """First sample not yet written."""
        return self._tape.position

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def put(self, item: Said | StateAt | Stock) -> None:
        """Record what the engine said; never blocks."""
        self._tape.put(item)

    def wants(self, sample: int) -> Want:
        """What the engine's state at about `sample` is needed for: to end this folder, or to begin one."""
        if self._writer is None:
            return "start" if self._may_begin else ""
        rotate = self._settings.rotate_min * 60 * self._header.rate
        return "cut" if self._full or (rotate and sample - self._first >= rotate) else ""

    def hold(self) -> None:
        """Write no sample beyond the state that is about to be asked for."""
        self._held = True

    def go_without_states(self, why: str) -> None:
        """The engine cannot tell its state: there is one folder, and no second try."""
        self._no_states = why
        self._held = False

    def end(self, *, clean: bool) -> None:
        """Write what is still on its way and close; returns at once.

        Args:
            clean: whether the engine said its last word: only then does anybody know that nothing is missing.
        """
        self._end = clean
        self._wake.set()

    @property
    def done(self) -> bool:
        """Whether all is written, after `end`."""
        return not self._thread.is_alive()

    # -- the thread

    def _run(self) -> None:
        self._guarded(self._begin_first)
        synced = monotonic()
        while True:
            self._wake.wait(POLL_S)
            end = self._end  # looked at first: afterwards nothing more is put in
            for item in self._tape.take():
                self._guarded(self._use, item)
            self._guarded(self._write_on, end is not None)
            if monotonic() - synced >= SYNC_S:
                self._guarded(self._sync)
                synced = monotonic()
            if end is not None:
                self._guarded(self._finish, end)
                for thread in self._closing:
                    thread.join()
                return

    def _guarded(self, step: Callable[..., None], *args: object) -> None:
        try:
            step(*args)
        except TROUBLE as error:
            self._give_up(_reason(error))

    def _use(self, item: Said | StateAt | Stock) -> None:
        if isinstance(item, StateAt):
            self._state(item)
        elif isinstance(item, Stock):
            self._header = restocked(self._header, item.data)  # of folders to come
            if self._writer is not None:
                self._writer.catalog(item.data)
        elif self._writer is not None:
            self._hear(item.position)
            self._writer.records(item.records)

    def _hear(self, until: int | None = None, *, rest: bool = False) -> None:
        assert self._writer is not None
        for block in self._tape.hear(until, rest=rest):
            self._writer.audio(block)

    def _write_on(self, ending: bool) -> None:
        if self._writer is None:
            return
        if ending or not self._held:
            self._hear(rest=ending)
        self._writer.flush()

    def _sync(self) -> None:
        self._check_disk()
        if self._writer is None or (self._syncing is not None and self._syncing.is_alive()):
            return
        if self._syncing is not None and self._syncing.error is not None:
            raise self._syncing.error
        self._syncing = _Sync(self._writer)
        self._syncing.start()

    def _let_go(self) -> tuple[SessionWriter | None, _Sync | None]:
        """The folder in hand, and who still works on it."""
        writer, self._writer = self._writer, None
        syncing, self._syncing = self._syncing, None
        return writer, syncing

    def _state(self, state: StateAt) -> None:
        if self._writer is None:
            if self._may_begin:
                self._tape.seek(state.sample)
                self._begin(state, "disk")
            return
        self._held = self._held and not state.cut
        # It comes too late to cut here if more was written already: then another is asked for.
        cut = state.cut and self.wants(state.sample) == "cut" and self._tape.position <= state.sample
        if cut:
            self._hear(state.sample)
        if state.sample > self._state_at:  # not asked for twice at one place
            self._writer.state_later(state.sample, state.data)
            self._state_at = state.sample
        if cut:
            self._writer.settle()  # so that nothing is missing between the folders, whatever ends us now
            self._close_aside()
            if self._full:
                self._stopped(self._full)
            else:
                self._begin(state, "rotation")

    def _begin(self, state: StateAt | None, reason: str) -> None:
        header = msgspec.structs.replace(self._header)
        folder = self._root / self._header.session
        if state is not None:
            header.start = start_at(
                state.sample,
                state.data,
                self._tape.prev,
                reason=reason,
                continues=self.folder.name if reason == "rotation" else "",  # else nothing ends just there
            )
            header.started_at = self._tape.clock(state.sample)
            if self._parts:
                folder = folder.with_name(f"{folder.name}-{self._parts + 1:03d}")
                header.session = folder.name
        new = not folder.exists()
        try:
            self._writer = self._write(folder, header, state=None if state is None else state.data)
        except TROUBLE:
            if new:
                shutil.rmtree(folder, ignore_errors=True)
            raise
        self._first = self._state_at = 0 if state is None else state.sample
        self._parts += 1
        self.folder = folder
        self._may_begin = False
        self._full = ""
        self.message = ""

    def _close_aside(self) -> None:
        """Close the folder while the next one is written already: hashing an hour of audio takes a while."""
        writer, syncing = self._let_go()

        def close() -> None:
            with contextlib.suppress(*TROUBLE):  # then it has no clean end, and verifies all the same
                _end(writer, syncing, clean=True)

        self._closing = [thread for thread in self._closing if thread.is_alive()]
        self._closing.append(threading.Thread(target=close, name="closing", daemon=True))
        self._closing[-1].start()

    def _finish(self, clean: bool) -> None:
        _end(*self._let_go(), clean=clean)

    # -- trouble

    def _free(self) -> float:
        place = next(folder for folder in (self._root, *self._root.absolute().parents) if folder.exists())
        return shutil.disk_usage(place).free

    def _begin_first(self) -> None:
        if self._free() < self._keep:
            raise SessionError(self._too_little())
        self._begin(None, "")

    def _too_little(self) -> str:
        return f"less than {self._settings.keep_free_gb:g} GB free on the disk"

    def _check_disk(self) -> None:
        free = self._free()
        if self._writer is None:
            waited = monotonic() - self._trouble_at >= self._pause
            self._may_begin = waited and free >= 1.1 * self._keep + ROOM
        elif free < self._keep:
            self._full = self._too_little()
            if self._no_states:
                raise SessionError(self._full)

    def _give_up(self, why: str) -> None:
        """End the folder in hand as well as it can be ended."""
        writer, syncing = self._let_go()
        self._stopped(why)
        with contextlib.suppress(*TROUBLE):
            _end(writer, syncing, clean=False)

    def _stopped(self, why: str) -> None:
        now = monotonic()
        # Soon after the last time: it tried again in vain.
        self._pause = min(2 * self._pause, PAUSE_MAX_S) if now - self._trouble_at < GOOD_S else PAUSE_S
        self._trouble_at = now
        self._held = False
        self._may_begin = False
        self._full = ""
        again = self._no_states or "it begins again by itself when there is room"
        self.message = f"recording stopped: {why}; {again}"


class _Sync(threading.Thread):
    """Brings a folder onto the disk; what is written meanwhile outlives this process, if not a power cut."""

    def __init__(self, writer: SessionWriter) -> None:
        super().__init__(name="syncing", daemon=True)
        self.error: Exception | None = None
        self._writer = writer

    def run(self) -> None:
        """Once."""
        try:
            self._writer.sync()
        except TROUBLE as error:
            self.error = error


def _end(writer: SessionWriter | None, syncing: _Sync | None, *, clean: bool) -> None:
    if syncing is not None:
        syncing.join()
    if writer is not None:
        writer.close() if clean else writer.abandon()


def _reason(error: BaseException) -> str:
    if isinstance(error, SessionError):
        return error.what
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or "the audio file could not be written"
