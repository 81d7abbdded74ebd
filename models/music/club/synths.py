"""Pitched voices: basses, chords, leads, voices. A note starts at its first sample; slow attacks say so.

Every method takes the instrument's generator (the same draws for every note), MIDI pitch, length in seconds,
velocity 0..1, and gives float32 `[n]`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from models.music.club.signals import Audio, decay, envelope, faded, phase_of, pulse, saw, seconds_axis, swept
from models.music.club.splits import family_random

SLOW_ATTACK = 0.03
"""Seconds: a note that takes longer to rise than this has no onset that a listener could agree on."""
_VOWELS = ((730, 1090, 2440), (570, 840, 2410), (300, 870, 2240), (530, 1840, 2480), (270, 2290, 3010))
_WAVES = ("saw", "pulse", "triangle", "saws", "sub")

Method = Callable[[np.random.Generator, int, float, float, float, float], Audio]


def hertz_of(pitch: float) -> float:
    """Frequency of a MIDI pitch (A4 = 69 = 440 Hz)."""
    return float(440.0 * 2.0 ** ((pitch - 69.0) / 12.0))


def _wave(rng: np.random.Generator, name: str, hertz: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    step = hertz / rate
    phase = phase_of(hertz, rate) + 0.25
    if name == "saw":
        return saw(phase, step)
    if name == "pulse":
        return pulse(phase, step, rng.uniform(0.15, 0.5))
    if name == "triangle":
        return np.asarray(2.0 * np.abs(2.0 * (phase % 1.0) - 1.0) - 1.0)
    if name == "saws":
        spread = rng.uniform(0.003, 0.015)
        detuned = (
            saw(phase * (1 + spread * k) + 0.31 * k, step * (1 + spread * k)) for k in (-1.0, -0.4, 0.5, 1.0)
        )
        return np.asarray(0.5 * sum(detuned, saw(phase, step)))
    return np.sin(2 * np.pi * phase)


def subtractive(
    rng: np.random.Generator, rate: int, pitch: float, length: float, velocity: float, attack: float
) -> Audio:
    """Oscillator through a low-pass filter whose cutoff falls after the attack."""
    name = _WAVES[int(rng.integers(len(_WAVES)))]
    release, q = rng.uniform(0.03, 0.25), rng.uniform(0.6, 5.0)
    floor, lift, fall = (
        np.exp(rng.uniform(np.log(150), np.log(2500))),
        rng.uniform(0, 4.5),
        rng.uniform(0.04, 0.5),
    )
    t = seconds_axis(rate, length + release)
    wave = _wave(rng, name, np.full(len(t), hertz_of(pitch)), rate)
    shape = envelope(t, attack, length, release)
    cutoff = floor * 2.0 ** (lift * (0.4 + 0.6 * velocity) * np.exp(-t / fall)) + 1.5 * hertz_of(pitch)
    return faded(swept((wave * shape).astype(np.float32), cutoff, rate, q=q), rate)


def fm(
    rng: np.random.Generator, rate: int, pitch: float, length: float, velocity: float, attack: float
) -> Audio:
    """Two operators: electric piano, hollow bass, metal."""
    ratio, index = float(rng.choice([0.5, 1, 1, 2, 3, 1.41, 3.5, 7])), rng.uniform(0.5, 6)
    fall, body, release = rng.uniform(0.05, 0.6), rng.uniform(0.2, 2.0), rng.uniform(0.03, 0.2)
    t = seconds_axis(rate, length + release)
    phase = hertz_of(pitch) * t
    depth = index * (0.3 + 0.7 * velocity) * decay(t, 3 * fall)
    wave = np.sin(2 * np.pi * phase + depth * np.sin(2 * np.pi * ratio * phase) + 0.6)
    return faded(wave * envelope(t, attack, length, release) * decay(t, body * 3), rate)


def pluck(
    rng: np.random.Generator, rate: int, pitch: float, length: float, velocity: float, attack: float
) -> Audio:
    """Struck bar or plucked string: partials that decay by themselves, whatever the length."""
    stretch, ring, partials = rng.uniform(0.0, 0.02), rng.uniform(0.15, 1.5), int(rng.integers(2, 10))
    tilt = rng.uniform(0.6, 1.8)
    t = seconds_axis(rate, min(max(length * 1.5, 0.12), ring))
    out = np.zeros(len(t))
    for k in range(1, partials + 1):
        hertz = hertz_of(pitch) * k * (1 + stretch * k * k)
        if hertz < 0.42 * rate:
            level = k**-tilt * (0.4 + 0.6 * velocity) ** (0.3 * k)
            out += level * np.sin(2 * np.pi * hertz * t + 0.4 * k) * decay(t, ring * 1.5 / k**0.6)
    return faded(out * envelope(t, attack, ring, 0.1), rate, 0.01)


def organ(
    rng: np.random.Generator, rate: int, pitch: float, length: float, velocity: float, attack: float
) -> Audio:
    """Draw bars with a key click."""
    bars = rng.uniform(0, 1, 6) * (rng.random(6) < 0.7) + np.array([0.2, 0.6, 0, 0, 0, 0])
    click, release = rng.uniform(0, 0.3), 0.03
    t = seconds_axis(rate, length + release)
    ratios = (0.5, 1, 1.5, 2, 3, 4)
    out = sum(
        bar * np.sin(2 * np.pi * hertz_of(pitch) * r * t + r) for bar, r in zip(bars, ratios, strict=True)
    )
    out = out + click * velocity * rng.standard_normal(len(t)) * decay(t, 0.01)
    return faded(out * envelope(t, attack, length, release), rate)


def voice(
    rng: np.random.Generator, rate: int, pitch: float, length: float, velocity: float, attack: float
) -> Audio:
    """Sung vowel: a saw with vibrato and a scoop through three moving formants, with breath."""
    scoop, vibrato, speed = rng.uniform(0, 2), rng.uniform(0, 0.5), rng.uniform(4.5, 6.5)
    first, last = (np.array(_VOWELS[int(rng.integers(len(_VOWELS)))]) for _ in range(2))
    size, breath = rng.uniform(0.85, 1.25), rng.uniform(0.0, 0.25)
    t = seconds_axis(rate, length + 0.06)
    bend = -scoop * np.exp(-t / 0.05) + vibrato * np.sin(2 * np.pi * speed * t) * np.minimum(t / 0.3, 1)
    hertz = hertz_of(pitch) * 2.0 ** (bend / 12)
    source = saw(phase_of(hertz, rate) + 0.25, hertz / rate) + breath * rng.standard_normal(len(t))
    shaped = (source * envelope(t, attack, length, 0.06)).astype(np.float32)
    way = np.minimum(t / max(length, 0.05), 1)
    out = np.zeros(len(t), dtype=np.float32)
    for k, level in enumerate((1.0, 0.6, 0.3)):
        centre = size * (first[k] + (last[k] - first[k]) * way)
        out += np.float32(level) * swept(shaped, centre, rate, q=7.0, kind="band")
    return faded(out, rate)


METHODS: dict[str, tuple[Method, ...]] = {
    "bass": (subtractive, subtractive, subtractive, fm, pluck, organ),
    "chord": (subtractive, subtractive, fm, organ, pluck),
    "arp": (subtractive, subtractive, fm, pluck, pluck),
    "lead": (subtractive, subtractive, fm, voice, pluck),
    "vocal": (voice,),
    "pad": (subtractive, subtractive, organ, voice),
}


class Instrument:
    """One pitched sound of a piece; notes are rendered once and kept.

    Args:
        role: key of `METHODS`.
        number: family number; with the role it settles every parameter.
        rate: Hz.
    """

    def __init__(self, role: str, number: int, rate: int) -> None:
        self.role, self.number, self.rate = role, number, rate
        rng = family_random(f"instrument/{role}", number)
        methods = METHODS[role]
        self._method = methods[int(rng.integers(len(methods)))]
        self.attack = float(
            rng.uniform(0.1, 0.9) if role == "pad" else rng.choice([0.0, 0.001, 0.003, 0.008])
        )
        if self._method is voice and role != "pad":
            self.attack = float(rng.uniform(0.002, 0.01))
        self._drive = float(rng.uniform(1, 6)) if rng.random() < 0.25 else 0.0
        self._notes: dict[tuple[tuple[int, ...], int, int], Audio] = {}

    @property
    def slow(self) -> bool:
        """Whether its notes have no sharp start."""
        return self.attack > SLOW_ATTACK

    def note(self, pitches: tuple[int, ...], length: float, velocity: float) -> Audio:
        """A note or chord, float32 `[n]`; lengths are kept to 20 ms, velocities to thirds."""
        layer = min(int(velocity * 3), 2)
        key = (pitches, max(round(length * 50), 2), layer)
        if key not in self._notes:
            parts = [
                self._method(
                    family_random(f"instrument/{self.role}/sound", self.number),
                    self.rate,
                    pitch,
                    key[1] / 50,
                    (layer + 1) / 3,
                    self.attack,
                )
                for pitch in pitches
            ]
            mixed = np.zeros(max(len(part) for part in parts), dtype=np.float32)
            for part in parts:
                mixed[: len(part)] += part
            if self._drive:
                mixed = np.tanh(np.float32(self._drive) * mixed)
            self._notes[key] = mixed / max(float(np.sqrt(np.mean(mixed[: self.rate // 4] ** 2))) * 4, 1e-6)
        return self._notes[key]
