"""What was heard, kept on disk and played back: deciding again then needs no hearing again.

Hearing takes nearly all of a replay's time and depends on the sound, the inputs and the `dsp` part of the
configuration alone. So a search among keys of the `selector` part hears once.
"""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Iterator
from typing import Final

import msgspec
import numpy as np

from dsp.events import HopResult

BATCH: Final = 64
"""Hops that are packed together."""

_NOTHING = np.zeros((1, 2), dtype=np.int32)


class Hearing:
    """Stands in the place of an analyser: hears by the real one and keeps it, or plays back what was kept.

    Args:
        analyzer: the real one; None to play back.
        tape: where it is kept.
    """

    def __init__(self, tape: Tape, analyzer: object = None) -> None:
        self._tape, self._analyzer = tape, analyzer
        self.hop = tape.hop
        self.position = tape.start
        self._kept = tape.play() if analyzer is None else iter(())

    def step(self, samples: np.ndarray) -> HopResult:
        """One hop; when playing back, `samples` is not looked at."""
        self.position += self.hop
        if self._analyzer is None:
            return next(self._kept)
        heard: HopResult = self._analyzer.step(samples)  # type: ignore[attr-defined]
        self._tape.keep(heard)
        return heard

    def __getattr__(self, name: str) -> object:
        """Commands to the analyser: what they did to what was heard is on the tape already."""
        if self._analyzer is not None:
            return getattr(self._analyzer, name)
        return lambda *_: None


class Tape:
    """Results of hops, in order, in a file that vanishes with this object.

    Args:
        hop: samples in a hop.
        start: sample of the first.
    """

    def __init__(self, hop: int, start: int) -> None:
        self.hop, self.start = hop, start
        self.hops = 0
        self._file = tempfile.TemporaryFile(prefix="aivjd-heard-")  # noqa: SIM115 - as long as this object
        self._batch: list[HopResult] = []
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(list[HopResult]).decode

    def keep(self, heard: HopResult) -> None:
        """Append one hop."""
        self._batch.append(heard)
        self.hops += 1
        if len(self._batch) == BATCH:
            self.finish()

    def finish(self) -> None:
        """Write what is held."""
        packed = zlib.compress(self._encode(self._batch), 1)
        self._file.write(len(packed).to_bytes(4, "little") + packed)
        self._batch = []

    def play(self) -> Iterator[HopResult]:
        """All hops from the first."""
        self._file.seek(0)
        while size := self._file.read(4):
            yield from self._decode(zlib.decompress(self._file.read(int.from_bytes(size, "little"))))

    def blocks(self) -> Iterator[np.ndarray]:
        """As many samples as were heard, int32[n, 2]; what they hold does not matter."""
        hop = np.repeat(_NOTHING, self.hop, axis=0)
        for _ in range(self.hops):
            yield hop

    def close(self) -> None:
        """The file vanishes."""
        self._file.close()
