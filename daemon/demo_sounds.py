"""The instruments of the demo track: each sound is made once, as samples, from its name.

Everything is synthesised here from sine waves, single-cycle tables and hashed noise; no recording is
used. Sounds are stereo, start at their first sample and end at zero.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from daemon.demo_score import BEATS_PER_BAR, BPM, CHORDS

Mono = NDArray[np.float64]
Stereo = NDArray[np.float32]

_TABLE = 2048
_SECONDS_PER_BEAT = 60.0 / BPM
_SECONDS_PER_BAR = BEATS_PER_BAR * _SECONDS_PER_BEAT


class Sounds:
    """Makes and keeps sounds for one sample rate.

    Args:
        rate: samples a second.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._made: dict[tuple[str | int, ...], Stereo] = {}

    def get(self, sound: tuple[str | int, ...]) -> Stereo:
        """Samples of a sound, float32 of shape (n, 2), roughly within -1..1.

        Args:
            sound: name and arguments, as they stand in a `Note`.
        """
        if sound not in self._made:
            name, *arguments = sound
            maker: Callable[..., NDArray[np.float64]] = getattr(self, f"_{name}")
            made = maker(*arguments)
            stereo = made if made.ndim == 2 else np.stack([made, made], axis=1)
            self._made[sound] = self._closed(stereo).astype(np.float32)
        return self._made[sound]

    # Drums

    def _kick(self) -> Mono:
        t = self._time(0.34)
        # A pitch falling from 230 to 47 Hz; its integral is the phase.
        phase = 47.0 * t + 130.0 * 0.030 * (1 - np.exp(-t / 0.030)) + 55.0 * 0.006 * (1 - np.exp(-t / 0.006))
        body = np.sin(2 * np.pi * phase + 0.6) * np.exp(-t / 0.14)
        click = self._band(self._noise(len(t), 1), 1500, 7000) * np.exp(-t / 0.002)
        return np.tanh(1.7 * body + 0.35 * click)

    def _clap(self) -> NDArray[np.float64]:
        t = self._time(0.25)
        envelope = np.exp(-t / 0.09) * 0.6
        for late in (0.0, 0.010, 0.021):
            envelope += np.where(t >= late, np.exp(-np.maximum(t - late, 0) / 0.006), 0.0)
        dry = self._band(self._noise(len(t), 2), 900, 5200) * envelope
        return self._in_room(0.55 * dry, wet=0.35, seconds=0.5)

    def _snare(self) -> NDArray[np.float64]:
        t = self._time(0.16)
        rattle = self._band(self._noise(len(t), 3), 1400, 9000) * np.exp(-t / 0.05)
        body = np.sin(2 * np.pi * (185 * t + 0.6 * (1 - np.exp(-t / 0.008)))) * np.exp(-t / 0.04)
        return self._in_room(0.55 * rattle + 0.5 * body, wet=0.2, seconds=0.4)

    def _hat(self) -> Mono:
        t = self._time(0.09)
        return self._band(self._noise(len(t), 4), 7500, 16000) * np.exp(-t / 0.018) * 1.2

    def _open_hat(self) -> Mono:
        t = self._time(0.30)
        choke = np.clip((0.21 - t) / 0.03, 0, 1)
        return self._band(self._noise(len(t), 5), 6500, 15000) * np.exp(-t / 0.16) * choke

    def _ride(self) -> Mono:
        t = self._time(0.7)
        bell = sum(np.sin(2 * np.pi * f * t) for f in (3163.0, 4271.0, 5417.0, 6733.0)) * 0.1
        return (bell + 0.6 * self._band(self._noise(len(t), 6), 5000, 13000)) * np.exp(-t / 0.2)

    def _crash(self) -> NDArray[np.float64]:
        t = self._time(2.8)
        sides = [self._band(self._noise(len(t), seed), 3200, 14000) * np.exp(-t / 0.75) for seed in (7, 8)]
        return np.stack(sides, axis=1)

    # Signals

    def _swell(self) -> NDArray[np.float64]:
        """A crash played backwards, one bar less a beat long, so that it breaks off into silence."""
        n = round((_SECONDS_PER_BAR - _SECONDS_PER_BEAT) * self.rate)
        return self._crash()[:n][::-1]

    def _boom(self) -> Mono:
        t = self._time(1.9)
        phase = 34.0 * t + 46.0 * 0.25 * (1 - np.exp(-t / 0.25))
        return np.sin(2 * np.pi * phase) * np.exp(-t / 0.6)

    def _riser(self, bars: int) -> NDArray[np.float64]:
        """Noise whose band climbs from 300 Hz to 9 kHz, ending a beat before the section does."""
        n = round((bars * _SECONDS_PER_BAR - _SECONDS_PER_BEAT) * self.rate)
        progress = np.arange(n) / n
        centres = [300.0 * 30.0 ** (k / 7) for k in range(8)]
        out = np.zeros((n, 2))
        for k, centre in enumerate(centres):
            weight = np.maximum(0.0, 1.0 - np.abs(progress * 7.5 - k) / 1.6)
            heard = np.flatnonzero(weight)
            low, high = int(heard[0]), int(heard[-1]) + 1
            for side in (0, 1):
                # A short piece of noise for each band, repeated: long filters are not worth their time.
                piece = self._band(self._noise(1 << 16, 20 + 2 * k + side), centre / 1.3, centre * 1.3)
                out[low:high, side] += np.resize(piece, high - low) * weight[low:high]
        return out * (0.1 + 0.9 * progress * progress)[:, None]

    # Tones

    def _bass(self, pitch: int, bright: int) -> Mono:
        t = self._time(0.21 if bright else 0.24)
        hertz = _hertz(pitch)
        open_, shut = self._saw(hertz, 1500 if bright else 900), self._saw(hertz, 260)
        mix = np.exp(-t / 0.07)
        tone = self._play(open_, hertz, t) * mix + self._play(shut, hertz, t) * (1 - mix)
        sub = np.sin(2 * np.pi * hertz * t)
        return np.tanh(1.1 * (0.55 * tone + 0.75 * sub)) * self._gate(t, attack=0.003, release=0.04)

    def _stab(self, degree: int, level: int) -> NDArray[np.float64]:
        t = self._time(0.30)
        chord = self._chord(degree, t, cutoff=500.0 * 1.55**level, spread=0.10)
        envelope = np.exp(-t / 0.13) * self._gate(t, attack=0.002, release=0.05)
        return self._in_room(chord * envelope[:, None], wet=0.3, seconds=1.1)

    def _pad(self, degree: int, level: int) -> NDArray[np.float64]:
        t = self._time(_SECONDS_PER_BAR + 0.5)
        chord = self._chord(degree, t, cutoff=420.0 * 1.5**level, spread=0.16)
        return self._in_room(chord * self._gate(t, attack=0.18, release=0.5)[:, None], wet=0.4, seconds=1.6)

    def _pluck(self, pitch: int, level: int) -> Mono:
        t = self._time(0.32)
        hertz = _hertz(pitch)
        open_, shut = self._saw(hertz, 1200.0 * 1.5**level), self._saw(hertz, 700)
        mix = np.exp(-t / 0.05)
        tone = self._play(open_, hertz, t) * mix + self._play(shut, hertz, t) * (1 - mix)
        return tone * np.exp(-t / 0.11) * self._gate(t, attack=0.001, release=0.03)

    def _lead(self, pitch: int, length: int) -> NDArray[np.float64]:
        t = self._time(length * _SECONDS_PER_BEAT / 4 + 0.08)
        tone = self._unison(_hertz(pitch), t, cutoff=5200.0, spread=0.14)
        vibrato = 1 + 0.12 * np.sin(2 * np.pi * 5.2 * t) * np.clip(t / 0.4, 0, 1)
        envelope = vibrato * self._gate(t, attack=0.012, release=0.08)
        return self._in_room(tone * envelope[:, None], wet=0.25, seconds=1.1)

    # Building blocks

    def _time(self, seconds: float) -> Mono:
        return np.arange(round(seconds * self.rate)) / self.rate

    def _closed(self, stereo: NDArray[np.float64]) -> NDArray[np.float64]:
        """End at zero, so that no sound ends in a click."""
        fade = min(len(stereo), round(0.004 * self.rate))
        closed = stereo.copy()
        closed[len(stereo) - fade :] *= np.linspace(1.0, 0.0, fade)[:, None]
        return closed

    def _gate(self, t: Mono, *, attack: float, release: float) -> Mono:
        end = len(t) / self.rate
        return np.clip(t / attack, 0, 1) * np.clip((end - t) / release, 0, 1)

    def _noise(self, n: int, seed: int) -> Mono:
        """White noise in -1..1: SplitMix64 of the sample number, the same on every machine."""
        z = np.arange(1, n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(seed << 40)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return (z >> np.uint64(40)).astype(np.float64) / (1 << 23) - 1.0

    def _band(self, x: Mono, low: float, high: float) -> Mono:
        """`x` between `low` and `high` hertz, edges of second order, brought to an RMS of 0.3."""
        spectrum = np.fft.rfft(x)
        f = np.fft.rfftfreq(len(x), 1 / self.rate) + 1e-9
        y = np.fft.irfft(spectrum / (1 + (low / f) ** 4) / (1 + (f / high) ** 4), len(x))
        return y * (0.3 / np.sqrt(np.mean(y * y)))

    def _saw(self, hertz: float, cutoff: float) -> Mono:
        """One cycle of a sawtooth of `hertz` behind a low-pass at `cutoff`, without aliases."""
        harmonics = np.arange(1, min(int(16000 / hertz), _TABLE // 4) + 1)
        strength = 1.0 / harmonics / np.sqrt(1 + (harmonics * hertz / cutoff) ** 4)
        spectrum = np.zeros(_TABLE // 2 + 1, dtype=np.complex128)
        spectrum[1 : len(harmonics) + 1] = -0.5j * strength * _TABLE
        return np.fft.irfft(spectrum, _TABLE) * 0.6

    def _play(self, table: Mono, hertz: float, t: Mono, start: float = 0.0) -> Mono:
        position = ((hertz * t + start) % 1.0) * _TABLE
        index = position.astype(np.int64)
        part = position - index
        return table[index % _TABLE] * (1 - part) + table[(index + 1) % _TABLE] * part

    def _unison(self, hertz: float, t: Mono, *, cutoff: float, spread: float) -> NDArray[np.float64]:
        """Three detuned saws a side; `spread` in semitones."""
        table = self._saw(hertz, cutoff)
        sides = []
        for side in (-1, 1):
            voices = [
                self._play(table, hertz * 2 ** (side * cents * spread / 12), t, start)
                for cents, start in ((-0.9, 0.13), (0.15, 0.41), (1.0, 0.77))
            ]
            sides.append((voices[0] + voices[1] + voices[2]) / 2)
        return np.stack(sides, axis=1)

    def _chord(self, degree: int, t: Mono, *, cutoff: float, spread: float) -> NDArray[np.float64]:
        notes = [self._unison(_hertz(p), t, cutoff=cutoff, spread=spread) for p in CHORDS[degree]]
        return 0.42 * np.add.reduce(notes)

    def _in_room(self, x: NDArray[np.float64], *, wet: float, seconds: float) -> NDArray[np.float64]:
        """`x` with the echo of a room whose sound dies away (by 60 dB) in `seconds`; stereo."""
        dry = x if x.ndim == 2 else np.stack([x, x], axis=1)
        n = len(dry) + round(seconds * self.rate)
        size = 1 << (n - 1).bit_length()
        out = np.zeros((n, 2))
        out[: len(dry)] = dry
        for side in (0, 1):
            response = self._rooms[side][: round(seconds * self.rate)]
            fade = np.exp(-6.9 * np.arange(len(response)) / len(response))
            echo = np.fft.irfft(np.fft.rfft(dry[:, side], size) * np.fft.rfft(response * fade, size), size)
            out[:, side] += wet * echo[:n]
        return out

    @cached_property
    def _rooms(self) -> tuple[Mono, Mono]:
        """Noise that becomes a room when faded; one a side, energy independent of the rate."""
        n = 2 * self.rate
        left, right = (self._band(self._noise(n, seed), 250, 6000) for seed in (40, 41))
        scale = 8.0 / np.sqrt(self.rate)
        return left * scale, right * scale


def _hertz(pitch: int) -> float:
    """Frequency of a MIDI note, A4 = 440 Hz."""
    return float(440.0 * 2.0 ** ((pitch - 69) / 12))
