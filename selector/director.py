"""Decides when: on the beat when there is one to trust, by time when not, never against the limits.

The director knows nothing of what is shown. It answers "is it time to prepare the next picture, and
for which moment?" and later "where is that moment now?", for the predicted grid moves a little
between the two. A breakdown calms, a build holds back, a drop fires on its downbeat, silence rests.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import asdict

from dsp.events import Beat, DspEvent, Onset, SectionChange
from dsp.snapshot import ExpressiveAudioSnapshot
from selector.drops import QUIET_SECTIONS, DropWatch
from selector.fixedpoint import MICRO
from selector.grid import Grid, Moment, samples
from selector.intensity import Aim
from selector.settings import DirectorSettings

_MARGIN_SEC: Final = 0.25  # a moment is committed to when it is between lead and lead + margin away
_SLACK_SEC: Final = 0.06  # room for the grid to move earlier without breaking a limit
_LANDED_SEC: Final = 2.0  # the section that follows a drop is announced within this time
_BACK_SEC: Final = 1.5  # music that plays for so long again is back
_NEVER: Final = 1 << 62
_RESTFUL: Final = ("silence", "calm", "breakdown")


class Slot(Struct, frozen=True):
    """When a change is planned for. `low` and `high` bound, in samples, where its moment may move."""

    moment: Moment
    low: int
    high: int
    fade_sec: float


class Proposal(Struct, frozen=True):
    """A change that should be prepared now."""

    reason: str
    aim: Aim
    slot: Slot


class _Call(Struct, frozen=True):
    """Something in the music asks for a change. What rises cannot wait, what falls can."""

    reason: str
    aim: Aim
    sample: int
    expires: int
    rising: bool


class Director:
    """Timing of changes.

    `fast_lead`: samples that browsers get to load what cannot wait; `min_dwell`: shortest stay, samples.

    Args:
        settings: limits and lengths.
        rate: samples a second.
    """

    def __init__(self, settings: DirectorSettings, rate: int) -> None:
        self._settings = settings
        self._grid = Grid(rate, settings.beats_per_bar)
        self._drops = DropWatch(rate)
        self._call: _Call | None = None
        self._landing: Moment | None = None
        self._landed = -_NEVER
        self._energised = -_NEVER
        self._silent_since: int | None = None
        self._sound_since: int | None = None
        self._resting = False
        self._recent_energy: float | None = None
        self._previous_sample = 0
        self.fast_lead = samples(settings.next_lead_sec, rate)
        self._lead = samples(settings.prepare_lead_sec, rate)
        self.min_dwell = samples(settings.min_dwell_sec, rate)
        self._max_dwell = samples(settings.max_dwell_sec, rate)
        self._drop_dwell = min(samples(settings.drop_dwell_sec, rate), self.min_dwell)
        self._stays = _stays(settings, rate)
        self._beatless = samples(settings.beatless_sec, rate)
        self._flash_gap = samples(settings.flash_gap_sec, rate)
        self._patience = samples(settings.section_wait_sec, rate)
        self._drop_cooldown = samples(settings.drop_cooldown_sec, rate)
        self._energy_cooldown = samples(settings.energy_cooldown_sec, rate)
        self._arm_after = samples(settings.arm_after_sec, rate)
        self._silence = samples(settings.silence_sec, rate)
        self._margin = samples(_MARGIN_SEC, rate)
        self._slack = samples(_SLACK_SEC, rate)
        self._just_landed = samples(_LANDED_SEC, rate)
        self._back = samples(_BACK_SEC, rate)
        self._memory = settings.energy_memory_sec * rate

    def hear(self, snapshot: ExpressiveAudioSnapshot, events: Sequence[DspEvent]) -> None:
        """Follow the music for one hop: beats, sections, the return after silence, drops, the energy."""
        kicks: list[Onset] = []
        for event in events:
            if isinstance(event, Beat):
                self._grid.hear(event)
            elif isinstance(event, SectionChange):
                self._on_section(event, snapshot.t_samples)
            elif isinstance(event, Onset) and event.kind == "kick":
                kicks.append(event)
        if (hit := self._drops.hear(snapshot, kicks)) is not None:
            self._land(hit, snapshot.t_samples)
        self._follow_silence(snapshot)
        self._follow_energy(snapshot)

    def forget_call(self, *, but_drops: bool = False) -> None:
        """What the music asked for is answered, or must not be."""
        if not (but_drops and self._call is not None and self._call.aim == "drop"):
            self._call = None

    def take_landing(self) -> Moment | None:
        """The downbeat on which a drop has just fallen; once."""
        landing, self._landing = self._landing, None
        return landing

    @property
    def holds_back(self) -> bool:
        """Whether a breakdown or a build goes on, in which a picture may wait for the drop."""
        return self._drops.since is not None

    def arms(self, snapshot: ExpressiveAudioSnapshot, last: int, *, patient: bool) -> Slot | None:
        """Where a picture that waits for the drop would be at the latest, if one should wait now.

        `patient`: however long that takes.
        """
        since, now = self._drops.since, snapshot.t_samples
        if since is None or (snapshot.section != "build" and now < since + self._arm_after):
            return None
        if now < self._landed + self._drop_cooldown:
            return None
        latest = last + self._max_dwell
        if patient:
            latest = max(latest, now + self._max_dwell)
        if now + self._lead + self._patience >= latest:
            return None  # what comes in the meantime comes for its own sake
        return Slot(Moment(latest, "time"), last + self._drop_dwell, latest, self._settings.drop_fade_sec)

    def lands(self, landing: Moment, slot: Slot) -> Moment | None:
        """When what waits in `slot` for the drop is shown that fell at `landing`; None: not at all."""
        if landing.sample >= slot.low:
            return landing
        later = self._grid.first_bar(slot.low)
        return later if later is not None and later.sample <= landing.sample + self._patience else None

    def may_speak(self, sample: int, last: int) -> bool:
        """Cheap test before `propose`: False while the shortest stay rules everything out."""
        return sample >= last + self.min_dwell - self._lead - self._margin - self._slack

    def propose(
        self,
        snapshot: ExpressiveAudioSnapshot,
        last: int,
        intensity: int,
        *,
        urgent_only: bool,
        stay: tuple[int, int] = (0, 0),
    ) -> Proposal | None:
        """An automatic change to prepare now, or None.

        Args:
            snapshot: the present.
            last: sample of the last change.
            intensity: micro-units; the louder, the shorter the stay.
            urgent_only: something is prepared already, and only the music may overrule it.
            stay: shortest and longest of a scene, samples; 0 where it does not say.
        """
        now = snapshot.t_samples
        low, latest = last + self.min_dwell, last + self._max_dwell
        called = self._answer_call(snapshot, low, latest, urgent_only)
        if called is not None or urgent_only:
            return called
        moment = self._dwell_end(snapshot, last, intensity, stay)
        if moment is None:
            return None
        high = max(latest, now + self._lead, moment.sample)
        slot = Slot(moment, low, high, self._settings.fade_sec)
        aim: Aim = "calm" if snapshot.section in ("breakdown", "silence") else "follow"
        return Proposal(f"dwell:{moment.quantum}", aim, slot)

    def soon(
        self,
        snapshot: ExpressiveAudioSnapshot,
        last: int | None,
        not_before: int = 0,
        *,
        lead: int | None = None,
        on_beat: bool = True,
    ) -> Slot:
        """The next beat that leaves time to load, for what cannot wait.

        Args:
            snapshot: the present.
            last: sample of the last change; None before the first.
            not_before: earliest sample of the change.
            lead: samples from now to leave; `fast_lead` by default.
            on_beat: False takes the first moment, beat or not.
        """
        earliest = max(snapshot.t_samples + (self.fast_lead if lead is None else lead), not_before)
        if last is not None:
            earliest = max(earliest, last + self._flash_gap)
        beat = self._grid.first_beat(earliest + self._slack) if on_beat and self._on_beat(snapshot) else None
        return Slot(beat or Moment(earliest, "time"), earliest, _NEVER, self._settings.fade_sec)

    def re_aim(self, moment: Moment, low: int, high: int) -> Moment:
        """`moment` moved to the beat or downbeat of the latest grid nearest to it, within its bounds."""
        found = self._grid.nearest(moment.sample, moment.quantum)
        return found if found is not None and low <= found.sample <= high else moment

    # -- what the music says

    def _on_section(self, change: SectionChange, sample: int) -> None:
        """Drops, and what is calmer than before, call for a change; what is over calls for none."""
        expires = max(sample, change.sample) + self._patience
        if self._call is not None and self._call.aim == "calm" and change.section not in _RESTFUL:
            self._call = None
        if change.section == "drop":
            if sample > self._landed + self._just_landed:  # else it was heard as it fell
                self._drop(change.sample, expires)
        elif change.section in ("breakdown", "calm") and change.previous not in ("silence", "calm"):
            # It is given up when the section ends, not before.
            self._call = _Call(f"section:{change.section}", "calm", change.sample, _NEVER, rising=False)

    def _drop(self, sample: int, expires: int) -> None:
        if sample >= self._landed + self._drop_cooldown:
            self._landed = sample
            self._call = _Call("section:drop", "drop", sample, expires, rising=True)

    def _land(self, hit: int, now: int) -> None:
        """Everything came back with this hit; it is a drop if it fell on a downbeat."""
        if hit < self._landed + self._drop_cooldown:
            return
        downbeat = self._grid.nearest(hit, "bar") if self._grid.alive(now) else None
        if downbeat is not None and -self._slack <= hit - downbeat.sample <= self._slack:
            self._drop(downbeat.sample, now + self._patience)
            self._landing = downbeat

    def _follow_silence(self, snapshot: ExpressiveAudioSnapshot) -> None:
        """A rest once it has been silent for long enough, and an end to it when the music is back."""
        now = snapshot.t_samples
        if not snapshot.audio_valid:
            self._sound_since = None
            if self._silent_since is None:
                self._silent_since = now
            if not self._resting and now >= self._silent_since + self._silence:
                self._resting = True
                self._call = _Call("silence", "calm", now, _NEVER, rising=False)
            return
        self._silent_since = None
        if self._sound_since is None:
            self._sound_since = now
        if self._resting and now >= self._sound_since + self._back:
            self._resting = False
            self._call = _Call("return", "follow", now, now + self._max_dwell, rising=True)

    def _follow_energy(self, snapshot: ExpressiveAudioSnapshot) -> None:
        """A jump of the energy against its recent past calls for a change; not where one holds back."""
        sample, energy = snapshot.t_samples, snapshot.energy_slow01
        elapsed = sample - self._previous_sample
        self._previous_sample = sample
        if not snapshot.audio_valid:
            self._recent_energy = None
            return
        if self._recent_energy is None:
            self._recent_energy = max(energy, snapshot.energy01)
            return
        self._recent_energy += (energy - self._recent_energy) * elapsed / (elapsed + self._memory)
        difference = energy - self._recent_energy
        if self._call is not None or -self._settings.energy_jump < difference < self._settings.energy_jump:
            return
        self._recent_energy = energy
        cool = sample >= self._energised + self._energy_cooldown
        if cool and snapshot.section not in QUIET_SECTIONS and sample >= self._landed + self._drop_cooldown:
            rising = difference > 0.0
            reason = "energy:up" if rising else "energy:down"
            self._energised = sample
            self._call = _Call(reason, "follow", sample, sample + self._patience, rising)

    # -- moments

    def _on_beat(self, snapshot: ExpressiveAudioSnapshot) -> bool:
        return snapshot.beat_trusted and self._grid.alive(snapshot.t_samples)

    def _answer_call(
        self, snapshot: ExpressiveAudioSnapshot, low: int, latest: int, urgent_only: bool
    ) -> Proposal | None:
        call, now = self._call, snapshot.t_samples
        if call is None:
            return None
        if urgent_only and call.aim == "follow":
            self._call = None  # what is prepared answers a change of energy well enough
            return None
        earliest = max(now + (self.fast_lead if call.rising else self._lead), low)
        if earliest > call.expires:
            self._call = None
            return None
        if earliest > latest and urgent_only:
            return None  # what is prepared is due before anything else could be
        moment = Moment(earliest, "time")
        if self._on_beat(snapshot):
            wanted = max(earliest + self._slack, call.sample)
            found = self._grid.first_bar(wanted) if snapshot.bar_trusted else None
            if found is None or found.sample > call.expires:
                found = self._grid.first_beat(wanted)
            if found is not None and found.sample <= max(latest, earliest):
                moment = found
        self._call = None
        fade = self._settings.drop_fade_sec if call.aim == "drop" else self._settings.fade_sec
        return Proposal(call.reason, call.aim, Slot(moment, low, max(latest, moment.sample), fade))

    def _dwell_end(
        self, snapshot: ExpressiveAudioSnapshot, last: int, intensity: int, planned: tuple[int, int]
    ) -> Moment | None:
        now = snapshot.t_samples
        soonest = now + self._lead
        shortest, longest = self._stays[snapshot.section]
        longest = min(longest, max(planned[1], self.min_dwell)) if planned[1] else longest
        shortest = min(max(shortest, planned[0]), longest)
        low = last + shortest
        # A section that asks for shorter stays than the one before still leaves time for a bar.
        latest = min(last + self._max_dwell, max(last + longest, soonest + self._patience))
        if self._on_beat(snapshot):
            stay = longest - (longest - shortest) * intensity // MICRO
            if snapshot.section == "build":
                stay = max(shortest, longest - self._patience)
            due = max(min(last + stay, latest), low, soonest) + self._slack
            if due - self._slack > soonest + self._margin:
                return None  # no boundary lies earlier
            moment = self._boundary(due, latest, snapshot.bar_trusted)
        else:
            stay = min(max(self._beatless, shortest), longest)
            moment = Moment(max(last + stay, soonest), "time")
        return moment if moment.sample <= soonest + self._margin else None

    def _boundary(self, due: int, latest: int, bars: bool) -> Moment:
        """First phrase boundary from `due`; if too late, the first bar, then beat, then `latest`."""
        grid, quantum = self._grid, self._settings.bar_quantum
        candidates: list[Moment | None] = [grid.first_beat(due)]
        if bars:
            candidates = [grid.first_bar(due, quantum), grid.first_bar(due), *candidates]
        else:
            candidates = [grid.first_beat(due, quantum * self._settings.beats_per_bar), *candidates]
        for moment in candidates:
            if moment is not None and moment.sample <= latest:
                return moment
        return Moment(max(latest, due - self._slack), "time")


def _stays(settings: DirectorSettings, rate: int) -> dict[str, tuple[int, int]]:
    """Shortest and longest stay in each section, samples, within those that bind all."""
    least, most = settings.min_dwell_sec, settings.max_dwell_sec
    found = {}
    for section, (low, high) in asdict(settings.dwell).items():
        shortest = min(max(low, least), most)
        longest = max(min(high or most, most), shortest)
        found[section] = samples(shortest, rate), samples(longest, rate)
    return found
