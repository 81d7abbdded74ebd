"""The decider: sound and wishes in, picks out. The one entry of this package."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from dsp.events import Beat, DspEvent, SectionChange
from dsp.snapshot import ExpressiveAudioSnapshot
from selector.catalog import Catalog, Item, Table, spread_warning
from selector.choice import Choice, Chooser, Situation
from selector.director import Director
from selector.events import (
    Ack,
    Activate,
    Cancel,
    CommandDone,
    NextState,
    NowState,
    OutcomeLogged,
    PickLogged,
    Prepare,
    PublicState,
    QuarantineState,
    Report,
    ResumeState,
    SelectorEvent,
    Shown,
    StateChanged,
)
from selector.grid import Moment
from selector.history import History
from selector.intensity import Aim, intensity_micro
from selector.intents import Intents, Want
from selector.pick import GENESIS, PickLog, PickNote
from selector.quarantine import Quarantine, indices_in
from selector.settings import SelectorSettings
from selector.vocabulary import Command
from selector.watch import DarkWatch

_REMEMBERED: Final = 256  # picks whose answers are still understood
_LATE_MS: Final = 250.0
_PATIENCE: Final = 3  # failures in a row before replacements slow down


class _Plan(Struct, kw_only=True):
    """What is prepared. `low` and `high` bound where its moment may still move."""

    seq: int
    item: Item
    moment: Moment
    low: int
    high: int
    fade_sec: float
    want: Want
    prepared_at: int
    counters: dict[str, int]
    pinned: bool


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
        self._settings = settings
        self._catalog = catalog
        self._director = Director(settings.director, rate)
        self._announce = self._director.samples(settings.director.announce_sec)
        self._fast_lead = self._director.samples(settings.director.next_lead_sec)
        self._second = rate
        self._detention = self._director.samples(settings.select.quarantine_sec)
        self._watch = DarkWatch(
            self._director.samples(settings.director.dark_sec), settings.director.dark_luma, rate
        )
        self._log = PickLog(
            seed=seed,
            config_sha=config_sha,
            catalog_sha=catalog.sha256,
            prev=resume.prev if resume else GENESIS,
        )
        self._chooser = Chooser(settings.select, seed, resume.shuffle_counters if resume else None)
        self._intents = Intents(settings.select, catalog, resume)
        self._history = History(resume.history, resume.cursor) if resume else History()
        self._jail = Quarantine(resume.quarantine if resume else ())
        self._seq = resume.seq if resume else 0
        self._now: Shown | None = resume.now if resume else None
        self._lost = resume.pending if resume else None
        self._plan: _Plan | None = None
        self._want: Want | None = None
        self._snapshot: ExpressiveAudioSnapshot | None = None
        self._issued: dict[int, Item] = {self._now.seq: self._now.item} if self._now else {}
        self._failures = 0
        self._retry_at = 0
        self._starved = ""
        self._state: PublicState | None = None
        self._spread = tuple(
            warning
            for pack in catalog.packs.values()
            for table in (pack.pairs, pack.presets)
            if settings.select.quality_scale == "raw"
            and (warning := spread_warning(table, settings.select.quality_floor))
        )

    # -- inputs ---------------------------------------------------------------------------------

    def step(self, snapshot: ExpressiveAudioSnapshot, events: Sequence[DspEvent]) -> list[SelectorEvent]:
        """One hop, after the analyser. Returns what follows from it, in order."""
        out: list[SelectorEvent] = []
        director, now = self._director, snapshot.t_samples
        self._snapshot = snapshot
        for event in events:
            if isinstance(event, Beat):
                director.on_beat(event)
                self._re_aim(out)
            elif isinstance(event, SectionChange):
                director.on_section(event, now)
        director.hear(snapshot)
        if self._jail.expire(now):
            self._retry_at = now
            self._tell(out)
        if self._lost is not None:
            out.append(Cancel(self._lost, "restart"))
            out.append(OutcomeLogged(self._log.outcome(self._lost, "skipped", now, reason="restart")))
            self._lost = None
        if self._want is not None and now >= self._want.serve_at:
            self._serve(snapshot, out)
        if self._plan is not None and self._plan.moment.sample - now <= self._announce:
            self._fire(self._plan, snapshot, out)
        if self._want is None and now >= self._retry_at:
            self._automatic(snapshot, out)
        return out

    def command(self, command: Command, sample: int) -> list[SelectorEvent]:
        """An operator's command, taking effect before the hop that starts at `sample`."""
        out: list[SelectorEvent] = []
        effect = self._intents.apply(
            command,
            now=self._now.item if self._now else None,
            pending=self._plan.item if self._plan else None,
            history=self._history_as_planned(),
            jail=self._jail,
        )
        if effect.want is not None:
            self._want = effect.want
            self._retry_at = 0
        elif effect.redo and self._plan is not None and self._want is None:
            self._want = Want(
                reason=self._plan.want.reason,
                aim=self._plan.want.aim,
                manual=self._plan.want.manual,
                keep_moment=True,
            )
        if self._intents.hold:
            # With nothing on screen yet there is nothing to hold: the first picture still comes.
            if self._plan is not None and not self._plan.want.manual and self._now is not None:
                self._cancel(self._plan, "hold", sample, out)
            if self._want is not None and not self._want.manual:
                self._want = None
        elif command.verb == "hold" and self._now is not None and self._now.item in self._jail:
            self._want = self._want or Want(reason="replace:failed", manual=False)
        out.append(CommandDone(command.verb, effect.ok, effect.message))
        if effect.ok:
            self._tell(out, always=command.verb == "query")
        return out

    def ack(self, ack: Ack, sample: int) -> list[SelectorEvent]:
        """A browser's answer to a pick. Answers to unknown picks are ignored."""
        out: list[SelectorEvent] = []
        item = self._issued.get(ack.seq)
        if item is None:
            return out
        if ack.phase == "failed":
            out.append(OutcomeLogged(self._log.answered(ack, "failed", sample)))
            self._blame(ack.seq, item, f"failed: {ack.reason or 'no reason given'}", sample, out)
            return out
        late = ack.phase == "shown" and (ack.late_ms or 0.0) > _LATE_MS
        out.append(OutcomeLogged(self._log.answered(ack, "late" if late else ack.phase, sample)))
        if ack.phase == "shown":
            self._failures = 0
        return out

    def report(self, report: Report, sample: int) -> list[SelectorEvent]:
        """A browser tells how it fares. A picture dark on every stage for too long is replaced."""
        out: list[SelectorEvent] = []
        if report.luma01 is None or self._intents.blackout:
            return out
        self._watch.report(report.client, report.luma01, sample)
        now = self._now
        if now is None or now.item in self._jail or not self._watch.dark(sample, now.sample):
            return out
        record = self._log.outcome(now.seq, "failed", sample, reason="dark", client=report.client)
        out.append(OutcomeLogged(record))
        self._blame(now.seq, now.item, "dark", sample, out)
        return out

    # -- state ----------------------------------------------------------------------------------

    @property
    def state(self) -> PublicState:
        """The whole public state, as it is now."""
        i, plan = self._intents, self._plan
        return PublicState(
            hold=i.hold,
            blackout=i.blackout,
            mode=i.mode,
            kind=i.kind,
            pack=i.pack,
            packs=tuple(self._catalog.packs),
            energy_bias=i.energy_bias,
            pinned=i.pinned.key if i.pinned else None,
            banned=tuple(item.key for item in i.banned),
            quarantined=tuple(QuarantineState(d.item.key, d.reason, d.until_sample) for d in self._jail.held),
            now=NowState(self._now.seq) if self._now else None,
            next=NextState(plan.seq, plan.moment.sample) if plan else None,
            warnings=(*self._spread, *((self._starved,) if self._starved else ())),
        )

    def resume_state(self) -> ResumeState:
        """What a restarted selector needs; take it after the events of a call are written down."""
        i = self._intents
        return ResumeState(
            seq=self._seq,
            prev=self._log.prev,
            shuffle_counters=dict(self._chooser.counters),
            now=self._now,
            pending=self._plan.seq if self._plan else self._lost,
            history=self._history.items,
            cursor=self._history.cursor,
            banned=tuple(i.banned),
            quarantine=self._jail.held,
            hold=i.hold,
            blackout=i.blackout,
            mode=i.mode,
            kind=i.kind,
            pack=i.pack,
            energy_bias=i.energy_bias,
            pinned=i.pinned,
        )

    def _tell(self, out: list[SelectorEvent], *, always: bool = False) -> None:
        """Add the public state if it changed."""
        state = self.state
        if always or state != self._state:
            self._state = state
            out.append(StateChanged(state))

    # -- when -----------------------------------------------------------------------------------

    def _automatic(self, snapshot: ExpressiveAudioSnapshot, out: list[SelectorEvent]) -> None:
        """What happens without anybody asking: the first picture, and changes the director proposes."""
        director = self._director
        if self._now is None:
            if self._plan is None:
                moment, low = director.soon(snapshot, None)
                self._prepare(Want(reason="start", manual=False), moment, low, _NEVER, snapshot, out)
            return
        if self._intents.hold:
            director.forget_call()
            return
        last = self._now.sample
        if not director.may_speak(snapshot.t_samples, last):
            return
        plan = self._plan
        if plan is not None and (plan.want.manual or plan.want.aim != "follow"):
            return
        intensity = self._intensity(snapshot, "follow")
        proposal = director.propose(snapshot, last, intensity, urgent_only=plan is not None)
        if proposal is None:
            return
        if plan is not None:
            self._cancel(plan, f"replaced:{proposal.reason}", snapshot.t_samples, out)
        want = Want(reason=proposal.reason, aim=proposal.aim, manual=False)
        self._prepare(
            want, proposal.moment, proposal.low, proposal.high, snapshot, out, fade=proposal.fade_sec
        )

    def _serve(self, snapshot: ExpressiveAudioSnapshot, out: list[SelectorEvent]) -> None:
        """Do what is wanted: pull in what is prepared already, or prepare anew."""
        want, plan = self._want, self._plan
        assert want is not None
        self._want = None
        last = self._now.sample if self._now else None
        if plan is not None and want.reason == "command:next" and want.item is None:
            if not plan.want.manual:
                self._pull_in(plan, snapshot, out)
            return
        kept = None
        if plan is not None:
            if want.keep_moment and plan.moment.sample >= snapshot.t_samples + self._fast_lead:
                kept = plan
            reason = want.reason if want.reason.startswith("replace") else f"replaced:{want.reason}"
            self._cancel(plan, reason, snapshot.t_samples, out)
        if kept is not None:
            self._prepare(want, kept.moment, kept.low, kept.high, snapshot, out, fade=kept.fade_sec)
            return
        moment, low = self._director.soon(snapshot, last, want.not_before)
        self._prepare(want, moment, low, _NEVER, snapshot, out)

    def _pull_in(self, plan: _Plan, snapshot: ExpressiveAudioSnapshot, out: list[SelectorEvent]) -> None:
        """The operator wants what is prepared sooner: on the next beat that leaves time to load."""
        last = self._now.sample if self._now else None
        loaded = plan.prepared_at + self._fast_lead
        moment, low = self._director.soon(snapshot, last, loaded, lead=self._announce)
        if moment.sample < plan.moment.sample:
            plan.moment, plan.low = moment, low
        plan.want = Want(reason="command:next", aim=plan.want.aim)
        self._tell(out)

    def _re_aim(self, out: list[SelectorEvent]) -> None:
        plan = self._plan
        if plan is None or plan.moment.quantum == "time":
            return
        before = plan.moment.sample
        plan.moment = self._director.re_aim(plan.moment, plan.low, plan.high)
        if abs(plan.moment.sample - before) > self._second // 50:
            self._tell(out)

    def _fire(self, plan: _Plan, snapshot: ExpressiveAudioSnapshot, out: list[SelectorEvent]) -> None:
        """Announce the change: from here on it stands."""
        moment = plan.moment
        sample = max(moment.sample, snapshot.t_samples)
        aligned = moment.quantum != "time"
        beat = moment.beat_count if aligned else snapshot.beat_count
        bar = moment.bar_count if aligned else snapshot.bar_count
        if plan.want.position is None:
            self._history.show(plan.item)
        else:
            self._history.move(plan.want.position)
        self._now, self._plan = Shown(plan.seq, plan.item, sample), None
        out.append(Activate(plan.seq, sample, beat, bar, plan.fade_sec))
        record = self._log.outcome(
            plan.seq,
            "activated",
            snapshot.t_samples,
            activateSample=sample,
            beatCount=beat,
            barCount=bar,
        )
        out.append(OutcomeLogged(record))
        self._tell(out)

    # -- what -----------------------------------------------------------------------------------

    def _prepare(
        self,
        want: Want,
        moment: Moment,
        low: int,
        high: int,
        snapshot: ExpressiveAudioSnapshot,
        out: list[SelectorEvent],
        *,
        fade: float | None = None,
    ) -> None:
        """Choose, log, and tell the browsers to load; if nothing may be shown, try again later."""
        counters = dict(self._chooser.counters)
        asked, pinned = self._asked(want)
        table = self._table(asked)
        intensity = self._intensity(snapshot, want.aim)
        silent = self._intents.mode == "weighted" and not snapshot.audio_valid
        situation = Situation(
            mode="random" if silent else self._intents.mode,
            section=_section_of(want.aim, snapshot),
            intensity=intensity,
            shown=self._shown_index(table),
            shown_strength=self._shown_strength(table),
            recent=self._history.recent(
                table, max(self._settings.select.window, self._settings.select.public_dedup_n)
            ),
            quarantined=self._jail.indices(table),
            banned=indices_in(table, list(self._intents.banned)),
            asked=None if asked is None else table.index_of[asked.ident],
        )
        choice = self._chooser.choose(table, situation, self._seq + 1)
        if choice is None:
            self._starve(table, snapshot, out)
            return
        self._seq += 1
        self._starved = ""
        reason = "pinned" if pinned else want.reason
        if silent and asked is None and not reason.startswith("replace"):
            reason = "fallback:no-audio"
        note = PickNote(
            seq=self._seq,
            requested_mode=self._intents.mode,
            reason=reason,
            intensity=intensity,
            activate_sample=moment.sample,
            snapshot=snapshot,
        )
        self._plan = _Plan(
            seq=self._seq,
            item=table.item(choice.index),
            moment=moment,
            low=low,
            high=high,
            fade_sec=self._settings.director.fade_sec if fade is None else fade,
            want=want,
            prepared_at=snapshot.t_samples,
            counters=counters,
            pinned=pinned,
        )
        if pinned:
            self._intents.pinned = None
        self._remember(self._plan)
        out.append(PickLogged(self._log.pick(note, table, choice)))
        out.append(self._prepare_event(self._plan, table, choice))
        self._tell(out)

    def _asked(self, want: Want) -> tuple[Item | None, bool]:
        """What must be shown (None: draw), and whether that is because of a pin."""
        if want.item is not None:
            return want.item, False
        pinned = self._intents.pinned
        if pinned is not None and self._intents.refusal(pinned, self._jail):
            self._intents.pinned = pinned = None
        return pinned, pinned is not None

    def _table(self, asked: Item | None) -> Table:
        if asked is not None:
            return self._catalog.packs[asked.pack].table(asked.kind)
        return self._catalog.packs[self._intents.pack].table(self._intents.kind)

    def _shown_index(self, table: Table) -> int | None:
        item = self._now.item if self._now else None
        if item is None or item.kind != table.kind or item.pack != table.pack:
            return None
        return table.index_of.get(item.ident)

    def _shown_strength(self, table: Table) -> int | None:
        item = self._now.item if self._now else None
        if item is None or item.kind != table.kind:
            return None
        origin = self._catalog.packs[item.pack].table(item.kind)
        return int(origin.strength[origin.index_of[item.ident]])

    def _intensity(self, snapshot: ExpressiveAudioSnapshot, aim: Aim) -> int:
        return intensity_micro(snapshot, self._intents.energy_bias, aim, self._settings.select)

    def _prepare_event(self, plan: _Plan, table: Table, choice: Choice) -> Prepare:
        row = table.rows[choice.index]
        return Prepare(
            seq=plan.seq,
            kind=table.kind,
            pack=table.pack,
            pair=row.ident if isinstance(row.ident, int) else None,
            preset_ids=table.preset_ids(choice.index),
            fg_url=row.fg_url,
            bg_url=row.bg_url,
            activate_sample=plan.moment.sample,
            fade_sec=plan.fade_sec,
        )

    def _remember(self, plan: _Plan) -> None:
        self._issued[plan.seq] = plan.item
        if len(self._issued) > _REMEMBERED:
            del self._issued[next(iter(self._issued))]

    def _starve(self, table: Table, snapshot: ExpressiveAudioSnapshot, out: list[SelectorEvent]) -> None:
        """Nothing may be shown: keep what is on screen, say so, look again in a second."""
        self._retry_at = snapshot.t_samples + self._second
        self._starved = (
            f"Nothing else can be shown: every other {table.kind} of pack '{table.pack}' is banned, "
            "in quarantine or unusable; lift a ban or choose another pack."
        )
        self._tell(out)

    # -- consequences ---------------------------------------------------------------------------

    def _cancel(self, plan: _Plan, reason: str, sample: int, out: list[SelectorEvent]) -> None:
        """Take back what was prepared; unless it failed, its turn in the shuffle and its pin stand."""
        self._plan = None
        if plan.item not in self._jail:
            self._chooser.counters = plan.counters
            if plan.pinned and self._intents.pinned is None and plan.item not in self._intents.banned:
                self._intents.pinned = plan.item
        out.append(Cancel(plan.seq, reason))
        out.append(OutcomeLogged(self._log.outcome(plan.seq, "skipped", sample, reason=reason)))

    def _blame(self, seq: int, item: Item, reason: str, sample: int, out: list[SelectorEvent]) -> None:
        """Quarantine what failed, and replace it if it is on screen or about to be."""
        known = item in self._jail
        self._jail.add(item, reason, sample + self._detention)
        if known:  # another stage said so already
            self._tell(out)
            return
        self._failures += 1
        wait = 0
        if self._failures > _PATIENCE:
            wait = self._second << min(self._failures - _PATIENCE - 1, 3)
        plan = self._plan
        if plan is not None and plan.item == item:
            self._cancel(plan, "failed", sample, out)
            self._want = Want(
                reason="replace:failed",
                aim=plan.want.aim,
                manual=plan.want.manual,
                not_before=0 if plan.want.manual else plan.moment.sample,
                serve_at=sample + wait,
            )
        elif plan is None and self._now is not None and self._now.seq == seq and not self._intents.hold:
            self._want = self._want or Want(reason="replace:failed", manual=False, serve_at=sample + wait)
        self._retry_at = 0
        self._tell(out)

    def _history_as_planned(self) -> History:
        """The history as it will be when what comes from it and is prepared is shown."""
        want = self._want if self._want is not None else (self._plan.want if self._plan else None)
        if want is None or want.position is None:
            return self._history
        return History(self._history.items, want.position)


_NEVER: Final = 1 << 62


def _section_of(aim: Aim, snapshot: ExpressiveAudioSnapshot) -> str:
    """The section a pick is made for: the coming one when the music announced it."""
    if aim == "drop":
        return "drop"
    return "calm" if aim == "calm" else snapshot.section
