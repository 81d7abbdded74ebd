"""Bare pulses: metronomes, click tracks, claps, a lone bass drum. Their beat is the pulse itself."""

from __future__ import annotations

import numpy as np

from models.music.clip import Clip, OnsetClass, Split, Truth, merged
from models.music.club.drums import Kit
from models.music.club.mixdown import Hit, Track, mix
from models.music.club.signals import Audio, decay, seconds_axis
from models.music.club.splits import family
from models.music.club.timeline import Timeline

SLOWEST, FASTEST = 50.0, 190.0
_ROLES: dict[str, OnsetClass] = {
    "beep": "other", "perc0": "other", "perc1": "other", "clap": "clap", "snare": "clap", "kick": "kick",
    "hat": "hihat",
}  # fmt: skip
_SHARES = (0.25, 0.2, 0.15, 0.12, 0.05, 0.15, 0.08)
_BARS = (1, 1, 2, 3, 4, 4, 4, 6)
"""Pulses from one accent to the next; 1: all are alike, and nobody knows where a bar begins."""


def beep(rate: int, hertz: float, length: float) -> Audio:
    """A metronome's tone, float32 `[n]`, peak at most 1: a decaying sine."""
    t = seconds_axis(rate, length)
    return np.asarray(np.sin(2 * np.pi * hertz * t + 0.5 * np.pi) * decay(t, length), dtype=np.float32)


def make(rng: np.random.Generator, split: Split) -> Clip:
    """A pulse of 25 to 40 s, its peak at -1 dBFS.

    Args:
        rng: settles everything.
        split: families of sounds that may be used.
    """
    rate = 48000 if rng.random() < 0.2 else 44100
    seconds = float(rng.uniform(25, 40))
    bpm = round(float(rng.uniform(SLOWEST, FASTEST)), int(rng.choice([0, 0, 1])))
    origin = float(rng.uniform(0.05, 1.5))
    role = str(rng.choice(list(_ROLES), p=_SHARES))
    by_hand = role in ("clap", "snare") and rng.random() < 0.6
    timeline = Timeline.drift(rng, bpm, 0.02, seconds, origin) if by_hand else Timeline.steady(bpm, origin)
    beats = timeline.seconds(np.arange(int(seconds * bpm / 50) + 2, dtype=np.float64))
    beats = beats[beats < seconds - 0.05]
    jitter = float(rng.uniform(0.002, 0.008)) if by_hand else 0.0
    times = beats + np.clip(rng.normal(0.0, 1.0, len(beats)), -1.8, 1.8) * jitter
    bar = int(rng.choice(_BARS))
    plain, accented = _sounds(rng, split, role, rate)
    stress = float(10 ** (rng.uniform(1.0, 8.0) / 20)) if bar > 1 else 1.0
    spread = float(rng.choice([0.0, 0.1, 0.3])) if by_hand else 0.0
    hits = [
        Hit(
            max(round(float(time) * rate), 0),
            plain if k % bar else accented,
            (1.0 if k % bar else stress) * float(rng.uniform(1 - spread, 1.0)),
            _ROLES[role],
        )
        for k, time in enumerate(times)
    ]
    samples = int(seconds * rate)
    hiss = 10 ** (rng.uniform(-90, -45) / 20) * rng.standard_normal((2, samples))
    track = Track(bus="drums", hits=hits, send=float(rng.choice([0.0, 0.0, 0.05, 0.2])))
    audio, heard = mix(rng, [track], [], hiss.astype(np.float32), samples, rate)
    onsets = sorted(hit.time for hit in heard)
    kinds: tuple[OnsetClass, ...] = ("kick", "clap", "hihat", "other")
    truth = Truth(
        id="",
        category="pulse",
        duration=samples / rate,
        beats=beats.tolist(),
        downbeats=beats[::bar].tolist() if bar > 1 else [],
        beats_per_bar=bar if bar > 1 else 0,
        onsets=merged(onsets),
        onsets_by_class={kind: list(onsets) if kind == _ROLES[role] else [] for kind in kinds},
        tempo=timeline.tempo(samples / rate),
        changes=[float(beats[0])],
        sections=[(0.0, "groove" if role == "kick" else "calm")],
    )
    return Clip(rate=rate, samples=np.ascontiguousarray(audio.T), truth=truth)


def _sounds(rng: np.random.Generator, split: Split, role: str, rate: int) -> tuple[Audio, Audio]:
    """The plain sound and the accent's: the same, a higher one, or a harder hit."""
    if role == "beep":
        hertz, length = float(np.exp(rng.uniform(np.log(500), np.log(4000)))), float(rng.uniform(0.008, 0.12))
        higher = float(rng.choice([1.0, 1.25, 1.5, 2.0]))
        return beep(rate, hertz, length), beep(rate, hertz * higher, length)
    layers = Kit(family(rng, split), rate).layers(role)
    return layers[1], layers[2]
