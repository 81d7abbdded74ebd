"""Which pick of one run corresponds to which of the other, though picks were added or left out.

An alignment of greatest worth over the whole of both runs, found in one pass: two picks of the same
thing are worth more the nearer their moments, two different things at about the same moment a little,
and order is kept. One insertion therefore moves nothing else out of step.

Memory is what lies within `REACH` seconds: whatever every alignment still possible agrees upon is
handed out and forgotten.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Final, Generic, NamedTuple, TypeVar

REACH: Final = 60.0
"""Seconds within which the same thing can be the same pick at another time."""

NEAR: Final = 8.0
"""Seconds within which different things can stand in each other's place: the shortest stay by default."""

_SLACK: Final = 1.0  # moments come almost in order: an activation is announced shortly before it falls
_SAME: Final = 2.0  # worth of the same thing at the same moment
_OTHER: Final = 0.75  # less than the same thing 30 s away, so that a shifted order is seen as shifted

T = TypeVar("T")


class _Match:
    """The last link of a chain of matches; `left` and `right` are numbers of picks."""

    __slots__ = ("before", "left", "right")

    def __init__(self, before: _Match | None, left: int, right: int) -> None:
        self.before, self.left, self.right = before, left, right


class _Best(NamedTuple):
    worth: float
    chain: _Match | None


def worth(same: bool, apart: float) -> float:
    """Worth of matching two picks that are `apart` seconds from each other; 0 when they may not be."""
    if same:
        return max(0.0, _SAME * (1.0 - apart / REACH))
    return max(0.0, _OTHER * (1.0 - apart / NEAR))


class Aligner(Generic[T]):
    """Aligns two streams of picks.

    Args:
        at: moment of a pick in seconds.
        name: what was picked; equal names are the same thing.
    """

    def __init__(self, at: Callable[[T], float], name: Callable[[T], Hashable]) -> None:
        self._at, self._name = at, name
        self._left: deque[tuple[int, T]] = deque()  # not handed out yet
        self._right: deque[tuple[int, T]] = deque()
        self._window: deque[tuple[int, T, _Best]] = deque()  # of the right, within reach
        self._base = _Best(0.0, None)  # best that uses nothing of the window
        self._told: _Match | None = None  # last match handed out

    def pairs(self, left: Iterable[T], right: Iterable[T]) -> Iterator[tuple[T | None, T | None]]:
        """(left, right) in order of time; None where the other run has nothing."""
        rights = enumerate(right)
        ahead = next(rights, None)
        for number, pick in enumerate(left):
            now = self._at(pick)
            self._left.append((number, pick))
            while ahead is not None and self._at(ahead[1]) <= now + REACH + _SLACK:
                self._right.append(ahead)
                self._window.append((*ahead, self._last()))
                ahead = next(rights, None)
            while self._window and self._at(self._window[0][1]) < now - REACH - _SLACK:
                self._base = self._window.popleft()[2]
            self._row(number, pick)
            yield from self._settled(number)
        while ahead is not None:
            self._right.append(ahead)
            ahead = next(rights, None)
        yield from self._rest(self._last().chain)

    def _last(self) -> _Best:
        return self._window[-1][2] if self._window else self._base

    def _row(self, number: int, pick: T) -> None:
        """Let `pick` end the best chain at each pick of the window."""
        now, name = self._at(pick), self._name(pick)
        before, running = self._base, self._base
        for at, (other, candidate, best) in enumerate(self._window):
            value = worth(self._name(candidate) == name, abs(self._at(candidate) - now))
            found = best
            if value > 0.0 and before.worth + value > found.worth:
                found = _Best(before.worth + value, _Match(before.chain, number, other))
            if running.worth > found.worth:
                found = running
            before, running = best, found
            self._window[at] = (other, candidate, found)

    def _settled(self, done: int) -> Iterator[tuple[T | None, T | None]]:
        """Hand out what all chains agree upon."""
        chains = [list(self._untold(best.chain)) for best in (self._base, *(w[2] for w in self._window))]
        agreed = 0
        while all(len(chain) > agreed for chain in chains) and all(
            chain[agreed] is chains[0][agreed] for chain in chains
        ):
            agreed += 1
        for match in chains[0][:agreed]:
            yield from self._up_to(match)
        if agreed:
            self._told = chains[0][agreed - 1]
            self._told.before = None  # the past is not needed any more
        elif not any(chains):
            yield from self._hopeless(done)

    def _hopeless(self, done: int) -> Iterator[tuple[T | None, T | None]]:
        """Nothing matches so far: what is out of the reach of everything to come stands alone."""
        if not self._window:
            yield from self._alone(done + 1, self._end(self._right))
            return
        first, pick, _ = self._window[0]
        earlier = (
            number for number, other in self._left if number > done or self._at(other) > self._at(pick)
        )
        yield from self._alone(next(earlier, done + 1), first)

    def _untold(self, chain: _Match | None) -> Iterator[_Match]:
        links = []
        while chain is not None and chain is not self._told:
            links.append(chain)
            chain = chain.before
        return reversed(links)

    def _up_to(self, match: _Match) -> Iterator[tuple[T | None, T | None]]:
        yield from self._alone(match.left, match.right)
        yield self._left.popleft()[1], self._right.popleft()[1]

    def _alone(self, left: int, right: int) -> Iterator[tuple[T | None, T | None]]:
        """Everything before these numbers, by time."""
        while True:
            a = self._left[0] if self._left and self._left[0][0] < left else None
            b = self._right[0] if self._right and self._right[0][0] < right else None
            if a is not None and (b is None or self._at(a[1]) <= self._at(b[1])):
                yield self._left.popleft()[1], None
            elif b is not None:
                yield None, self._right.popleft()[1]
            else:
                return

    def _rest(self, chain: _Match | None) -> Iterator[tuple[T | None, T | None]]:
        for match in self._untold(chain):
            yield from self._up_to(match)
        yield from self._alone(self._end(self._left), self._end(self._right))

    @staticmethod
    def _end(waiting: deque[tuple[int, T]]) -> int:
        return waiting[-1][0] + 1 if waiting else 0
