"""A show without its processes: the real engine, ring, recorder and flight recorder, as fast as they go."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from daemon.config import Config
from daemon.engine import Engine, log_records
from daemon.engine_state import dump
from daemon.packs import load
from daemon.recording import Recording
from daemon.replay import engine_of_header
from daemon.ring import Ring
from daemon.session import SessionReader, new_header
from daemon.settings import RecordSettings
from daemon.verify import Verdict, verify

RATE = 48000
BLOCK = 441  # not a whole number of hops, like most sound cards


class Studio:
    """Plays music to a fresh engine and has it recorded.

    Args:
        pack: what is picked from.
        root: gets the folders, None records nothing.
        settings: of the recording.
        ring_s: seconds that fit the ring of analysed samples, about.
    """

    def __init__(
        self, pack: Path, root: Path | None, settings: RecordSettings, *, ring_s: float = 20
    ) -> None:
        self.header = new_header(
            Config(), load([pack]).catalog, session="20260101-000000-test", seed=11, rate=RATE, source={}
        )
        self.engine: Engine = engine_of_header(self.header, "test")
        self.ring = Ring.create("test", 2, 1 << int(ring_s * RATE).bit_length() - 1, RATE, "int32", readers=0)
        self.warnings: list[str] = []
        self.recording = Recording(settings, root, ask=self._asked, warn=self.warnings.append)
        self._wanted = False
        self.recording.begin(self.header, self.ring)

    def _asked(self) -> None:
        self._wanted = True

    def play(self, music: np.ndarray, inputs: Iterable[dict[str, Any]] = (), *, wait: bool = True) -> None:
        """Let the engine hear it.

        Args:
            music: int32[n, 2].
            inputs: as in `inputs.jsonl`.
            wait: for the recorder, as the clock would.
        """
        for record in inputs:
            self.engine.accept(record)
        for start in range(0, len(music), BLOCK):
            self.ring.write(music[start : start + BLOCK])
            for hop in self.engine.feed(music[start : start + BLOCK]):
                said = {"logs": list(log_records(hop)), "applied": hop.applied, "position": hop.position}
                self.recording.heard(said)
            if start // BLOCK % 20 == 0:
                self.tick(wait=wait)

    def tick(self, *, wait: bool = True) -> None:
        """What happens twice a second, and the engine's answer to it."""
        self.recording.tick()
        if self._wanted:
            self._wanted = False
            self.recording.heard({"state": self.engine.position, "data": dump(self.engine)})
        recorder = self.recording.recorder
        if wait and recorder is not None and recorder.on:
            until(lambda: not recorder.on or self.ring.written - recorder.position < self.ring.capacity // 2)

    def end(self, *, clean: bool = True) -> None:
        """The engine ends; everything is written when this returns."""
        self.recording.end(clean=clean)
        recorder = self.recording.recorder
        if recorder is not None:
            until(lambda: recorder.done)


def until(true: Callable[[], Any], patience_s: float = 20.0) -> None:
    """Wait for something that another thread does."""
    deadline = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.005)


def judged(folder: Path) -> Verdict:
    """What `verify` says."""
    return verify(SessionReader(folder))


def samples_of(folder: Path) -> np.ndarray:
    """All audio of a folder, int32[n, 2]."""
    return np.concatenate(list(SessionReader(folder).audio()))


def said_in(folders: Iterable[Path], log: str) -> list[dict[str, Any]]:
    """Records of several folders one after the other, without their places in the chains."""
    return [
        {key: value for key, value in record.items() if key not in ("prev", "hash")}
        for folder in folders
        for record in SessionReader(folder).records(log)
        if record["type"] not in ("audio", "state")
    ]
