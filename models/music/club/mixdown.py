"""Hits on tracks, tracks through buses to a stereo mix; and which hits can be heard in it."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.music.clip import OnsetClass
from models.music.club.signals import Audio, place, room, swept

INAUDIBLE_DB = -30.0
"""A hit that lies lower than this under everything else, in level and in treble, has no onset."""
_WINDOW = 0.03
_BLOCK = 0.001


class Hit(NamedTuple):
    """One sound at one place: `start` in samples, `gain` linear; `kind` None is never in truth."""

    start: int
    sound: Audio
    gain: float
    kind: OnsetClass | None
    dontcare: bool = False


class Track(msgspec.Struct):
    """Hits that share a place in the mix.

    Attributes:
        bus: kick, drums, hats, bass or music.
        hits: in any order.
        gain: linear.
        pan: -1 left to 1 right.
        send: share that goes to the room, linear.
        duck: how far the kick pushes the bus down, 0..1.
    """

    bus: str
    hits: list[Hit]
    gain: float = 1.0
    pan: float = 0.0
    send: float = 0.0
    duck: float = 0.0


class Sweep(NamedTuple):
    """A low-pass over the buses but the kick: seconds and cutoffs (Hz) at both ends, geometric between."""

    start: float
    end: float
    first: float
    last: float


class Heard(NamedTuple):
    """An audible hit."""

    time: float
    kind: OnsetClass
    dontcare: bool


def _energies(mono: Audio, rate: int) -> NDArray[np.float64]:
    """Running sums of energy by blocks of 1 ms, `[2, blocks + 1]`: of a wave and of its first difference."""
    block = int(rate * _BLOCK)
    blocks = len(mono) // block
    out = np.zeros((2, blocks + 1))
    for row, wave in enumerate((mono, np.diff(mono, prepend=np.float32(0.0)))):
        parts = wave[: blocks * block].reshape(blocks, block)
        np.cumsum(np.einsum("ij,ij->i", parts, parts), out=out[row, 1:])
    return out


def _window_energy(sums: NDArray[np.float64], start: int, rate: int) -> NDArray[np.float64]:
    first = min(start // int(rate * _BLOCK), sums.shape[1] - 1)
    last = min(first + int(_WINDOW / _BLOCK), sums.shape[1] - 1)
    return np.asarray(sums[:, last] - sums[:, first])


def _cutoffs(sweeps: list[Sweep], samples: int, rate: int) -> NDArray[np.float64]:
    cutoff = np.full(samples, 0.45 * rate)
    for sweep in sweeps:
        a, b = (min(max(int(edge * rate), 0), samples) for edge in (sweep.start, sweep.end))
        cutoff[a:b] = np.geomspace(sweep.first, sweep.last, b - a) if b > a else 0.0
    return cutoff


def _ducking(kicks: list[Hit], samples: int, rate: int, depth: float, seconds: float) -> Audio:
    """Gain of a compressor that the kick drives: down at the hit, back within `seconds`."""
    gain = np.ones(samples, dtype=np.float32)
    shape = 1 - depth * np.cos(0.5 * np.pi * np.linspace(0, 1, max(int(seconds * rate), 1))) ** 1.5
    for hit in kicks:
        stop = min(hit.start + len(shape), samples)
        if hit.start < stop:
            part = gain[hit.start : stop]
            np.minimum(part, shape[: len(part)].astype(np.float32), out=part)
    return gain


def mix(
    rng: np.random.Generator, tracks: list[Track], sweeps: list[Sweep], bed: Audio, samples: int, rate: int
) -> tuple[Audio, list[Heard]]:
    """The stereo mix `[2, samples]`, its peak at -1 dBFS, and the hits that can be heard in it.

    Args:
        rng: draws the room, the drive of the master, the depth of ducking.
        tracks: what plays; hits outside the clip are ignored.
        sweeps: filter sweeps.
        bed: noise and effects, `[2, samples]`.
        samples: length.
        rate: Hz.
    """
    buses: dict[str, Audio] = {}
    send = np.zeros(samples, dtype=np.float32)
    kicks = [hit for track in tracks if track.bus == "kick" for hit in track.hits if hit.gain > 0.3]
    depth = {track.bus: track.duck for track in tracks if track.duck > 0}
    recovery = rng.uniform(0.1, 0.4)
    for track in tracks:
        bus = buses.setdefault(track.bus, np.zeros((2, samples), dtype=np.float32))
        left, right = (track.gain * np.sqrt(1 + sign * track.pan) for sign in (-1, 1))
        for hit in track.hits:
            place(bus, hit.sound, hit.start, left * hit.gain, right * hit.gain)
    cutoff = _cutoffs(sweeps, samples, rate) if sweeps else None
    total = bed.copy()
    passed: dict[str, NDArray[np.float64]] = {}
    for name, bus in buses.items():
        before = _energies(bus.mean(axis=0), rate) if cutoff is not None or name in depth else None
        if name in depth:
            bus *= _ducking(kicks, samples, rate, depth[name], recovery)
        if cutoff is not None and name != "kick":
            bus[:] = [swept(channel, cutoff, rate, q=0.9) for channel in bus]
        if before is not None:
            after = _energies(bus.mean(axis=0), rate)
            passed[name] = np.concatenate((before, after))
        total += bus
        amount = max(track.send for track in tracks if track.bus == name)
        if amount:
            send += np.float32(amount) * bus.mean(axis=0)
    if np.any(send):
        total += room(rng, send, rate)
    peak = max(float(np.max(np.abs(total))), 1e-9)
    total *= np.float32(0.89 / peak)
    drive = rng.choice([0.0, 0.0, 1.2, 2.5]) * rng.uniform(0.6, 1.4)
    if drive:
        total = np.tanh(np.float32(drive) * total) * np.float32(0.89 / np.tanh(0.89 * drive))
    return total, _audible(tracks, passed, total, peak, drive, samples, rate)


def _audible(
    tracks: list[Track],
    passed: dict[str, NDArray[np.float64]],
    total: Audio,
    peak: float,
    drive: float,
    samples: int,
    rate: int,
) -> list[Heard]:
    """The hits of all tracks that are not masked, scaled by what the effects of their bus leave of it."""
    everything = _energies(total.mean(axis=0), rate)
    scale = (0.89 / peak * (drive / np.tanh(0.89 * drive) * 0.89 if drive else 1.0)) ** 2
    least = 10 ** (INAUDIBLE_DB / 10)
    known: dict[int, NDArray[np.float64]] = {}
    heard = []
    for track in tracks:
        for hit in track.hits:
            if hit.kind is None or not 0 <= hit.start < samples - int(0.01 * rate):
                continue
            key = id(hit.sound)
            if key not in known:
                start = hit.sound[..., : int(_WINDOW * rate)]
                known[key] = _energies(start if start.ndim == 1 else start.mean(axis=0), rate)[:, -1]
            own = known[key] * (hit.gain * track.gain) ** 2 * scale
            if track.bus in passed:
                four = _window_energy(passed[track.bus], hit.start, rate)
                own = own * np.minimum(four[2:] / np.maximum(four[:2], 1e-12), 1.0)
            around = _window_energy(everything, hit.start, rate)
            if np.any(own > least * np.maximum(around, 1e-9)):
                heard.append(Heard(hit.start / rate, hit.kind, hit.dontcare))
    return heard
