"""From form and patterns to hits on tracks: the score of one piece, with its instruments."""

from __future__ import annotations

import numpy as np

from models.music.clip import OnsetClass, Split
from models.music.club.arrangement import DRUMS, PITCHED, Span
from models.music.club.drums import Kit
from models.music.club.harmony import Harmony
from models.music.club.mixdown import Hit, Sweep, Track
from models.music.club.patterns import Melody, Note, Part, fill, roll
from models.music.club.rhythm import Swing
from models.music.club.signals import Audio, swept
from models.music.club.splits import family
from models.music.club.style import Style
from models.music.club.synths import Instrument
from models.music.club.timeline import Timeline

_CLASS: dict[str, OnsetClass] = {
    "kick": "kick", "clap": "clap", "snare": "clap", "roll": "clap", "hat": "hihat", "open": "hihat",
    "shaker": "hihat", "ride": "hihat", "crash": "hihat",
}  # fmt: skip
_LEVELS = {
    "kick": (-4, 0), "clap": (-13, -2), "snare": (-14, -2), "roll": (-14, -4),
    "perc0": (-22, -5), "perc1": (-26, -8),
    "hat": (-27, -8), "open": (-22, -6), "shaker": (-30, -12), "ride": (-26, -12), "crash": (-22, -8),
    "bass": (-12, 0), "chord": (-20, -6), "arp": (-20, -4), "lead": (-20, -4), "vocal": (-16, -2),
    "pad": (-26, -10),
}  # fmt: skip
"""Range of each part's level in dB; several parts may lie more than 20 dB apart."""
_BUS = {
    "kick": "kick",
    "bass": "bass",
    **dict.fromkeys(("hat", "open", "shaker", "ride", "crash"), "hats"),
    **dict.fromkeys(("clap", "snare", "roll", "perc0", "perc1"), "drums"),
}
"""Bus of each part; all others go to the music bus."""


