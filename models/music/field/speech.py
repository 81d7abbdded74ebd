"""Speech of made-up words by espeak-ng: single voices, conversations, the murmur of a crowd."""

from __future__ import annotations

import subprocess
from functools import cache

import numpy as np

from models.music.clip import Split, random_for
from models.music.field.filters import Audio
from models.music.machine import espeak

_RATE = 22050  # of espeak-ng's output
_HEADER = 44  # bytes of its WAV header
_LANGUAGES: dict[Split, tuple[str, ...]] = {
    "train": ("en-us", "en-gb", "de", "fr-fr", "es", "it", "pt-br", "nl", "sv", "pl", "cs", "fi", "tr"),
    "valid": ("en-gb-scotland", "da", "ro", "hu", "es-419", "ca", "et"),
}
_VOICES: dict[Split, tuple[str, ...]] = {
    "train": ("f1", "f2", "f4", "m1", "m2", "m3", "m5", "m7", "klatt", "klatt2", "croak", "whisper"),
    "valid": ("f3", "f5", "m4", "m6", "m8", "klatt4", "whisperf"),
}
_STARTS: dict[Split, str] = {
    "train": "b d f g k l m n p r s t v st tr br",
    "valid": "l m n h z w kr pl gr sk t d",
}
_VOWELS: dict[Split, str] = {"train": "a e i o u ai ou ea", "valid": "a e o i ei oa u"}
_ENDS: dict[Split, str] = {"train": "n r s t l nd", "valid": "m k n rt x"}


@cache
def _words(split: Split) -> tuple[str, ...]:
    """Three hundred made-up words; those of the two splits differ in their syllables."""
    rng = random_for(0, "words", split)

    def one(sounds: str) -> str:
        choices = sounds.split()
        return choices[int(rng.integers(len(choices)))]

    def word() -> str:
        syllables = range(int(rng.integers(1, 4)))
        spoken = "".join(one(_STARTS[split]) + one(_VOWELS[split]) for _ in syllables)
        return spoken + (one(_ENDS[split]) if rng.random() < 0.5 else "")

    return tuple(word() for _ in range(300))


def _text(rng: np.random.Generator, split: Split, words: int) -> str:
    known = _words(split)
    spoken: list[str] = []
    left = 0
    for _ in range(words):
        if left == 0:
            left = int(rng.integers(3, 15))
        left -= 1
        mark = str(rng.choice((".", ".", "?", "!"))) if left == 0 else "," if rng.random() < 0.08 else ""
        spoken.append(known[int(rng.integers(len(known)))] + mark)
    return " ".join(spoken)


def _resampled(x: Audio, ratio: float) -> Audio:
    """`ratio` times as many samples, by the Fourier transform."""
    size = 1 << (len(x) - 1).bit_length()
    spectrum = np.fft.rfft(x, size)
    wide = np.fft.irfft(spectrum, 2 * round(size * ratio / 2)) * ratio
    return wide[: int(len(x) * ratio)].astype(np.float32)


def voice(rng: np.random.Generator, split: Split, seconds: float, rate: int) -> Audio:
    """One speaker for about `seconds` (up to 40 % more or less), float32[n], peak 1; pauses at full stops.

    Raises:
        MissingPackageError: espeak-ng is not installed.
    """
    name = f"{rng.choice(_LANGUAGES[split])}+{rng.choice(_VOICES[split])}"
    pace = int(rng.integers(110, 260))
    command = [espeak(), "-v", name, "-s", str(pace), "-p", str(rng.integers(20, 85)), "--stdin", "--stdout"]
    text = _text(rng, split, max(4, int(seconds * pace / 60)))
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=True)  # noqa: S603
    whole = len(done.stdout[_HEADER:]) // 2 * 2
    heard = np.frombuffer(done.stdout[_HEADER : _HEADER + whole], "<i2").astype(np.float32)
    heard /= max(1.0, float(np.abs(heard).max(initial=0.0)))
    return _resampled(heard, rate / _RATE)


def _laid(total: Audio, x: Audio, start: int, left: float, right: float) -> None:
    part = x[: max(0, len(total) - start)]
    total[start : start + len(part), 0] += left * part
    total[start : start + len(part), 1] += right * part


def talk(rng: np.random.Generator, split: Split, samples: int, rate: int, speakers: int) -> Audio:
    """Speakers who take turns, with pauses of 0 to 4 s, float32[samples, 2]."""
    total = np.zeros((samples, 2), np.float32)
    pans = rng.uniform(0.3, 1.0, (speakers, 2))
    at = int(rng.uniform(0.0, 2.0) * rate)
    while at < samples:
        spoken = voice(rng, split, float(rng.uniform(3.0, 15.0)), rate)
        left, right = pans[int(rng.integers(speakers))]
        _laid(total, spoken, at, float(left), float(right))
        at += len(spoken) + int(rng.choice((0.0, 0.3, 1.0, 4.0)) * rng.random() * rate)
    return total


def babble(rng: np.random.Generator, split: Split, samples: int, rate: int) -> Audio:
    """The murmur of a crowd: a few recorded speakers, each taken many times at other places and pitches."""
    total = np.zeros((samples, 2), np.float32)
    for _ in range(int(rng.integers(4, 8))):
        spoken = voice(rng, split, 12.0, rate)
        for _ in range(int(rng.integers(2, 5))):
            places = (np.arange(samples) * rng.uniform(0.85, 1.2) + rng.integers(len(spoken))) % len(spoken)
            moved = np.interp(places, np.arange(len(spoken)), spoken)
            total += (moved[:, None] * rng.uniform(0.1, 1.0, 2)).astype(np.float32)
    return total
