"""Ableton Link: a tempo and a beat shared by everybody in the network.

`follow` never touches the session: it joins switched off and is switched on only then, so that the session
that is there is the older one and keeps its tempo (aalink issue 7), and nothing here sets a tempo afterwards.
`lead` does what a DJ's *sync to me* does, and is for rigs where nobody else should.

Link's own time is not the monotonic clock, so a beat and a second are read together.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any, NamedTuple, Protocol

from daemon.clock_input import Told
from daemon.errors import MissingError
from daemon.rig_settings import LinkSettings

log = logging.getLogger("aivjd")

EACH_S = 0.25
JOIN_AFTER_S = 1.0
TRIES = 4
SURE_S = 2.0
"""A beat is led only when it has differed for so long: what flickers must not be forced on others."""
TEMPO_OFF_BPM = 0.1
PHASE_OFF_S = 0.02


class Session(Protocol):
    """What we use of `aalink.Link`."""

    enabled: bool
    quantum: float
    tempo: float
    playing: bool
    start_stop_sync_enabled: bool

    @property
    def beat(self) -> float:
        """Beats now."""

    @property
    def num_peers(self) -> int:
        """Others in the session."""

    def force_beat(self, beat: float) -> None:
        """Make it this beat now, for everybody."""


class Position(NamedTuple):
    """A beat of the session and the monotonic second at which it was so."""

    beat: float
    at_s: float
    tempo: float


def join(bpm: float = 120.0) -> Session:
    """A session that we are not in yet.

    Raises:
        MissingError: the package is not installed or does not load.
    """
    try:
        import aalink
    except ImportError as error:
        raise MissingError(
            f"Ableton Link cannot be used ({error})",
            where="link.mode",
            fix='run `pip install "aivjd[link]"`, or set it to "off"',
        ) from error
    session: Session = aalink.Link(bpm)
    return session


def position(session: Session, clock: Callable[[], float] = monotonic) -> Position:
    """Where the session is; the reading that took least is the one that was not interrupted."""
    best, took = Position(0.0, 0.0, session.tempo), float("inf")
    for _ in range(TRIES):
        before = clock()
        beat = session.beat
        after = clock()
        if after - before < took:
            best, took = Position(beat, (before + after) / 2, session.tempo), after - before
    return best


def told(now: Position, settings: LinkSettings, *, running: bool) -> Told:
    """The next beat after `now`, with the offsets that were set."""
    beat = now.beat + settings.offset_beats
    number = beat // 1.0 + 1.0
    at_s = now.at_s + (number - beat) * 60.0 / now.tempo + settings.offset_ms / 1000
    return Told("link", now.tempo, at_s, int(number) % settings.quantum, settings.quantum, running)


class LinkClock:
    """Follows or leads a session.

    Args:
        settings: how.
        tell: gets what the clock says.
        session: not joined yet.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        settings: LinkSettings,
        tell: Callable[[Told], None],
        session: Session,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._settings = settings
        self._tell = tell
        self._session = session
        self._clock = clock
        self._off_since: float | None = None
        session.quantum = float(settings.quantum)

    async def run(self) -> None:
        """Join after a moment, then say where the session is, until cancelled."""
        await asyncio.sleep(JOIN_AFTER_S)
        self._session.enabled = True
        log.info("Ableton Link: joined, to %s", self._settings.mode)
        try:
            while True:
                self.look()
                await asyncio.sleep(EACH_S)
        finally:
            self._session.enabled = False

    def look(self) -> None:
        """Say where the session is. Without others in it there is nothing to follow."""
        if self._settings.mode != "follow":
            return
        session = self._session
        stands = session.start_stop_sync_enabled and not session.playing
        running = session.num_peers > 0 and not stands
        self._tell(told(position(session, self._clock), self._settings, running=running))

    def snapshot(self, snapshot: Mapping[str, Any]) -> None:
        """Lead, where that is asked for, with what is heard and trusted."""
        by_ear = snapshot["beatTrusted"] and snapshot["beatSource"] in ("audio", "tap")
        if self._settings.mode != "lead" or not by_ear or not self._session.enabled:
            self._off_since = None
            return
        now = position(self._session, self._clock)
        bpm, off_s = float(snapshot["tempoBpm"]), self._behind(now, snapshot)
        phase_off = snapshot["barTrusted"] and abs(off_s) > PHASE_OFF_S
        if abs(bpm - now.tempo) < TEMPO_OFF_BPM and not phase_off:
            self._off_since = None
        elif self._off_since is None:
            self._off_since = now.at_s
        elif now.at_s - self._off_since > SURE_S:
            self._off_since = None
            self._session.tempo = round(bpm, 2)
            if phase_off:
                self._session.force_beat(now.beat + off_s * bpm / 60.0)

    def announced(self, wire: Mapping[str, Any]) -> None:
        """Snapshots tell all that is needed."""

    def _behind(self, now: Position, snapshot: Mapping[str, Any]) -> float:
        """Seconds that the session's bar is behind ours."""
        settings, bpm = self._settings, float(snapshot["tempoBpm"])
        since = now.at_s - snapshot["atMs"] / 1000 - settings.offset_ms / 1000
        ours = snapshot["barBeat"] + snapshot["beatPhase01"] + since * bpm / 60.0 - settings.offset_beats
        beats = (ours - now.beat) % settings.quantum
        beats -= settings.quantum if beats > settings.quantum / 2 else 0
        return float(beats * 60.0 / bpm)

    def describe(self) -> str:
        """For the state: who is there."""
        session = self._session
        peers = session.num_peers
        return (
            f"{peers} other{'' if peers == 1 else 's'}, {session.tempo:.1f} BPM" if peers else "nobody else"
        )
