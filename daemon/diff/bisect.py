"""Which changed key of a configuration makes the first pick differ, found with few and short replays.

Delta debugging (Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", 2002) over
the keys that differ: halves first, then finer, until no key can be left out. A replay ends at the pick
that is asked about, so all of them but the first are as short as they can be; and where no key of `dsp`
is changed, all but the first two play back what was heard.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import Final

import msgspec
import numpy as np

from daemon.config import Config
from daemon.diff.compare import FRAME, name
from daemon.diff.heard import Hearing, Tape
from daemon.diff.keys import mixed
from daemon.diff.variants import configure, engine_under, hops_of
from daemon.engine import Engine, Hop, log_records
from daemon.errors import SessionError
from daemon.pick_stream import Fate, FateBook, fates, pick_lines, typed
from daemon.session import Header, SessionReader

PATIENCE_SEC: Final = 1.0
"""A pick that is so late is missing: there is no need to replay to the end to be sure."""

Tick = tuple[int, Fate | None]
Show = Callable[[int, int], Callable[[int], None] | None]
"""(number of keys, samples at most) -> progress of one replay, or None."""


class Parting(msgspec.Struct, frozen=True):
    """The first pick in which two runs differ: the `index`-th from 0; None where one has none."""

    index: int
    a: Fate | None
    b: Fate | None
    sample: int  # at which it was certain


def first_parting(
    a: Iterable[Fate], b: Iterable[Tick], rate: int, *, clean_end: bool = True
) -> Parting | None:
    """Where `b` first differs from `a`; None when it does not.

    Args:
        a: the reference.
        b: (position, fate or None) in order; read no further than needed.
        rate: of both, in Hz.
        clean_end: whether `a` is known to be whole; else what only one has at the end is no difference.
    """
    expected, index, position = iter(a), 0, 0
    due = next(expected, None)
    for position, fate in b:
        if fate is None:
            if due is not None and due.shown is not None and position > due.known + PATIENCE_SEC * rate:
                return Parting(index, due, None, position)
            continue
        if due is None and not clean_end:
            return None
        if due is None or not alike(due, fate, rate):
            return Parting(index, due, fate, position)
        due, index = next(expected, None), index + 1
    return Parting(index, due, None, position) if due is not None and clean_end else None


def alike(a: Fate, b: Fate, rate: int) -> bool:
    """Whether these are the same thing at the same moment, as `compare` has it."""
    return name(a) == name(b) and abs(a.moment - b.moment) < FRAME * rate


class Bisection:
    """Replays of one session under mixtures of its configuration and another.

    Args:
        reader: the session.
        reference: a folder whose pickLog this code gives for the session as it was recorded.
        base: configuration as recorded.
        other: the one to blame.
        header: of a replay by this code, as recorded.
        show: makes the progress of a replay.
    """

    def __init__(
        self,
        reader: SessionReader,
        reference: SessionReader,
        base: Config,
        other: Config,
        header: Header,
        show: Show = lambda _keys, _samples: None,
    ) -> None:
        self._reader, self._reference, self._header = reader, reference, header
        self._base, self._other, self._show = base, other, show
        self._samples = reader.length
        self._known: dict[frozenset[str], Parting | None] = {}
        self._tape: Tape | None = None  # what is heard with no key of `dsp` changed, as far as is asked about
        self.replays = 0

    def parting(self, keys: Sequence[str], until: int | None = None) -> Parting | None:
        """First difference with these keys changed that is certain before the sample `until`."""
        chosen = frozenset(keys)
        if chosen not in self._known:
            self._known[chosen] = self._replay(keys, until)
        return self._known[chosen]

    def blame(self, keys: Sequence[str], until: int) -> list[str]:
        """The fewest of `keys` found that still make a pick differ before `until`; none can be left out.

        Raises:
            SessionError: picks differ though nothing is changed, so that no key is to blame.
        """
        if self.parting((), until) is not None:
            raise SessionError(
                "the session does not replay to its own picks, so no key is to blame",
                where=str(self._reader.folder),
                fix="see what `aivjd verify` says",
            )
        return minimal(keys, lambda some: self.parting(some, until) is not None)

    def _replay(self, keys: Sequence[str], until: int | None) -> Parting | None:
        config = mixed(self._base, self._other, keys)
        if config is None:
            return None  # these keys contradict each other, so nothing can be said of them
        header = msgspec.structs.replace(self._header)
        configure(header, config)
        self.replays += 1
        progress = self._show(len(keys), self._samples if until is None else until - self._reader.first)
        engine, blocks = engine_under(self._reader, header), None
        if not any(key.startswith("dsp.") for key in keys):
            blocks = self._by_ear_or_tape(engine, keep=until is not None)
        run = _run(hops_of(self._reader, engine, progress, blocks), until)
        expected = _until(fates(pick_lines(self._reference)), until)
        found = first_parting(expected, run, header.rate, clean_end=self._reference.closed is not None)
        run.close()
        # What becomes certain only where the replay was cut off is not certain at all.
        return None if found is not None and until is not None and found.sample >= until else found

    def _by_ear_or_tape(self, engine: Engine, *, keep: bool) -> Iterator[np.ndarray] | None:
        """Let the engine play back what was heard as recorded, or keep it for the next; blocks to feed it."""
        if self._tape is None:
            if keep:
                self._tape = Tape(engine.hop, engine.position)
                engine.analyzer = Hearing(self._tape, engine.analyzer)  # type: ignore[assignment]
            return None
        self._tape.finish()
        engine.analyzer = Hearing(self._tape)  # type: ignore[assignment]
        return self._tape.blocks()

    def close(self) -> None:
        """Let go of what was kept on disk."""
        if self._tape is not None:
            self._tape.close()


def _until(reference: Iterable[Fate], until: int | None) -> Iterator[Fate]:
    """The reference as far as a replay that ends at `until` can have followed it."""
    for fate in reference:
        if until is not None and fate.known > until:
            return
        yield fate


def _run(hops: Iterable[Hop], until: int | None) -> Generator[Tick, None, None]:
    book, position = FateBook(), 0
    for hop in hops:
        position = hop.position
        for log, record in log_records(hop):
            fate = book.add(typed(record)) if log == "picks" else None
            if fate is not None:
                yield position, fate
        yield position, None
        if until is not None and position >= until:
            return
    for fate in book.rest():
        yield position, fate


def minimal(keys: Sequence[str], fails: Callable[[Sequence[str]], bool]) -> list[str]:
    """A part of `keys` that still fails and of which none can be left out (1-minimal).

    Args:
        keys: all of them together fail; none of them does not.
        fails: whether a part of them does.
    """
    left, parts = list(keys), 2
    while len(left) > 1:
        cut = [left[len(left) * i // parts : len(left) * (i + 1) // parts] for i in range(parts)]
        smaller = next((part for part in cut if fails(part)), None)
        if smaller is not None:
            left, parts = smaller, 2
            continue
        rests = [[key for key in left if key not in part] for part in cut] if parts > 2 else []
        rest = next((some for some in rests if fails(some)), None)
        if rest is not None:
            left, parts = rest, max(parts - 1, 2)
        elif parts < len(left):
            parts = min(2 * parts, len(left))
        else:
            break
    return left
