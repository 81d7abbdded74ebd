"""What is said to the outside: the events of a call, the public state, and what a restart needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from selector.catalog import Catalog, spread_warning
from selector.events import (
    CueState,
    LikedState,
    NextState,
    NowState,
    OutcomeLogged,
    PublicState,
    QuarantineState,
    ResumeState,
    SelectorEvent,
    StateChanged,
)
from selector.pick import PickLog
from selector.settings import SelectSettings
from selector.show import Show

_LIKED_TOLD: Final = 100  # of what is liked, the newest: each state goes to every page


class Publication:
    """Collects what follows from a call, in order, until `take`.

    Args:
        show: whose state is published.
        log: seals the records.
        warnings: sentences that stand as long as the catalogue does.
    """

    def __init__(self, show: Show, log: PickLog, warnings: tuple[str, ...]) -> None:
        self.log = log
        self._show = show
        self._warnings = warnings
        self._said: list[SelectorEvent] = []
        self._told: PublicState | None = None

    def restock(self, catalog: Catalog, warnings: tuple[str, ...]) -> None:
        """Picks come from another catalogue from here on, with its own sentences."""
        self.log.restock(catalog.sha256)
        self._warnings = warnings

    def say(self, event: SelectorEvent) -> None:
        """Add an event."""
        self._said.append(event)

    def outcome(self, seq: int, outcome: str, sample: int, **details: Any) -> None:
        """Add a sealed outcome record; details that are None are left out."""
        self.say(OutcomeLogged(self.log.outcome(seq, outcome, sample, **details)))

    def tell(self, *, always: bool = False) -> None:
        """Add the public state if it changed."""
        state = self.public_state()
        if always or state != self._told:
            self._told = state
            self.say(StateChanged(state))

    def take(self) -> list[SelectorEvent]:
        """All that was said since the last `take`."""
        said, self._said = self._said, []
        return said

    def public_state(self) -> PublicState:
        """The whole public state, as it is now."""
        show, intents, cue = self._show, self._show.intents, self._show.cue
        return PublicState(
            hold=intents.hold,
            blackout=show.black,
            mode=intents.mode,
            kind=intents.kind,
            pack=intents.pack,
            packs=tuple(show.catalog.packs),
            energy_bias=intents.energy_bias,
            pinned=intents.pinned.key if intents.pinned else None,
            banned=tuple(item.key for item in intents.banned),
            quarantined=tuple(
                QuarantineState(d.item.key, d.reason, d.until_sample) for d in show.quarantine.held
            ),
            now=NowState(show.now.seq) if show.now else None,
            next=NextState(cue.seq, cue.slot.moment.sample) if cue else None,
            warnings=(*self._warnings, *self._troubles()),
            until_drop=intents.until_drop,
            rest_until_sample=intents.rest_until,
            liked=tuple(LikedState(e.item.key, e.steps) for e in intents.liking.liked[-_LIKED_TOLD:]),
            intents=tuple(intents.standing.values()),
            cue=self._cue(),
        )

    def _cue(self) -> CueState | None:
        cues = self._show.cues
        if not cues.names:
            return None
        return CueState(cues.index, cues.scene.name if cues.scene else "", cues.names)

    def _troubles(self) -> Iterator[str]:
        """Sentences for what is wrong at the moment."""
        show = self._show
        if show.starved:
            yield show.starved
        for client in show.suspects:
            yield f"Stage {client} fails whatever it is given; look at that browser."
        if show.failing and show.intents.held:
            yield f"What is on screen is {show.failing} and held; release the hold to replace it."

    def resume_state(self, shuffle_counters: dict[str, int]) -> ResumeState:
        """What a restarted selector needs, besides the log."""
        show, intents = self._show, self._show.intents
        return ResumeState(
            seq=show.seq,
            prev=self.log.prev,
            shuffle_counters=dict(shuffle_counters),
            now=show.now,
            pending=show.cue.seq if show.cue else show.orphan,
            history=show.history.items,
            cursor=show.history.cursor,
            banned=tuple(intents.banned),
            quarantine=show.quarantine.held,
            strikes=show.quarantine.strikes,
            sample=show.sample,
            cue=show.cues.place,
            safe=tuple(show.safe),
            until_drop=intents.until_drop,
            rest_until=intents.rest_until,
            liked=intents.liking.liked,
            undo=intents.liking.before,
            intents=tuple(intents.standing.values()),
            hold=intents.hold,
            blackout=intents.blackout,
            mode=intents.mode,
            kind=intents.kind,
            pack=intents.pack,
            energy_bias=intents.energy_bias,
            pinned=show.cue.item if show.cue and show.cue.pinned else intents.pinned,
            unshown=show.cue.item if show.cue else show.unshown,
        )


def spread_warnings(catalog: Catalog, settings: SelectSettings) -> tuple[str, ...]:
    """A sentence for each table whose raw quality hardly moves the draw, if that is what it draws by."""
    if settings.quality_scale != "raw":
        return ()
    return tuple(
        warning
        for pack in catalog.packs.values()
        for table in (pack.pairs, pack.presets)
        if (warning := spread_warning(table, settings.quality_floor))
    )
