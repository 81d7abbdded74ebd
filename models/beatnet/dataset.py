"""Clips as features and truth, ready for training: made once, then read through the page cache.

A folder of clips holds `NNNNN.flac` beside `NNNNN.json` (`models.music.clip.Truth`). Features of each clip
lie in `features-VERSION/NNNNN-CONTENT.npy`, so that other audio or another front end never meets old
features, and work that was interrupted goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import multiprocessing
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import soundfile
from numpy.typing import NDArray

from dsp.frames import FRAME_RATE, frames_of
from models.errors import ModelsError
from models.music.clip import Truth

Float16 = NDArray[np.float16]
Progress = Callable[[int, int], None]

PROCESSES = 2
LEAST_FRAMES = 2 * FRAME_RATE


class DatasetError(ModelsError):
    """A folder of clips cannot be used."""


class Piece(msgspec.Struct):
    """One clip: its truth, and features float16[n, FEATURES], mapped from the file."""

    truth: Truth
    features: Float16


def features_version() -> str:
    """Name of what the front end does, by what it makes of fixed noise bursts at two rates.

    The front end gives equal bits on every machine, so equal behaviour has an equal name, and tidying its
    code changes nothing.
    """
    digest = hashlib.sha256()
    for rate in (44100, 48000):
        raw = np.random.Philox(key=1).random_raw(2 * rate)
        noise = (raw >> np.uint64(40)).astype(np.int64) - (1 << 23)
        loudness = np.arange(rate) * 8 % rate * 256 // rate
        samples = noise.reshape(rate, 2) * loudness[:, None] // 256
        digest.update(frames_of(samples.astype(np.int32), rate).tobytes())
    return digest.hexdigest()[:16]


def prepare(folder: Path, progress: Progress | None = None) -> list[Piece]:
    """All clips of a folder with their features, which are made where they are missing.

    Args:
        folder: of clips.
        progress: told how many are done, of how many.

    Returns:
        the pieces, by name.

    Raises:
        DatasetError: there is no clip, or one that cannot be read.
    """
    # The truth of a clip is written last: where it lies, the clip is whole.
    names = sorted(path.stem for path in folder.glob("[0-9]*.json"))
    if not names:
        raise DatasetError("no clips here", where=str(folder), fix="make some with `aivjd models make-music`")
    cache = folder / f"features-{features_version()}"
    cache.mkdir(exist_ok=True)
    jobs = [(folder / f"{name}.flac", cache) for name in names]
    pieces = []
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        for done, (name, path) in enumerate(zip(names, pool.imap(_featured, jobs, 8), strict=True), 1):
            features = np.load(path, mmap_mode="r")
            if len(features) >= LEAST_FRAMES:
                pieces.append(Piece(_truth(folder / f"{name}.json"), features))
            if progress:
                progress(done, len(names))
    return pieces


def _featured(job: tuple[Path, Path]) -> Path:
    """The file with the features of one clip."""
    audio, cache = job
    content = hashlib.sha256(audio.read_bytes()).hexdigest()[:16]
    path = cache / f"{audio.stem}-{content}.npy"
    if not path.exists():
        samples, rate = soundfile.read(audio, dtype="int32", always_2d=True)
        if samples.shape[1] != 2:
            raise DatasetError(f"has {samples.shape[1]} channels", where=str(audio), fix="make it stereo")
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            np.save(file, frames_of(samples >> 8, rate).astype(np.float16))
        part.replace(path)
    return path


def _truth(path: Path) -> Truth:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Truth)
    except (OSError, msgspec.DecodeError) as error:
        raise DatasetError(f"its truth cannot be read ({error})", where=str(path)) from error
