"""The decider: sound and wishes in, picks out. The one entry of this package.

What there is to do is told here; how it is done, in the rooms: `intents` and `console` know what the
operator wants, `director` when a change is due, `brief` and `choice` what comes next, `playout` how it
gets onto the screen, `feedback` what browsers made of it, `publication` what the outside is told. All
that changes stands in one `Show`.
"""

from __future__ import annotations

from collections.abc import Sequence

from dsp.events import Beat, DspEvent, SectionChange
from dsp.snapshot import ExpressiveAudioSnapshot
from selector.canonical import GENESIS
from selector.catalog import Catalog
from selector.choice import Chooser
from selector.console import Console
from selector.director import Director
from selector.events import Ack, PublicState, Report, ResumeState, SelectorEvent
from selector.feedback import Feedback
from selector.intensity import intensity_micro
from selector.intents import Want
from selector.pick import PickLog
from selector.playout import Playout
from selector.publication import Publication, spread_warnings
from selector.restock import restock
from selector.settings import SelectorSettings
from selector.show import Cue, Show
from selector.vocabulary import Command


class Selector:
    """Decides what is shown and when.

    Args:
        settings: constants of weights and timing.
        catalog: what there is to show.
        seed: of the session; with the inputs it determines every pick.
        rate: samples a second.
        config_sha: sha256 (hex) of the resolved configuration, for the records.
        resume: state of an earlier selector of the same session, to go on from.
    """

    def __init__(
        self,
        settings: SelectorSettings,
        catalog: Catalog,
        *,
        seed: int,
        rate: int,
        config_sha: str,
        resume: ResumeState | None = None,
    ) -> None:
        log = PickLog(
            seed=seed,
            config_sha=config_sha,
            catalog_sha=catalog.sha256,
            prev=resume.prev if resume else GENESIS,
        )
        self._settings = settings.select
        self._show = Show(settings, catalog, rate, resume)
        self._director = Director(settings.director, rate)
        self._chooser = Chooser(settings.select, seed, resume.shuffle_counters if resume else None)
        self._chooser.restock(catalog)
        self._publication = Publication(self._show, log, spread_warnings(catalog, settings.select))
        self._playout = Playout(self._show, self._director, self._chooser, self._publication, settings, rate)
        self._console = Console(self._show, self._playout, self._publication)
        self._feedback = Feedback(self._show, self._playout, self._publication, settings, rate)

    def step(self, snapshot: ExpressiveAudioSnapshot, events: Sequence[DspEvent]) -> list[SelectorEvent]:
        """One hop, after the analyser. Returns what follows from it, in order."""
        show, now = self._show, snapshot.t_samples
        self._listen(snapshot, events)
        self._feedback.tick(now)
        if show.release(now):
            show.retry_at = now
            self._publication.tell()
        self._playout.cancel_orphan(now)
        if show.want is not None and now >= show.want.serve_at:
            want, show.want = show.want, None
            self._serve(want, snapshot)
        self._playout.activate_when_due(snapshot)
        if show.want is None and now >= show.retry_at:
            self._automatic(snapshot)
        return self._publication.take()

    def command(self, command: Command, sample: int) -> list[SelectorEvent]:
        """An operator's command, taking effect before the hop that starts at `sample`."""
        self._console.obey(command, sample)
        return self._publication.take()

    def ack(self, ack: Ack, sample: int) -> list[SelectorEvent]:
        """A browser's answer to a pick. Answers to unknown picks are ignored."""
        self._feedback.ack(ack, sample)
        return self._publication.take()

    def report(self, report: Report, sample: int) -> list[SelectorEvent]:
        """A browser tells how it fares. A picture dark on every stage for too long is replaced."""
        self._feedback.report(report, sample)
        return self._publication.take()

    def restock(self, catalog: Catalog, sample: int) -> list[SelectorEvent]:
        """Packs were changed: choose from `catalog` from the hop that starts at `sample` on."""
        rooms = (self._show, self._playout, self._chooser, self._publication)
        restock(*rooms, self._settings, catalog, sample)
        return self._publication.take()

    @property
    def state(self) -> PublicState:
        """The whole public state, as it is now."""
        return self._publication.public_state()

    def resume_state(self) -> ResumeState:
        """What a restarted selector needs; take it after the events of a call are written down."""
        return self._publication.resume_state(self._chooser.counters)

    def _listen(self, snapshot: ExpressiveAudioSnapshot, events: Sequence[DspEvent]) -> None:
        """Follow the music: beats move what is prepared, sections and energy may call for a change."""
        for event in events:
            if isinstance(event, Beat):
                self._director.on_beat(event)
                self._playout.re_aim()
            elif isinstance(event, SectionChange):
                self._director.on_section(event, snapshot.t_samples)
        self._director.hear(snapshot)

    def _serve(self, want: Want, snapshot: ExpressiveAudioSnapshot) -> None:
        """Do what is wanted: pull in what is prepared already, or prepare anew."""
        cue, slot = self._show.cue, None
        if cue is not None and want.anything_next:
            if not cue.want.manual:
                self._playout.pull_in(cue, snapshot)
            return
        if cue is not None:
            if want.keep_moment and self._leaves_time(cue, snapshot):
                slot = cue.slot
            reason = want.reason if want.reason.startswith("replace") else f"replaced:{want.reason}"
            self._playout.cancel(cue, reason, snapshot.t_samples)
        if slot is None:
            slot = self._director.soon(
                snapshot, self._show.last_change, want.not_before, on_beat=want.on_beat
            )
        self._playout.prepare(want, slot, snapshot)

    def _automatic(self, snapshot: ExpressiveAudioSnapshot) -> None:
        """What happens without anybody asking: the first picture, and changes the director proposes."""
        show, last = self._show, self._show.last_change
        if last is None:
            if show.cue is None:
                slot = self._director.soon(snapshot, None)
                self._playout.prepare(Want(reason="start", manual=False), slot, snapshot)
            return
        if show.intents.hold:
            self._director.forget_call()
            return
        if not self._director.may_speak(snapshot.t_samples, last):
            return
        cue = show.cue
        if cue is not None and (cue.want.manual or cue.want.aim != "follow"):
            return
        intensity = intensity_micro(snapshot, show.intents.energy_bias, "follow", self._settings)
        proposal = self._director.propose(snapshot, last, intensity, urgent_only=cue is not None)
        if proposal is None:
            return
        if cue is not None:
            self._playout.cancel(cue, f"replaced:{proposal.reason}", snapshot.t_samples)
        want = Want(reason=proposal.reason, aim=proposal.aim, manual=False)
        self._playout.prepare(want, proposal.slot, snapshot)

    def _leaves_time(self, cue: Cue, snapshot: ExpressiveAudioSnapshot) -> bool:
        """Whether something else could still be loaded for the moment of `cue`."""
        return cue.slot.moment.sample >= snapshot.t_samples + self._director.fast_lead
