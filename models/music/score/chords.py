"""Scales, chords of a progression, and voicings of band music; keys are MIDI key numbers."""

from __future__ import annotations

from models.music.score.styles import Scale

_DEGREES: dict[Scale, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "harmonic": (0, 2, 3, 5, 7, 8, 11),
    "blues": (0, 2, 4, 5, 7, 9, 10),
}
_BLUE_MELODY = (0, 3, 5, 6, 7, 10)


class Chords:
    """The chords of a piece over its bars.

    Args:
        tonic: pitch class 0..11.
        scale: chords are stacked thirds of it.
        progression: in the notation of `styles`.
        bar: beats in a bar.
        sevenths: chords of four tones.
    """

    def __init__(self, tonic: int, scale: Scale, progression: str, bar: int, *, sevenths: bool) -> None:
        self.tonic = tonic
        self._steps = _DEGREES[scale]
        self._melodic = _BLUE_MELODY if scale == "blues" else self._steps
        self._bars = [[int(degree) for degree in group.split(",")] for group in progression.split()]
        self._bar = bar
        self._tones = 4 if sevenths else 3

    def chord(self, beat: float) -> list[int]:
        """Pitch classes, root first, of the chord that sounds at a beat."""
        bar, inside = divmod(max(0.0, beat + 1e-6), self._bar)
        group = self._bars[int(bar) % len(self._bars)]
        degree = group[min(len(group) - 1, int(inside / self._bar * len(group)))]
        return [(self.tonic + self._steps[(degree - 1 + 2 * third) % 7]) % 12 for third in range(self._tones)]

    def voicing(self, beat: float, octave: int) -> list[int]:
        """Keys of the chord, ascending, within an octave about `12 * octave`."""
        low = 12 * octave - 5
        return sorted(low + (tone - low) % 12 for tone in self.chord(beat))

    def bass(self, beat: float, symbol: str, following: float) -> int:
        """Key of a bass symbol (see `styles`); `following` is the beat whose root an approach leads to."""
        chord = self.chord(beat)
        root = 28 + (chord[0] - 28) % 12
        if symbol == "a":
            goal = 28 + (self.chord(following)[0] - 28) % 12
            return goal - 1 if (goal + self.tonic) % 2 else goal + 2
        third, fifth = root + (chord[1] - chord[0]) % 12, root + (chord[2] - chord[0]) % 12
        return {"3": third, "5": fifth, "o": root + 12, "l": fifth - 12}.get(symbol, root)

    def step(self, key: int, steps: int) -> int:
        """The key `steps` melodic steps above (below) the note of the scale at or next under `key`."""
        octave, tone = divmod(key - self.tonic, 12)
        index = max(i for i, degree in enumerate(self._melodic) if degree <= tone) + steps
        jump, index = divmod(index, len(self._melodic))
        return self.tonic + 12 * (octave + jump) + self._melodic[index]

    def nearest_tone(self, key: int, beat: float) -> int:
        """The chord tone nearest to a key."""
        moves = [(tone - key + 6) % 12 - 6 for tone in self.chord(beat)]
        return key + min(moves, key=lambda move: (abs(move), move))
