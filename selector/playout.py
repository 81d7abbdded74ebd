"""The life of a pick: prepared, moved with the grid, then activated or taken back."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from dsp.snapshot import ExpressiveAudioSnapshot
from selector.brief import brief
from selector.catalog import Table
from selector.choice import Choice, Chooser
from selector.director import Director, Slot
from selector.envelope import Envelope
from selector.events import Activate, Cancel, PickLogged, Prepare, Shown
from selector.grid import Moment, samples
from selector.intents import Want
from selector.pick import PickNote
from selector.publication import Publication
from selector.settings import SelectorSettings
from selector.show import Cue, Show

_NEWS_SEC: Final = 0.02  # a planned moment that moved by more is told
_GRACE_SEC: Final = 0.025  # a moment that is past by no more is still the moment
_RETRY_SEC: Final = 1.0  # how soon to look again after nothing could be shown


class Playout:
    """Brings picks onto the screen; at most one is prepared at a time.

    Args:
        show: what it changes.
        director: knows where the beats are.
        chooser: draws.
        publication: where everything is said.
        settings: of the decider.
        rate: samples a second.
    """

    def __init__(
        self,
        show: Show,
        director: Director,
        chooser: Chooser,
        publication: Publication,
        settings: SelectorSettings,
        rate: int,
    ) -> None:
        self._show = show
        self._director = director
        self._chooser = chooser
        self._publication = publication
        self._settings = settings.select
        self._announce = samples(settings.director.announce_sec, rate)
        self._news = samples(_NEWS_SEC, rate)
        self._retry = samples(_RETRY_SEC, rate)
        self._grace = samples(_GRACE_SEC, rate)
        self._envelope = Envelope(settings.director, rate, show.last_change)

    def prepare(self, want: Want, slot: Slot, snapshot: ExpressiveAudioSnapshot) -> None:
        """Choose, log, and tell the browsers to load; if nothing may be shown, try again later."""
        show, now = self._show, snapshot.t_samples
        counters = dict(self._chooser.counters)
        found = brief(show, want, snapshot, self._settings)
        choice = self._chooser.choose(found.table, found.situation, show.seq + 1)
        show.unshown = None  # passed over once; where it is all there is, the next attempt takes it
        if choice is None:
            self._starve(found.table, now)
            return
        show.starved = ""
        item = found.table.item(choice.index)
        cue = Cue(
            seq=show.issue(item),
            item=item,
            slot=slot,
            want=want,
            prepared_at=now,
            counters=counters,
            pinned=found.pinned,
        )
        show.cue = cue
        if cue.pinned:
            show.intents.pinned = None
        note = PickNote(
            seq=cue.seq,
            requested_mode=show.intents.mode,
            reason=found.reason,
            trigger=want.reason,
            intensity=found.situation.intensity,
            activate_sample=slot.moment.sample,
            snapshot=snapshot,
        )
        self._publication.say(PickLogged(self._publication.log.pick(note, found.table, choice)))
        self._publication.say(_load(cue, found.table, choice))
        self._publication.tell()

    def pull_in(self, cue: Cue, snapshot: ExpressiveAudioSnapshot) -> None:
        """The operator wants what is prepared sooner: on the next beat that leaves time to load."""
        loaded = cue.prepared_at + self._director.fast_lead
        sooner = self._director.soon(snapshot, self._show.last_change, loaded, lead=self._announce)
        if sooner.moment.sample < cue.slot.moment.sample:
            cue.slot = replace(cue.slot, moment=sooner.moment, low=sooner.low)
        cue.want = Want(reason="command:next", aim=cue.want.aim)
        self._publication.tell()

    def move(self, cue: Cue, moment: Moment) -> None:
        """It has become clear when what waits is to be shown."""
        cue.slot = replace(cue.slot, moment=moment)

    def re_aim(self) -> None:
        """Follow the grid, which has just moved."""
        cue = self._show.cue
        if cue is None:
            return
        slot = cue.slot
        moved = self._director.re_aim(slot.moment, slot.low, slot.high)
        cue.slot = replace(slot, moment=moved)
        if abs(moved.sample - slot.moment.sample) > self._news:
            self._publication.tell()

    def activate_when_due(self, snapshot: ExpressiveAudioSnapshot) -> None:
        """Announce the change if its moment is near: from then on it stands."""
        show, cue, now = self._show, self._show.cue, snapshot.t_samples
        if cue is None or cue.slot.moment.sample - now > self._announce:
            return
        moment = cue.slot.moment
        # What fell just now is dated when it fell: a few milliseconds, less than a frame.
        sample = moment.sample if now - moment.sample <= self._grace else now
        if sample < self._envelope.earliest:
            cue.slot = replace(cue.slot, moment=Moment(self._envelope.earliest, "time"))
            return
        fade_sec = self._envelope.admit(sample, cue.slot.fade_sec)
        aligned = moment.quantum != "time"
        beat = moment.beat_count if aligned else snapshot.beat_count
        bar = moment.bar_count if aligned else snapshot.bar_count
        if cue.want.position is None:
            show.history.show(cue.item)
        else:
            show.history.move(cue.want.position)
        show.now, show.cue, show.failing = Shown(cue.seq, cue.item, sample), None, ""
        if show.want is not None and show.want.by == "automatic":
            show.want = None  # what it was to replace is gone
        self._publication.say(Activate(cue.seq, sample, beat, bar, fade_sec))
        self._publication.outcome(
            cue.seq, "activated", now, activateSample=sample, beatCount=beat, barCount=bar
        )
        self._publication.tell()

    def dim(self, sample: int) -> None:
        """Black, or visible again, as the operator wants it and the safety envelope lets it be."""
        show = self._show
        if show.black != show.intents.blackout and sample >= self._envelope.earliest:
            show.black = show.intents.blackout
            self._envelope.admit(sample, 0.0)
            self._publication.tell()

    def cancel(self, cue: Cue, reason: str, sample: int) -> None:
        """Take back what was prepared; unless it failed, its turn in the shuffle and its pin stand."""
        intents = self._show.intents
        self._show.cue = None
        if cue.item not in self._show.quarantine:
            self._chooser.counters = cue.counters
            if cue.pinned and intents.pinned is None and cue.item not in intents.banned:
                intents.pinned = cue.item
        self._skip(cue.seq, reason, sample)

    def cancel_orphan(self, sample: int) -> None:
        """After a restart, take back what was prepared before it."""
        if self._show.orphan is not None:
            self._skip(self._show.orphan, "restart", sample)
            self._show.orphan = None

    def _skip(self, seq: int, reason: str, sample: int) -> None:
        self._publication.say(Cancel(seq, reason))
        self._publication.outcome(seq, "skipped", sample, reason=reason)

    def _starve(self, table: Table, sample: int) -> None:
        """Nothing may be shown: keep what is on screen, say so, look again later, without mere doubts."""
        self._show.doubted.clear()
        self._show.retry_at = sample + self._retry
        self._show.starved = (
            f"Nothing else can be shown: every other {table.kind} of pack '{table.pack}' is banned, "
            "in quarantine or unusable; lift a ban or choose another pack."
        )
        self._publication.tell()


def _load(cue: Cue, table: Table, choice: Choice) -> Prepare:
    row = table.rows[choice.index]
    return Prepare(
        seq=cue.seq,
        kind=table.kind,
        pack=table.pack,
        pair=row.ident if isinstance(row.ident, int) else None,
        preset_ids=table.preset_ids(choice.index),
        fg_url=row.fg_url,
        bg_url=row.bg_url,
        activate_sample=cue.slot.moment.sample,
        fade_sec=cue.slot.fade_sec,
    )
