"""Audio files as the analyser takes them, in blocks of any length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import soundfile

from daemon.errors import UsageError

AUDIO_BLOCK = 4096


def rechunk(blocks: Iterable[np.ndarray], size: int) -> Iterator[np.ndarray]:
    """The same samples in blocks of `size` (the last may be shorter)."""
    rest = np.empty((0, 2), dtype=np.int32)
    for samples in blocks:
        joined = np.concatenate((rest, samples)) if len(rest) else samples
        whole = len(joined) - len(joined) % size
        for start in range(0, whole, size):
            yield joined[start : start + size]
        rest = joined[whole:]
    if len(rest):
        yield rest


class AudioFile:
    """An audio file as the analyser takes it: 24-bit integers, two channels, native rate.

    Raises:
        UsageError: missing, unreadable, empty, or a rate that the analyser does not take.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            raise UsageError("no such file", where=str(path), fix="check the path")
        try:
            with soundfile.SoundFile(path) as file:
                self.rate, self.channels, self.frames = file.samplerate, file.channels, file.frames
        except soundfile.LibsndfileError as error:
            raise UsageError(
                f"not an audio file that can be read ({error.error_string.rstrip('.')})",
                where=str(path),
                fix="convert it to WAV or FLAC",
            ) from error
        if self.frames == 0:
            raise UsageError("the audio file is empty", where=str(path), fix="name another")

    def blocks(self) -> Iterator[np.ndarray]:
        """The samples, int32[n, 2]; one channel serves as both, of more the first two are taken."""
        with soundfile.SoundFile(self.path) as file:
            while len(block := file.read(AUDIO_BLOCK, dtype="int32", always_2d=True)):
                stereo = np.repeat(block, 2, axis=1) if self.channels == 1 else block[:, :2]
                yield np.ascontiguousarray(stereo >> 8)
