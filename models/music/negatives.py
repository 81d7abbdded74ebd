"""What a room sounds like when there is no music: silence, noise, speech, a crowd, sounds without metre.

In all of it no beat may be announced. Hits and free notes have onsets all the same.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models.music.clip import Clip, OnsetClass, Split, Truth, merged
from models.music.field import noises, speech
from models.music.field.filters import Audio
from models.music.field.rooms import in_room
from models.music.machine import font_path, fonts
from models.music.soundfont import Note, Synth, Voice

_FREE_PROGRAMS = (0, 4, 8, 9, 10, 11, 12, 14, 15, 24, 26, 46, 108, 112)


class _Scene:
    """One clip in the making: its randomness, split, length; `onsets` is filled by sounds that have some."""

    def __init__(self, rng: np.random.Generator, split: Split) -> None:
        self.rng = rng
        self.split: Split = split
        self.rate = 48000 if rng.random() < 0.2 else 44100
        self.samples = int(rng.uniform(30.0, 48.0) * self.rate)
        self.onsets: list[float] = []


def _silence(scene: _Scene) -> Audio:
    if scene.rng.random() < 0.5:
        return np.zeros((scene.samples, 2), np.float32)
    noise = noises.coloured(scene.rng, scene.samples, scene.rate, 0.0)
    return noises.level(noise, -90.0)


def _noise(scene: _Scene) -> Audio:
    slope = float(scene.rng.choice((0.0, -1.0, -2.0, 1.0, -0.5)))
    noise = noises.coloured(scene.rng, scene.samples, scene.rate, slope, float(scene.rng.choice((0.0, 1.0))))
    return noises.level(noise, float(scene.rng.uniform(-75.0, -1.0)))


def _steady(sound: Callable[[np.random.Generator, int, int], Audio], low: float) -> Callable[[_Scene], Audio]:
    def scene_of(scene: _Scene) -> Audio:
        made = sound(scene.rng, scene.samples, scene.rate)
        return noises.level(made, float(scene.rng.uniform(low, -1.0)))

    return scene_of


def _crowd(scene: _Scene) -> Audio:
    murmur = noises.level(speech.babble(scene.rng, scene.split, scene.samples, scene.rate), 0.0)
    murmur += 0.05 * noises.coloured(scene.rng, scene.samples, scene.rate, -1.0)
    if scene.rng.random() < 0.6:
        murmur = in_room(scene.rng, murmur, scene.rate, float(scene.rng.uniform(0.5, 2.0)), -4.0)
    return noises.level(murmur, float(scene.rng.uniform(-45.0, -1.0)))


def _cheer(scene: _Scene) -> Audio:
    rng = scene.rng
    roar = noises.wind(rng, scene.samples, scene.rate)
    roar += 0.3 * noises.banded(rng, scene.samples, scene.rate, 500.0, 2500.0)
    time = np.arange(scene.samples) / scene.rate
    for _ in range(int(rng.integers(5, 40))):  # single shouts that glide
        start, length = rng.uniform(0.0, time[-1]), rng.uniform(0.3, 1.5)
        first, last = int(start * scene.rate), min(scene.samples, int((start + length) * scene.rate))
        inside = np.linspace(0.0, 1.0, last - first)
        pitch = rng.uniform(300.0, 900.0) * (1.0 + 0.5 * np.sin(np.pi * inside))
        shout = np.sin(2 * np.pi * np.cumsum(pitch) / scene.rate) * np.sin(np.pi * inside)
        roar[first:last] += (0.3 * shout[:, None] * rng.uniform(0.2, 1.0, 2)).astype(np.float32)
    if rng.random() < 0.5:
        roar += noises.applause(rng, scene.samples, scene.rate)
    return noises.level(roar, float(rng.uniform(-40.0, -1.0)))


def _speech(scene: _Scene) -> Audio:
    rng = scene.rng
    spoken = speech.talk(rng, scene.split, scene.samples, scene.rate, int(rng.integers(1, 4)))
    if rng.random() < 0.5:
        spoken = in_room(rng, spoken, scene.rate, float(rng.uniform(0.2, 2.0)), float(rng.uniform(-6, 12)))
    if rng.random() < 0.4:
        floor = noises.coloured(rng, scene.samples, scene.rate, -1.0)
        spoken = spoken + np.float32(10.0 ** (rng.uniform(-60.0, -25.0) / 20)) * floor
    return noises.level(spoken, float(rng.uniform(-45.0, -0.5)))


def _hits(scene: _Scene) -> Audio:
    rng = scene.rng
    times = noises.irregular(rng, scene.samples / scene.rate, float(rng.uniform(0.4, 6.0)))
    scene.onsets = [float(int(time * scene.rate) / scene.rate) for time in times]
    struck = noises.hits(rng, scene.samples, scene.rate, times)
    if rng.random() < 0.5:
        struck = in_room(rng, struck, scene.rate, float(rng.uniform(0.3, 2.5)), float(rng.uniform(-3, 9)))
    return noises.level(struck, float(rng.uniform(-40.0, -0.5)))


def _notes(scene: _Scene) -> Audio:
    """Free notes: a hand on a piano or bells, without metre."""
    rng = scene.rng
    fitting = fonts(scene.split)
    font = fitting[int(rng.integers(len(fitting)))]
    seconds = scene.samples / scene.rate
    with Synth(font_path(font), scene.rate, reverb=float(rng.uniform(0.0, 0.9))) as synth:
        synth.choose(Voice(0, int(rng.choice(_FREE_PROGRAMS))))
        notes: list[Note] = []
        for time in noises.irregular(rng, seconds, float(rng.uniform(0.5, 4.0))):
            for key in rng.integers(40, 90, int(rng.choice((1, 1, 1, 2, 3)))):
                start = synth.snap(float(time))
                notes.append(
                    Note(start, start + float(rng.uniform(0.2, 4.0)), 0, int(key), int(rng.integers(35, 115)))
                )
        scene.onsets = [note.start + synth.attack(0, note.key).delay for note in notes]
        played = synth.render(notes, seconds)
    return noises.level(played, float(rng.uniform(-40.0, -0.5)))


def _room(scene: _Scene) -> Audio:
    rng = scene.rng
    tone = noises.coloured(rng, scene.samples, scene.rate, -2.0)
    tone += np.float32(rng.uniform(0.0, 0.3)) * noises.hum(rng, scene.samples, scene.rate)
    tone += np.float32(rng.uniform(0.0, 0.2)) * noises.coloured(rng, scene.samples, scene.rate, 0.0)
    return noises.level(tone, float(rng.uniform(-70.0, -25.0)))


_SCENES: dict[str, tuple[float, Callable[[_Scene], Audio]]] = {
    "silence": (0.5, _silence),
    "noise": (1.5, _noise),
    "hum": (1.0, _steady(noises.hum, -60.0)),
    "drone": (1.0, _steady(noises.drone, -40.0)),
    "wind": (0.6, _steady(noises.wind, -50.0)),
    "sweep": (0.4, _steady(noises.sweep, -40.0)),
    "squeal": (0.3, _steady(noises.squeal, -30.0)),
    "machine": (0.6, _steady(noises.machine, -50.0)),
    "applause": (1.2, _steady(noises.applause, -50.0)),
    "crackle": (0.6, _steady(noises.crackle, -40.0)),
    "crowd": (1.2, _crowd),
    "cheer": (0.8, _cheer),
    "speech": (2.5, _speech),
    "hits": (0.7, _hits),
    "notes": (0.7, _notes),
    "room": (0.6, _room),
}
"""How often each is drawn, relative to the others, and what makes it."""


def _interrupted(scene: _Scene, sound: Audio) -> Audio:
    """One to three pauses with edges of 5 ms to 1 s, so that a start alone is no music either."""
    gain = np.ones(scene.samples, np.float32)
    for _ in range(int(scene.rng.integers(1, 4))):
        first = int(scene.rng.uniform(0.0, 0.8) * scene.samples)
        length = int(scene.rng.uniform(1.0, 6.0) * scene.rate)
        edge = int(scene.rng.uniform(0.005, 1.0) * scene.rate)
        place = np.arange(scene.samples)
        away = np.maximum(first - place, place - first - length) / edge
        gain = np.minimum(gain, np.clip(away, 0.0, 1.0).astype(np.float32))
    return sound * gain[:, None]


def make(rng: np.random.Generator, split: Split) -> Clip:
    """One clip of 30 to 48 s without music; its category is `null_` and the kind.

    Args:
        rng: all randomness comes from it.
        split: decides voices, words and sound fonts.

    Raises:
        MissingPackageError: espeak-ng, FluidSynth or a sound font is not installed.
    """
    scene = _Scene(rng, split)
    shares = np.array([share for share, _ in _SCENES.values()])
    kind = list(_SCENES)[int(rng.choice(len(_SCENES), p=shares / shares.sum()))]
    sound = _SCENES[kind][1](scene)
    if not scene.onsets and rng.random() < 0.25:
        sound = _interrupted(scene, sound)
    duration = scene.samples / scene.rate
    by_class: dict[OnsetClass, list[float]] = {
        "kick": [],
        "clap": [],
        "hihat": [],
        "other": sorted(scene.onsets),
    }
    truth = Truth(
        id=f"null_{kind}_{int(rng.integers(1 << 40)):010x}",
        category=f"null_{kind}",
        duration=duration,
        beats_per_bar=0,
        onsets=merged(scene.onsets),
        onsets_by_class=by_class,
        silent=[(0.0, duration)],
    )
    return Clip(rate=scene.rate, samples=np.ascontiguousarray(sound, np.float32), truth=truth)
