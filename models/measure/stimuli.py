"""What presets are shown to: sounds made by rule, one window of samples a frame.

30 frames a second at 44.1 kHz; the window is the last 1,024 samples, 8 bits, 128 for silence, as butterchurn
takes them. The same bytes on every machine: sines come from a table of integers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256

FPS = 30
SAMPLES = 1024
_PER_FRAME = 1470
_RATE = 44100
_TABLE = 4096
_SINE = [round(16384 * math.sin(2 * math.pi * i / _TABLE)) for i in range(_TABLE)]
KICK_FRAMES = 14
"""From one kick to the next: 128.6 BPM."""


@dataclass(frozen=True)
class Stimulus:
    """A sound.

    Attributes:
        name: what it is called in results.
        wave: `SAMPLES` bytes for each frame.
        seed: of the renderer's chance.
        envelope: 1 on frames with an onset, else 0.
    """

    name: str
    wave: bytes
    seed: int
    envelope: tuple[int, ...]

    @property
    def sha256(self) -> str:
        """Of the samples."""
        return sha256(self.wave).hexdigest()


def _tone(n: int, hertz: int) -> int:
    return _SINE[(n * hertz * _TABLE // _RATE) % _TABLE]


def _noise(n: int) -> int:
    x = (n * 2654435761) & 0xFFFFFFFF
    x ^= x >> 15
    x = (x * 2246822519) & 0xFFFFFFFF
    x ^= x >> 13
    return (x & 0x7FFF) - 16384


def _fall(since: int, half: int) -> int:
    """65536 at an onset, half of it `half` samples later, and so on."""
    whole, rest = divmod(since, half)
    level = 65536 >> min(whole, 20)
    return level - level * rest // (2 * half)


def _kick(n: int) -> int:
    since = n % (KICK_FRAMES * _PER_FRAME)
    return _tone(n, 55) * _fall(since, 3000) >> 16


def _hats(n: int) -> int:
    since = n % (KICK_FRAMES * _PER_FRAME // 2)
    return _noise(n) * _fall(since, 700) >> 17


def _pad(n: int) -> int:
    return (_tone(n, 220) + _tone(n, 277) + _tone(n, 330)) // 5


def _music(n: int) -> int:
    return _kick(n) * 3 // 4 + _hats(n) // 2 + _pad(n) // 3 + _tone(n, 110) // 5


def _silence(_n: int) -> int:
    return 0


_MADE: Mapping[str, tuple[Callable[[int], int], int, int]] = {
    "music": (_music, 1, KICK_FRAMES),
    "kick": (_kick, 1, KICK_FRAMES),
    "hats": (_hats, 1, KICK_FRAMES // 2),
    "pad": (_pad, 1, 0),
    "silence": (_silence, 1, 0),
    "floor": (_silence, 2, 0),
}
NAMES = tuple(_MADE)
"""`floor` is silence with another chance: what differs from `silence` then is chaos, not response."""


@cache
def stimulus(name: str, frames: int) -> Stimulus:
    """The stimulus `name`, one of `NAMES`, `frames` long."""
    sound, seed, every = _MADE[name]
    wave = bytearray()
    for frame in range(frames):
        end = (frame + 1) * _PER_FRAME
        wave += bytes(
            min(max(128 + (sound(n) * 110 >> 14), 0), 255)
            for n in range(max(end, SAMPLES) - SAMPLES, max(end, SAMPLES))
        )
    envelope = tuple(int(bool(every) and frame % every == 0) for frame in range(frames))
    return Stimulus(name, bytes(wave), seed, envelope)
