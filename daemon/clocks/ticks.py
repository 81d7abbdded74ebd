"""MIDI clock ticks become a tempo and a beat: 24 a beat, each late by whatever the sender was busy with.

A line through the last four beats of ticks, fitted again without those that lie far off it; a row of ticks
that all lie off the line is another tempo, and the line begins anew with them. Pure: time is an argument.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

PER_BEAT = 24
PER_SIXTEENTH = 6
WINDOW = 4 * PER_BEAT
ENOUGH = PER_BEAT
EACH = 3
"""Ticks between two fits."""
PAUSE_S = 0.5
"""Without a tick for so long (5 beats a minute) there is no clock."""
LEAST_S = 0.0005
GATE = 2.5
"""A tick farther off than so many times the median is left out."""
ROUNDS = 3
TURN = 8
TURN_S = 0.004
"""So many ticks in a row, all off to one side by more than this and than three medians, are another tempo."""
SLOWEST, FASTEST = 20.0, 400.0
STRAIGHT = 0.25
"""Share of a tick by which the median tick may miss a line that is to be believed."""
OTHER = 2.2
"""Another tempo is at most so many times the old one; more is a burst after a pause of the sender."""


class Line(NamedTuple):
    """Tick 0 and the seconds from one to the next."""

    start_s: float
    tick_s: float
    off_s: float  # the median tick misses the line by so much

    @property
    def bpm(self) -> float:
        """Beats a minute."""
        return 60.0 / (self.tick_s * PER_BEAT)

    def at(self, tick: float) -> float:
        """When a tick falls."""
        return self.start_s + tick * self.tick_s


class Ticks:
    """What a sender of MIDI clock has said.

    Attributes:
        running: it was started and not stopped.
        placed: a start or a song position said which tick is which; before that there is a tempo and no beat.
        line: through the latest ticks; None while there are too few.
        next: number of the tick that comes next, from the song's beginning.
    """

    def __init__(self) -> None:
        self.running = False
        self.placed = False
        self.line: Line | None = None
        self.next = 0
        self._row: deque[tuple[int, float]] = deque(maxlen=WINDOW)

    def start(self) -> None:
        """The next tick is the first of the song."""
        self._number(0)
        self.running = self.placed = True

    def resume(self) -> None:
        """It goes on where it was stopped, or where a song position said."""
        self.running = True

    def stop(self) -> None:
        """It stands still; ticks may go on."""
        self.running = False

    def position(self, sixteenths: int) -> None:
        """The next tick that counts is at this sixteenth of the song."""
        self._number(sixteenths * PER_SIXTEENTH)
        self.placed = True

    def tick(self, at_s: float) -> None:
        """A tick came at second `at_s`."""
        row = self._row
        if row and not 0.0 <= at_s - row[-1][1] < PAUSE_S:
            row.clear()
            self.line = None
        row.append((self.next, at_s))
        self.next += 1
        if len(row) < ENOUGH or self.next % EACH:
            return
        line = _fitted(row)
        if _turned(row, line) and (new := _fitted(list(row)[-TURN:])) and _other(line, new):
            self._row = deque(list(row)[-TURN:], maxlen=WINDOW)
            self.line = None
        elif _straight(line):
            self.line = line

    def lost(self, now_s: float) -> bool:
        """Whether ticks have stopped coming."""
        return not self._row or now_s - self._row[-1][1] >= PAUSE_S

    def _number(self, tick: int) -> None:
        """Count on from `tick`; the line stays."""
        by = tick - self.next
        self.next = tick
        self._row = deque(((number + by, at) for number, at in self._row), maxlen=WINDOW)
        if self.line is not None:
            self.line = self.line._replace(start_s=self.line.start_s - by * self.line.tick_s)


def _straight(line: Line) -> bool:
    """Whether it can be a clock at all."""
    return line.tick_s > 0.0 and SLOWEST <= line.bpm <= FASTEST and line.off_s <= STRAIGHT * line.tick_s


def _other(old: Line, new: Line) -> bool:
    """Whether the latest ticks go on at another tempo, and are not a burst that was held up."""
    return _straight(new) and 1 / OTHER < new.tick_s / old.tick_s < OTHER


def _fitted(row: Sequence[tuple[int, float]]) -> Line:
    kept = list(row)
    line = _least_squares(kept)
    for _ in range(ROUNDS):
        off = [abs(at - line.at(number)) for number, at in row]
        limit = max(GATE * median(off), LEAST_S)
        kept = [entry for entry, miss in zip(row, off, strict=True) if miss <= limit]
        line = _least_squares(kept)
    return line._replace(off_s=median(abs(at - line.at(number)) for number, at in row))


def _least_squares(row: list[tuple[int, float]]) -> Line:
    number = sum(n for n, _ in row) / len(row)
    second = sum(at for _, at in row) / len(row)
    slope = sum((n - number) * (at - second) for n, at in row)
    slope /= sum((n - number) ** 2 for n, _ in row)
    return Line(second - number * slope, slope, 0.0)


def _turned(row: deque[tuple[int, float]], line: Line) -> bool:
    last = [at - line.at(number) for number, at in list(row)[-TURN:]]
    limit = max(TURN_S, 3 * line.off_s)
    return min(last) > limit or max(last) < -limit
