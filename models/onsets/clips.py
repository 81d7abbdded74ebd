"""Clips as features of hops and truth: made once, then mapped from files.

A folder of clips holds `NNNNN.flac` beside `NNNNN.json` (`models.music.clip.Truth`). Features of a clip lie
in `onset-features-VERSION/NNNNN-CONTENT.npy`, so other audio or another front end never meets old features.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import numpy as np
import soundfile
from numpy.typing import NDArray

from dsp.onset_features import features_of
from models.errors import ModelsError
from models.music.clip import Truth

Float16 = NDArray[np.float16]


class OnsetDataError(ModelsError):
    """A folder of clips cannot be used."""


class Piece(msgspec.Struct):
    """One clip: its sample rate, its truth, and features float16[n, FEATURES], mapped from the file."""

    rate: int
    truth: Truth
    features: Float16


def features_version() -> str:
    """Name of what the front end does, by what it makes of fixed noise bursts at two rates.

    The front end gives equal bits on every machine, so equal behaviour has an equal name.
    """
    digest = hashlib.sha256()
    for rate in (44100, 48000):
        raw = np.random.Philox(key=1).random_raw(2 * rate)
        noise = (raw >> np.uint64(40)).astype(np.int64) - (1 << 23)
        loudness = np.arange(rate) * 8 % rate * 256 // rate
        samples = noise.reshape(rate, 2) * loudness[:, None] // 256
        digest.update(features_of(samples.astype(np.int32), rate).tobytes())
    return digest.hexdigest()[:16]


def prepare(folder: Path, most: int | None = None) -> list[Piece]:
    """Clips of a folder with their features, which are made where they are missing.

    Args:
        folder: of clips.
        most: take no more than so many, the first by name.

    Raises:
        OnsetDataError: there is no clip, or one that cannot be read.
    """
    paths = sorted(folder.glob("*.flac"))[:most]
    if not paths:
        raise OnsetDataError(
            "no clips here", where=str(folder), fix="make some with `aivjd models make-music`"
        )
    cache = folder / f"onset-features-{features_version()}"
    cache.mkdir(exist_ok=True)
    pieces = []
    for path in paths:
        try:
            truth = msgspec.json.decode(path.with_suffix(".json").read_bytes(), type=Truth)
        except (OSError, msgspec.DecodeError) as error:
            raise OnsetDataError(f"its truth cannot be read ({error})", where=str(path)) from error
        rate = soundfile.info(path).samplerate
        pieces.append(Piece(rate, truth, np.load(_featured(path, cache), mmap_mode="r")))
    return pieces


def _featured(audio: Path, cache: Path) -> Path:
    """The file with the features of one clip."""
    content = hashlib.sha256(audio.read_bytes()).hexdigest()[:16]
    path = cache / f"{audio.stem}-{content}.npy"
    if not path.exists():
        samples, rate = soundfile.read(audio, dtype="int32", always_2d=True)
        if samples.shape[1] != 2:
            raise OnsetDataError(f"has {samples.shape[1]} channels", where=str(audio), fix="make it stereo")
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            np.save(file, features_of(samples >> 8, rate).astype(np.float16))
        part.replace(path)
    return path
