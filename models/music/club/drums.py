"""Drum voices: each a synthesis method with wide ranges; a kit draws one per role from its family number.

A hit starts at its first sample. Every method takes the family's generator and `hard` (0..1, how hard it is
struck), and draws its parameters in the same order for every hardness.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from models.music.club.signals import Audio, decay, faded, phase_of, seconds_axis, swept, unit_peak
from models.music.club.splits import family_random

Method = Callable[[np.random.Generator, int, float], NDArray[np.floating]]
HARDNESS = (0.25, 0.6, 1.0)
"""Velocity layers, from soft to hard."""


def _sine(hertz: NDArray[np.float64], rate: int, turn: float = 0.0) -> NDArray[np.float64]:
    return np.sin(2 * np.pi * (phase_of(hertz, rate) + turn))


def _noise(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    return rng.standard_normal(n)


def _modes(
    rng: np.random.Generator, t: NDArray[np.float64], base: float, ratios: NDArray[np.float64], length: float
) -> NDArray[np.float64]:
    """Sum of decaying sines; higher modes are weaker and shorter."""
    out = np.zeros_like(t)
    for ratio in ratios:
        weight = rng.uniform(0.3, 1.0) / ratio**0.7
        out += weight * np.sin(2 * np.pi * base * ratio * t + 0.5) * decay(t, length / ratio**0.6)
    return out


def kick_sweep(rng: np.random.Generator, rate: int, hard: float) -> NDArray[np.floating]:
    """Sine with a falling pitch and a click: the electronic bass drum of drum machines."""
    base, depth, fall = rng.uniform(38, 65), rng.uniform(1.5, 8.0), rng.uniform(0.008, 0.07)
    length, click = rng.choice([0.2, 0.4, 0.9]) * rng.uniform(0.6, 1.4), rng.uniform(0.0, 0.5)
    t = seconds_axis(rate, length)
    hertz = base * (1 + depth * (0.6 + 0.4 * hard) * np.exp(-t / fall))
    tick = np.asarray(_noise(rng, len(t))) * decay(t, 0.012)
    return np.asarray(_sine(hertz, rate, 0.12) * decay(t, length) + click * hard * tick)


def kick_modal(rng: np.random.Generator, rate: int, hard: float) -> NDArray[np.floating]:
    """An acoustic bass drum: membrane modes, beater noise, a little shell."""
    base, length, beater = rng.uniform(45, 80), rng.uniform(0.15, 0.5), rng.uniform(0.1, 0.8)
    t = seconds_axis(rate, length)
    body = _modes(rng, t * (1 + 0.15 * np.exp(-t / 0.02)), base, np.array([1, 1.59, 2.14, 2.3, 2.92]), length)
    knock = swept(_noise(rng, len(t)).astype(np.float32), rng.uniform(900, 4500), rate) * decay(t, 0.03)
    return np.asarray(body + beater * (0.4 + 0.6 * hard) * knock)


def kick_fm(rng: np.random.Generator, rate: int, hard: float) -> NDArray[np.floating]:
    """Frequency-modulated thump."""
    base, ratio, index = rng.uniform(42, 70), rng.uniform(0.5, 3.5), rng.uniform(1, 6)
    length, fall = rng.uniform(0.15, 0.5), rng.uniform(0.01, 0.05)
    t = seconds_axis(rate, length)
    bend = phase_of(base * (1 + 3 * np.exp(-t / fall)), rate)
    wobble = index * (0.5 + 0.5 * hard) * decay(t, length * 0.4) * np.sin(2 * np.pi * ratio * bend)
    return np.asarray(np.sin(2 * np.pi * bend + wobble + 0.7) * decay(t, length))


def kick_distorted(rng: np.random.Generator, rate: int, hard: float) -> NDArray[np.floating]:
    """A driven, filtered bass drum as in hard techno."""
    drive, tone = rng.uniform(2, 15), rng.uniform(1200, 9000)
    clean = unit_peak(kick_sweep(rng, rate, hard))
    return swept(np.tanh(drive * (0.5 + 0.5 * hard) * clean).astype(np.float32), tone, rate)


def kick_lofi(rng: np.random.Generator, rate: int, hard: float) -> NDArray[np.floating]:
    """A sampled-sounding bass drum: few bits, little treble, dust."""
    bits, tone = rng.integers(4, 9), rng.uniform(700, 4000)
    clean = unit_peak(kick_modal(rng, rate, hard))
    return swept((np.round(clean * 2.0**bits) / 2.0**bits).astype(np.float32), tone, rate)


def snare_machine(rng: np.random.Generator, rate: int, hard: float) -> NDArray[np.floating]:
    """Two tones and filtered noise."""
    base, length, snap = rng.uniform(140, 280), rng.uniform(0.08, 0.35), rng.uniform(0.4, 2.0)
    t = seconds_axis(rate, length)
    tone = np.sin(2 * np.pi * base * t + 1) + 0.6 * np.sin(2 * np.pi * base * 1.83 * t + 1)
    high = swept(_noise(rng, len(t)).astype(np.float32), rng.uniform(800, 4000), rate, kind="high")
    return np.asarray(tone * decay(t, length * 0.6) + snap * (0.5 + 0.5 * hard) * high * decay(t, length))


def snare_acoustic(rng: np.random.Generator, rate: int, hard: float) -> NDArray[np.floating]:
    """Drum head with wires that rattle on."""
    base, length, wires = rng.uniform(150, 260), rng.uniform(0.12, 0.4), rng.uniform(0.5, 1.6)
    t = seconds_axis(rate, length)
    head = _modes(rng, t, base, np.array([1, 1.5, 1.98, 2.44, 3.2]), length * 0.7)
    rattle = swept(_noise(rng, len(t)).astype(np.float32), rng.uniform(2000, 6000), rate, q=0.6, kind="band")
    rattle *= decay(t, length) * (0.7 + 0.3 * np.cos(2 * np.pi * base * t))
    return np.asarray(head + 2 * wires * (0.4 + 0.6 * hard) * rattle)


def clap_bursts(rng: np.random.Generator, rate: int, hard: float) -> NDArray[np.floating]:
    """Hands: a few bursts of noise within 30 ms, then a tail."""
    bursts, gap = int(rng.integers(1, 5)), rng.uniform(0.005, 0.011)
    length, centre = rng.uniform(0.08, 0.35), rng.uniform(900, 2600)
    t = seconds_axis(rate, length)
    shape = 0.6 * decay(np.maximum(t - gap * bursts, 0), length) * (t >= gap * bursts)
    for k in range(bursts):
        shape += (t >= k * gap) * decay(np.maximum(t - k * gap, 0), 0.02 + 0.01 * hard)
    return (
        swept(_noise(rng, len(t)).astype(np.float32), centre, rate, q=rng.uniform(0.7, 2.5), kind="band")
        * shape
    )


def rim(rng: np.random.Generator, rate: int, hard: float) -> NDArray[np.floating]:
    """Stick on rim: short, woody."""
    base, length = rng.uniform(350, 1100), rng.uniform(0.02, 0.09)
    t = seconds_axis(rate, length)
    wood = _modes(rng, t, base, np.array([1, 2.3, 3.7]), length)
    return np.asarray(wood + 0.5 * hard * _noise(rng, len(t)) * decay(t, 0.01))


def foley(rng: np.random.Generator, rate: int, hard: float) -> NDArray[np.floating]:
    """Something that is struck or dropped: coloured noise with a random resonance."""
    length, centre = rng.uniform(0.03, 0.3), np.exp(rng.uniform(np.log(300), np.log(6000)))
    t = seconds_axis(rate, length)
    raw = swept(
        _noise(rng, len(t)).astype(np.float32),
        centre * (0.7 + 0.3 * hard),
        rate,
        q=rng.uniform(0.5, 6),
        kind="band",
    )
    return np.asarray(raw * decay(t, length))


def hat_metal(rng: np.random.Generator, rate: int, hard: float, length: float) -> NDArray[np.floating]:
    """Six inharmonic squares, high-passed."""
    base, floor = rng.uniform(180, 480), rng.uniform(4000, 9000)
    ratios = np.sort(rng.uniform(1.0, 4.2, 6))
    t = seconds_axis(rate, length)
    metal = sum(np.sign(np.sin(2 * np.pi * base * ratio * t + 0.3)) for ratio in ratios)
    high = swept(np.asarray(metal, dtype=np.float32), floor, rate, kind="high")
    return np.asarray(high * decay(t, length) * (0.5 + 0.5 * hard))


def hat_noise(rng: np.random.Generator, rate: int, hard: float, length: float) -> NDArray[np.floating]:
    """High-passed noise."""
    floor = rng.uniform(3000, 9500)
    t = seconds_axis(rate, length)
    return swept(
        _noise(rng, len(t)).astype(np.float32),
        floor * (1.15 - 0.15 * hard),
        rate,
        q=rng.uniform(0.6, 2),
        kind="high",
    ) * decay(t, length)


def hat_modal(rng: np.random.Generator, rate: int, hard: float, length: float) -> NDArray[np.floating]:
    """A struck plate: many modes between 2 and 12 kHz, and stick noise."""
    t = seconds_axis(rate, length)
    hertz = np.exp(rng.uniform(np.log(2000), np.log(12000), 14))
    ring = sum(np.sin(2 * np.pi * f * t + f) * decay(t, length * rng.uniform(0.4, 1.2)) for f in hertz)
    return np.asarray(0.3 * ring + _noise(rng, len(t)) * decay(t, 0.3 * length) * (0.4 + 0.6 * hard))


def hat_shaker(rng: np.random.Generator, rate: int, hard: float, length: float) -> NDArray[np.floating]:
    """Grains: noise that swells for a few milliseconds."""
    swell, centre = rng.uniform(0.002, 0.009), rng.uniform(4000, 9000)
    t = seconds_axis(rate, length)
    grains = swept(_noise(rng, len(t)).astype(np.float32), centre, rate, q=1.2, kind="band")
    return np.asarray(
        grains
        * np.minimum((t + 0.0005) / swell, 1)
        * decay(np.maximum(t - swell, 0), length)
        * (0.5 + 0.5 * hard)
    )


def tom(rng: np.random.Generator, rate: int, hard: float) -> NDArray[np.floating]:
    """Tom or conga: a bent tone with some modes."""
    base, length, bend = (
        np.exp(rng.uniform(np.log(80), np.log(420))),
        rng.uniform(0.1, 0.5),
        rng.uniform(0.0, 0.6),
    )
    t = seconds_axis(rate, length)
    warped = t + bend * 0.03 * (1 - np.exp(-t / 0.03))
    return np.asarray(
        _modes(rng, warped, base, np.array([1, 1.6, 2.2]), length)
        + 0.2 * hard * _noise(rng, len(t)) * decay(t, 0.015)
    )


def cowbell(rng: np.random.Generator, rate: int, hard: float) -> NDArray[np.floating]:
    """Two squares a fifth or so apart."""
    base, ratio, length = rng.uniform(400, 900), rng.uniform(1.35, 1.6), rng.uniform(0.06, 0.35)
    t = seconds_axis(rate, length)
    bell = np.sign(np.sin(2 * np.pi * base * t + 0.2)) + np.sign(np.sin(2 * np.pi * base * ratio * t + 0.2))
    return (
        swept(bell.astype(np.float32), base * 1.5, rate, q=1.5, kind="band")
        * decay(t, length)
        * (0.6 + 0.4 * hard)
    )


def wood(rng: np.random.Generator, rate: int, hard: float) -> NDArray[np.floating]:
    """Clave or block: a high, short tone."""
    base, length = rng.uniform(700, 2800), rng.uniform(0.02, 0.1)
    t = seconds_axis(rate, length)
    return np.asarray(_modes(rng, t, base, np.array([1, 2.7]), length) * (0.5 + 0.5 * hard))


def zap(rng: np.random.Generator, rate: int, hard: float) -> NDArray[np.floating]:
    """A falling chirp."""
    top, bottom, fall = rng.uniform(1500, 7000), rng.uniform(100, 600), rng.uniform(0.01, 0.08)
    t = seconds_axis(rate, rng.uniform(0.06, 0.25))
    return np.asarray(
        _sine(bottom + top * (0.5 + 0.5 * hard) * np.exp(-t / fall), rate, 0.1) * decay(t, t[-1])
    )


KICKS: tuple[Method, ...] = (kick_sweep, kick_sweep, kick_modal, kick_fm, kick_distorted, kick_lofi)
SNARES: tuple[Method, ...] = (
    snare_machine,
    snare_machine,
    snare_acoustic,
    snare_acoustic,
    clap_bursts,
    foley,
)
CLAPS: tuple[Method, ...] = (clap_bursts, clap_bursts, rim, snare_machine, foley)
HATS = (hat_metal, hat_noise, hat_noise, hat_modal, hat_shaker)
PERCUSSION: tuple[Method, ...] = (tom, tom, cowbell, wood, zap, foley, rim)


class Kit:
    """The drums of one piece: for each role three hits from soft to hard, mono, peak at most 1."""

    def __init__(self, number: int, rate: int) -> None:
        self.number, self.rate = number, rate
        self._layers: dict[str, list[Audio]] = {}

    def layers(self, role: str) -> list[Audio]:
        """Hits of a role: kick, snare, clap, hat, open, shaker, ride, crash, perc0.."""
        if role not in self._layers:
            hits = [self._hit(role, hard) for hard in HARDNESS]
            loudest = max(float(np.max(np.abs(hit))) for hit in hits)
            self._layers[role] = [faded(hit / max(loudest, 1e-9), self.rate) for hit in hits]
        return self._layers[role]

    def _hit(self, role: str, hard: float) -> NDArray[np.floating]:
        rng = family_random(f"kit/{role}", self.number)
        lengths = {
            "hat": (0.015, 0.09),
            "open": (0.12, 0.5),
            "shaker": (0.03, 0.1),
            "ride": (0.4, 1.0),
            "crash": (0.9, 2.2),
        }
        if role in lengths:
            choice = HATS[int(rng.integers(len(HATS)))] if role != "shaker" else hat_shaker
            if role in ("ride", "crash") and choice is hat_shaker:
                choice = hat_modal
            return choice(rng, self.rate, hard, float(rng.uniform(*lengths[role])))
        methods = {"kick": KICKS, "snare": SNARES, "clap": CLAPS}.get(role, PERCUSSION)
        hit = methods[int(rng.integers(len(methods)))](rng, self.rate, hard)
        if rng.random() < 0.25:
            hit = np.tanh(rng.uniform(1, 4) * unit_peak(hit))
        if rng.random() < 0.1:
            hit = swept(hit.astype(np.float32), rng.uniform(2500, 7000), self.rate, q=np.sqrt(0.5))
        return hit