class Piece:
    """One piece: everything that is drawn once, then `tracks`, `sweeps` and `bed`.

    Args:
        rng: source of all choices.
        split: families that may be used.
        style, spans, timeline: what is played, its form, when.
        tells: the parts that tell the beat.
        rate: Hz.
        human: whether hits are played by hand, off the grid by up to 15 ms.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        split: Split,
        style: Style,
        spans: list[Span],
        timeline: Timeline,
        rate: int,
        *,
        human: bool,
        tells: frozenset[str],
    ) -> None:
        self._rng, self._split, self._style, self._spans = rng, split, style, spans
        self._timeline, self._rate, self._tells = timeline, rate, tells
        self._kit = Kit(family(rng, split), rate)
        self._harmony = Harmony(rng, split, moving="kick" not in spans[-1].parts)
        self._swing = Swing(float(rng.choice(style.pairs)), float(rng.uniform(*style.swing)))
        self._jitter = (
            float(rng.uniform(0.001, 0.006)) if human else float(rng.choice([0, 0, 0, 0.0005, 0.001]))
        )
        self._late = float(rng.uniform(0, 0.008)) if human else 0.0
        self._loud_offbeat = rng.random() < style.loud_offbeat
        self._pump = float(rng.uniform(0.3, 0.95)) if rng.random() < 0.45 else 0.0
        self._roles = sorted(frozenset().union(*(span.parts for span in spans)))

    def tracks(self) -> list[Track]:
        """All hits, a track for each part."""
        fills = self._fills()
        tracks = []
        for role in (*DRUMS, "crash", "roll", *PITCHED):
            extra = [note for voice, note in fills if voice == role]
            if role in self._roles or extra or role == "crash":
                tracks.append(self._track(role, extra))
        return [track for track in tracks if track.hits]

    def sweeps(self) -> list[Sweep]:
        """The filter sweeps of the form."""
        return [
            Sweep(self._at(span.start), self._at(span.start + span.bars), *span.sweep)
            for span in self._spans
            if span.sweep is not None
        ]

    def bed(self, samples: int) -> Audio:
        """Noise, hum and risers under the piece, `[2, samples]`; a share of the pieces has none."""
        rng, rate = self._rng, self._rate
        out = np.zeros((2, samples), dtype=np.float32)
        if rng.random() < 0.35:
            hiss = rng.standard_normal((2, samples)).astype(np.float32)
            out += 10 ** (rng.uniform(-70, -38) / 20) * hiss
        if rng.random() < 0.12:
            t = np.arange(samples) / rate
            level = 10 ** (rng.uniform(-45, -20) / 20)
            tones = np.exp(rng.uniform(np.log(40), np.log(2000), int(rng.integers(1, 4))))
            out += (level * sum(np.sin(2 * np.pi * f * t) for f in tones)).astype(np.float32)
        for span in self._spans:
            if span.build:
                self._riser(out, self._at(span.start), self._at(span.start + span.bars))
        return out

    def _riser(self, out: Audio, start: float, end: float) -> None:
        rng, rate = self._rng, self._rate
        first, last = int(start * rate), min(int(end * rate), out.shape[1])
        if last - first < rate // 2:
            return
        ramp = np.linspace(0, 1, last - first)
        noise = rng.standard_normal(last - first).astype(np.float32)
        cutoff = rng.uniform(200, 800) * (rng.uniform(8, 25) ** ramp)
        riser = swept(noise, cutoff, rate, q=rng.uniform(0.7, 3), kind="band") * ramp ** rng.uniform(1, 3)
        out[:, first:last] += (10 ** (rng.uniform(-26, -8) / 20) * riser).astype(np.float32)

    def _at(self, bar: int) -> float:
        return float(self._timeline.seconds(np.array([float(bar * self._style.bar)]))[0])

    def _fills(self) -> list[tuple[str, Note]]:
        """Fills before phrases, where the drums play."""
        rng, width, out = self._rng, self._style.bar, []
        for span in self._spans:
            if (
                span.name in ("groove", "peak", "drop")
                and "kick" in span.parts
                and not span.gap
                and rng.random() < 0.4
            ):
                bar = span.start + span.bars - 1
                for role, step in fill(rng, width, self._style.steps):
                    out.append((role, Note(bar * width + step.beat, step.velocity)))
        return out

    def _notes(self, role: str) -> list[tuple[Note, float]]:
        """Notes of a part and their level in dB, by the form."""
        rng, width = self._rng, self._style.bar
        if role == "crash":
            chance = rng.choice([0.3, 0.6, 1.0])
            return [
                (Note(float(s.start * width), 0.9), 0.0)
                for s in self._spans
                if s.start and rng.random() < chance
            ]
        if role == "roll":
            return [
                (Note(*step), span.level)
                for span in self._spans
                if role in span.parts
                for step in roll(rng, float(span.start * width), span.bars * width - span.gap)
            ]
        tells = role in self._tells
        swing = self._swing if role != "pad" else None
        part = Part(rng, self._split, self._style, role, swing, tells=tells)
        melody = Melody(rng, self._harmony, role, tells=tells) if role in PITCHED else None
        out = []
        for span in self._spans:
            if role not in span.parts:
                continue
            stop = (span.start + span.bars) * width - span.gap
            for bar in range(span.start, span.start + span.bars):
                steps = part.steps(bar)
                notes = (
                    melody.notes(bar, steps, width)
                    if melody
                    else [Note(bar * width + s.beat, s.velocity) for s in steps]
                )
                out += [(note, span.level) for note in notes if note.beat < stop - 1e-6]
        return out

    def _track(self, role: str, extra: list[Note]) -> Track:
        rng, rate = self._rng, self._rate
        level = rng.uniform(*_LEVELS[role])
        if self._loud_offbeat and role in ("open", "hat", "bass", "chord", "perc0", "snare", "clap"):
            level = min(level + rng.uniform(3, 11), 1.0)
        elif self._loud_offbeat and role == "kick":
            level -= rng.uniform(1, 7)
        notes = self._notes(role) if role in self._roles or role == "crash" else []
        notes += [(note, 0.0) for note in extra]
        instrument = Instrument(role, family(rng, self._split), rate) if role in PITCHED else None
        beat = 60.0 / self._timeline.bpm(0.0)
        late = self._late * rng.uniform(-1, 1)
        times = self._timeline.seconds(np.array([note.beat for note, _ in notes], dtype=np.float64))
        times += (
            late + np.clip(rng.normal(0, self._jitter, len(notes)), -0.015, 0.015) if self._jitter else late
        )
        hits = []
        kind = _CLASS.get(role, "other")
        for (note, decibels), time in zip(notes, times, strict=True):
            gain = note.velocity**1.4 * 10 ** (decibels / 20)
            if instrument is None:
                layers = self._kit.layers("snare" if role == "roll" else role)
                sound = layers[min(int(note.velocity * 3), 2)]
            else:
                sound = instrument.note(note.pitches, note.length * beat, note.velocity)
            slow = instrument is not None and instrument.slow
            hits.append(Hit(max(round(float(time) * rate), 0), sound, float(gain), kind, slow))
        if role in ("arp", "chord", "lead", "vocal", "snare", "perc0") and rng.random() < 0.25:
            hits += self._echoes(hits, beat)
        return Track(
            bus=_BUS.get(role, "music"),
            hits=hits,
            gain=float(10 ** (level / 20)),
            pan=0.0 if role in ("kick", "bass") else float(np.clip(rng.normal(0, 0.3), -0.9, 0.9)),
            send=float(rng.choice([0.0, 0.05, 0.15, 0.4])) if role not in ("kick", "bass") else 0.0,
            duck=self._pump if role != "kick" and role in PITCHED else 0.0,
        )

    def _echoes(self, hits: list[Hit], beat: float) -> list[Hit]:
        """A tempo-synced delay: weaker copies that nobody need hear as onsets."""
        rng = self._rng
        delay = float(rng.choice([0.5, 0.75, 0.75, 1.0, 0.33])) * beat
        first, again = 10 ** (rng.uniform(-18, -8) / 20), rng.uniform(0.2, 0.6)
        return [
            hit._replace(
                start=hit.start + round(k * delay * self._rate),
                gain=hit.gain * first * again ** (k - 1),
                dontcare=True,
            )
            for hit in hits
            for k in (1, 2, 3)
        ]
