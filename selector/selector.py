"""The decider: sound and wishes in, picks out. The one entry of this package.

What there is to do is told here; how it is done, in the rooms: `intents` and `console` know what the
operator wants, `director` when a change is due, `brief` and `choice` what comes next, `playout` how it
gets onto the screen, `feedback` what browsers made of it, `publication` what the outside is told. All
that changes stands in one `Show`.
"""

from __future__ import annotations

from collections.abc import Sequence

from dsp.events import Beat, DspEvent
from dsp.snapshot import ExpressiveAudioSnapshot
from selector.authority import may
from selector.canonical import GENESIS
from selector.catalog import Catalog
from selector.choice import Chooser
from selector.console import Console
from selector.director import Director, Slot
from selector.events import Ack, PublicState, Report, ResumeState, SelectorEvent
from selector.feedback import Feedback
from selector.intents import Want
from selector.memory import Memory
from selector.pick import PickLog
from selector.playout import Playout
from selector.publication import Publication, spread_warnings
from selector.restock import restock
from selector.settings import SelectorSettings
from selector.show import Cue, Show
from selector.vocabulary import Command
from selector.weights import LOUD


class Selector:
    """Decides what is shown and when.

    Args:
        settings: constants of weights and timing.
        catalog: what there is to show.
        seed: of the session; with the inputs it determines every pick.
        rate: samples a second.
        config_sha: sha256 (hex) of the resolved configuration, for the records.
        resume: state of an earlier selector of the same session, to go on from.
        memory: what earlier sessions left, where there is nothing to resume.
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
        memory: Memory | None = None,
    ) -> None:
        resume = resume.from_zero() if resume else None
        log = PickLog(
            seed=seed,
            config_sha=config_sha,
            catalog_sha=catalog.sha256,
            prev=resume.prev if resume else GENESIS,
        )
        self._settings = settings.select
        self._show = Show(settings, catalog, rate, resume, memory)
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
        show.sample = now
        self._listen(snapshot, events)
        self._feedback.tick(now)
        if show.intents.standing and show.intents.expire(now):
            self._publication.tell()
        show.cues.step(events, now)
        if not show.cues.entered:
            last = show.last_change
            show.begin_scene(0 if last is None else last + self._director.min_dwell)
            self._publication.tell()
        if show.release(now):
            show.retry_at = now
            self._publication.tell()
        self._playout.cancel_orphan(now)
        self._playout.dim(now)
        if show.want is not None and now >= show.want.serve_at and self._may_serve(show.want):
            want, show.want = show.want, None
            self._serve(want, snapshot)
        self._land(snapshot)
        self._playout.activate_when_due(snapshot)
        if show.want is None and now >= show.retry_at:
            self._automatic(snapshot)
        return self._publication.take()

    def command(self, command: Command, sample: int, origin: str = "") -> list[SelectorEvent]:
        """A command of the operator at `origin`, taking effect before the hop that starts at `sample`."""
        self._console.obey(command, sample, origin)
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
        self._director.hear(snapshot, events)
        if events and any(isinstance(event, Beat) for event in events):
            self._playout.re_aim()
        self._show.intensity.hear(snapshot)

    def _land(self, snapshot: ExpressiveAudioSnapshot) -> None:
        """A drop has fallen: what waits for it is shown; else it has called for a picture of its own."""
        landing, cue = self._director.take_landing(), self._show.cue
        if landing is None or cue is None or not cue.want.armed:
            return
        moment = self._director.lands(landing, cue.slot)
        if moment is not None:
            self._director.forget_call()
            self._show.intents.dropped()
            self._playout.move(cue, moment)

    def _may_serve(self, want: Want) -> bool:
        """Whether what is prepared gives way to it; else it waits until that is shown."""
        cue = self._show.cue
        return cue is None or may(want.by, held=False, against=cue.want.by)

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
        """What happens without anybody asking: the first picture, and changes that the music calls for."""
        show, last = self._show, self._show.last_change
        if last is None:
            if show.cue is None:
                slot = self._director.soon(snapshot, None)
                self._playout.prepare(Want(reason="start", by="automatic"), slot, snapshot)
            return
        intents = show.intents
        if intents.hold:
            self._director.forget_call()
            return
        cue = show.cue
        if show.calm(snapshot.t_samples) or intents.until_drop:
            self._director.forget_call(but_drops=intents.until_drop)
        if cue is not None and not cue.want.manual and self._over(cue, snapshot, last):
            self._playout.cancel(cue, "section:over", snapshot.t_samples)
            cue = None
        if not self._director.may_speak(snapshot.t_samples, last):
            self._arm(snapshot, last)
            return
        if cue is not None and (cue.want.manual or cue.want.aim == "calm"):
            return
        intensity = show.intensity.micro(show.intents.energy_bias, "follow", snapshot)
        proposal = self._director.propose(
            snapshot, last, intensity, urgent_only=cue is not None, stay=show.cues.stay
        )
        if proposal is None or (intents.until_drop and proposal.aim != "drop"):
            self._arm(snapshot, last)
            return
        if cue is not None:
            self._playout.cancel(cue, f"replaced:{proposal.reason}", snapshot.t_samples)
        if proposal.aim == "drop":
            intents.dropped()
        want = Want(reason=proposal.reason, aim=proposal.aim, by="automatic")
        self._playout.prepare(want, proposal.slot, snapshot)

    def _over(self, cue: Cue, snapshot: ExpressiveAudioSnapshot, last: int) -> bool:
        """Whether what `cue` was prepared for is over before it came."""
        if cue.want.armed:
            moved = cue.slot.moment.sample != cue.slot.high
            return not moved and self._arms(snapshot, last) is None
        return cue.want.reason in ("section:breakdown", "section:calm") and snapshot.section in LOUD

    def _arms(self, snapshot: ExpressiveAudioSnapshot, last: int) -> Slot | None:
        return self._director.arms(snapshot, last, patient=self._show.intents.until_drop)

    def _arm(self, snapshot: ExpressiveAudioSnapshot, last: int) -> None:
        """In a build, and in a breakdown that has lasted, have the picture for the drop loaded and wait."""
        if not self._director.holds_back:
            return
        cue = self._show.cue
        slot = None if self._show.calm(snapshot.t_samples) else self._arms(snapshot, last)
        if slot is None or (cue is not None and (cue.want.manual or cue.want.armed)):
            return
        if cue is not None:
            if not cue.want.reason.startswith("dwell:"):
                return
            self._playout.cancel(cue, "replaced:section:build", snapshot.t_samples)
        self._playout.prepare(
            Want(reason="section:build", aim="drop", by="automatic", armed=True), slot, snapshot
        )

    def _leaves_time(self, cue: Cue, snapshot: ExpressiveAudioSnapshot) -> bool:
        """Whether something else could still be loaded for the moment of `cue`."""
        return cue.slot.moment.sample >= snapshot.t_samples + self._director.fast_lead
