"""What happens to music on its way to the listener: level, devices, rooms, noise, codecs, faults.

Every effect keeps attacks where they are, so truth stays exact; where a dropout takes an attack away, or
makes one, truth says so.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np

from models.music.clip import Clip, Split, merged
from models.music.excerpt import without_start
from models.music.field import devices, faults, noises, speech
from models.music.field.filters import Audio, band, convolved, minimum_phase, tilted
from models.music.field.rooms import in_room

_SHORTEST = 20.0
"""Seconds that must be left of a clip that starts in its middle."""


def _decibels(value: float) -> np.float32:
    return np.float32(10.0 ** (value / 20.0))


def _with(clip: Clip, samples: Audio) -> Clip:
    return Clip(rate=clip.rate, samples=samples, truth=clip.truth)


def _late_start(rng: np.random.Generator, clip: Clip, split: Split) -> Clip:
    spare = clip.truth.duration - _SHORTEST
    return without_start(clip, float(rng.uniform(0.0, min(15.0, spare)))) if spare > 1.0 else clip


def _equaliser(rng: np.random.Generator, clip: Clip, split: Split) -> Clip:
    curve = tilted(rng, float(rng.uniform(3.0, 12.0)))
    return _with(clip, convolved(clip.samples, minimum_phase(curve, clip.rate)))


def _narrow(rng: np.random.Generator, clip: Clip, split: Split) -> Clip:
    """A telephone, a small loudspeaker, a wall between, a filter swept shut on the mixer."""
    low, high = [(300.0, 3400.0), (250.0, 0.0), (0.0, 400.0), (0.0, 1500.0), (600.0, 0.0), (120.0, 6000.0)][
        int(rng.integers(6))
    ]
    curve = band(low * rng.uniform(0.6, 1.5), high * rng.uniform(0.6, 1.5), int(rng.integers(1, 5)))
    return _with(clip, convolved(clip.samples, minimum_phase(curve, clip.rate, 2048)))


def _overdrive(rng: np.random.Generator, clip: Clip, split: Split) -> Clip:
    loud = noises.level(clip.samples, 0.0)
    driven = devices.overdriven(loud, float(rng.uniform(2.0, 24.0)), hard=rng.random() < 0.5)
    return _with(clip, noises.level(driven, float(rng.uniform(-12.0, 0.0))))


def _compressor(rng: np.random.Generator, clip: Clip, split: Split) -> Clip:
    pumping = rng.random() < 0.5
    heard = devices.compressed(
        clip.samples,
        clip.rate,
        threshold=float(rng.uniform(10.0, 30.0)),
        ratio=float(rng.choice((2.0, 4.0, 20.0))),
        attack=float(rng.uniform(0.002, 0.03)),
        release=float(rng.uniform(0.1, 0.5) if pumping else rng.uniform(0.02, 0.1)),
    )
    return _with(clip, noises.level(heard, float(rng.uniform(-12.0, -0.1))))


def _room(rng: np.random.Generator, clip: Clip, split: Split) -> Clip:
    decay, direct = float(np.exp(rng.uniform(np.log(0.2), np.log(2.5)))), float(rng.uniform(-9.0, 12.0))
    heard = in_room(rng, clip.samples, clip.rate, decay, direct)
    peak = float(np.abs(clip.samples).max(initial=0.0))
    return _with(clip, noises.level(heard, 20 * np.log10(peak)) if peak > 0 else heard)


def _noise(rng: np.random.Generator, clip: Clip, split: Split) -> Clip:
    """Noise, hum, a crowd or talk, 0 to 40 dB below the music (mean power of both)."""
    count, rate = len(clip.samples), clip.rate
    kind = rng.random()
    if kind < 0.45:
        added = noises.coloured(rng, count, rate, float(rng.choice((-1.0, -1.0, 0.0, -2.0))))
    elif kind < 0.6:
        added = noises.hum(rng, count, rate)
    elif kind < 0.75:
        added = noises.applause(rng, count, rate)
    elif kind < 0.87:
        added = speech.babble(rng, split, count, rate)
    else:
        added = speech.talk(rng, split, count, rate, 1)
    music, other = (float(np.mean(np.square(x, dtype=np.float64))) for x in (clip.samples, added))
    if music == 0.0 or other == 0.0:
        return clip
    ratio = float(rng.uniform(0.0, 40.0))
    return _with(clip, clip.samples + added * (_decibels(-ratio) * np.float32(np.sqrt(music / other))))


def _codec(rng: np.random.Generator, clip: Clip, split: Split) -> Clip:
    choices: tuple[devices.Codec, ...] = (
        ("vorbis", "mp3", "opus") if clip.rate == 48000 else ("vorbis", "mp3")
    )
    codec = choices[int(rng.integers(len(choices)))]
    heard = devices.coded(clip.samples, clip.rate, codec, float(rng.uniform(0.0, 0.6)))
    return _with(clip, np.clip(heard, -1.0, 1.0))


def _channels(rng: np.random.Generator, clip: Clip, split: Split) -> Clip:
    return _with(clip, faults.channel_fault(rng, clip.samples, clip.rate))


def _dropouts(rng: np.random.Generator, clip: Clip, split: Split) -> Clip:
    samples, gaps = faults.dropouts(rng, clip.samples, clip.rate)

    def lost(time: float) -> bool:
        return any(start - 0.005 <= time <= end for start, end in gaps)

    truth = clip.truth
    unsure = [time for time in truth.onsets if lost(time)] + [end for _, end in gaps]
    changed = msgspec.structs.replace(
        truth,
        onsets=[time for time in truth.onsets if not lost(time)],
        onsets_by_class={k: [t for t in times if not lost(t)] for k, times in truth.onsets_by_class.items()},
        onsets_dontcare=merged([*truth.onsets_dontcare, *unsure]),
    )
    return Clip(rate=clip.rate, samples=samples, truth=changed)


def _gain(rng: np.random.Generator, clip: Clip, split: Split) -> Clip:
    """A level over a range of 60 dB, then the sample format of a sound card."""
    moved = noises.level(clip.samples, float(rng.uniform(-60.0, 0.0)))
    return _with(clip, devices.quantised(rng, moved, int(rng.choice((16, 24)))))


_CHAIN: tuple[tuple[float, Callable[[np.random.Generator, Clip, Split], Clip]], ...] = (
    (0.6, _late_start),
    (1.0, _equaliser),
    (0.8, _overdrive),
    (0.8, _compressor),
    (1.2, _room),
    (0.8, _narrow),
    (1.4, _noise),
    (0.4, _codec),
    (1.0, _channels),
    (0.4, _dropouts),
    (1.6, _gain),
)
"""How often each is drawn, relative to the others; in the order in which sound meets them."""


def apply(rng: np.random.Generator, clip: Clip, split: Split = "train") -> Clip:
    """A new clip with one to four effects; the given one stays as it is.

    Args:
        rng: all randomness comes from it.
        clip: made music or a negative.
        split: decides voices and words of speech that is mixed in.

    Raises:
        MissingPackageError: espeak-ng is not installed.
    """
    shares = np.array([share for share, _ in _CHAIN])
    count = int(rng.integers(1, 5))
    drawn = rng.choice(len(_CHAIN), count, replace=False, p=shares / shares.sum())
    for place in sorted(drawn.tolist()):
        clip = _CHAIN[place][1](rng, clip, split)
    samples = np.ascontiguousarray(clip.samples, np.float32)
    return _with(
        clip, noises.level(samples, 0.0) if float(np.abs(samples).max(initial=0.0)) > 1.0 else samples
    )
