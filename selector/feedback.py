"""The closed loop: what browsers answer and report, and what follows when a picture fails."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from selector.catalog import Item
from selector.events import Ack, OutcomeLogged, Report
from selector.faults import Faults
from selector.grid import samples
from selector.intents import Want
from selector.playout import Playout
from selector.publication import Publication
from selector.settings import SelectorSettings
from selector.show import Show
from selector.watch import STALE_SEC, LookWatch

Trouble: TypeAlias = Literal["failed", "dark", "frozen", "unanswered"]

_LATE_MS: Final = 250.0
_PATIENCE: Final = 3  # failures in a row before replacements slow down
_DOUBLINGS: Final = 3  # of the wait, which starts with a second
_PRESENCE_SEC: Final = 5.0  # a browser that said nothing for longer is not asked
_SETTLED_SEC: Final = 1.0  # what looks well so long after it came on screen is well


class Feedback:
    """Has replaced what fails, looks dark or frozen, or is not answered, and quarantines what is to blame.

    Args:
        show: what it changes.
        playout: takes back what is prepared.
        publication: where the outcomes go.
        settings: of the decider.
        rate: samples a second.
    """

    def __init__(
        self,
        show: Show,
        playout: Playout,
        publication: Publication,
        settings: SelectorSettings,
        rate: int,
    ) -> None:
        self._show = show
        self._playout = playout
        self._publication = publication
        self._second = rate
        self._loop = loop = settings.loop
        self._doubt = samples(loop.doubt_sec, rate)
        self._answer = samples(loop.answer_sec, rate)
        self._settled = samples(_SETTLED_SEC, rate)
        presence = samples(_PRESENCE_SEC, rate)
        self._loads = Faults(loop.suspect_after, presence)
        self._pictures = Faults(loop.suspect_after, presence)
        self._watch = LookWatch(
            samples(loop.dark_sec, rate), samples(loop.frozen_sec, rate), samples(STALE_SEC, rate)
        )
        self._failures = 0
        self._answered = self._judged = show.seq  # after a restart nobody is asked again
        self._check_at = 0
        self._pace: dict[str, int] = {}

    def ack(self, ack: Ack, sample: int) -> None:
        """A browser's answer to a pick. Answers to unknown picks are ignored."""
        item = self._show.issued(ack.seq)
        self._loads.hear(ack.client, sample)
        if item is None:
            return
        late = ack.phase == "shown" and (ack.late_ms or 0.0) > _LATE_MS
        outcome = "late" if late else ack.phase
        self._publication.say(OutcomeLogged(self._publication.log.answered(ack, outcome, sample)))
        if ack.phase == "failed":
            self._failed(ack, item, sample)
        else:
            self._done(ack, item, sample)

    def report(self, report: Report, sample: int) -> None:
        """A browser tells how it fares. What is dark or frozen on every stage for too long is replaced."""
        show, now, loop = self._show, self._show.now, self._loop
        self._loads.hear(report.client, sample)
        if show.intents.blackout:
            self._watch.forget()
        stopped = report.luma01 is None and report.fps == 0.0  # it lives, but draws nothing any more
        if show.intents.blackout or (report.luma01 is None and not stopped):
            return
        dark = report.luma01 is not None and report.luma01 < loop.dark_luma
        frozen = stopped or (report.motion01 is not None and report.motion01 < loop.frozen_motion)
        self._watch.report(report.client, dark=dark, frozen=frozen, sample=sample)
        if now is None or now.seq == self._judged:
            return
        look = self._watch.fault(sample, now.sample)
        if look is not None:
            self._judged = now.seq
            self._publication.outcome(now.seq, "failed", sample, reason=look, client=report.client)
            self._looks_bad(now.seq, now.item, look, sample)
        elif not (dark or frozen) and sample - now.sample >= self._settled:
            self._looks_well(report.client, now.item, sample)

    def tick(self, sample: int) -> None:
        """Once a hop: what was announced and no stage answers is replaced."""
        if self._show.suspects and sample >= self._check_at:
            self._check_at = sample + self._second // 4
            self._name_suspects(sample)  # one that has left is none any more
        now = self._show.now
        if (
            now is None
            or now.seq <= self._answered
            or sample < max(now.sample + self._answer, self._check_at)
        ):
            return
        self._check_at = sample + self._second // 4
        there = [client for client in self._loads.present(sample) if self._loads.proven(client)]
        slowest = max((self._pace.get(client, 0) for client in there), default=0)
        if not there or sample < now.sample + max(self._answer, 2 * slowest):
            return
        self._answered = now.seq
        self._publication.outcome(now.seq, "failed", sample, reason="unanswered")
        self._doubted(now.item, sample)
        self._replace(now.seq, now.item, "unanswered", sample)
        self._publication.tell()

    def _done(self, ack: Ack, item: Item, sample: int) -> None:
        """A browser has loaded or shown it."""
        took = int((ack.ms or 0.0) + (ack.late_ms or 0.0)) * self._second // 1000
        self._pace[ack.client] = max(took, self._pace.pop(ack.client, 0) * 3 // 4)
        if len(self._pace) > 64:
            del self._pace[next(iter(self._pace))]
        if ack.phase == "shown":
            self._failures = 0
            self._answered = max(self._answered, ack.seq)
        for fault in self._loads.good(ack.client, item, sample):
            self._detain(ack.seq, fault.item, fault.reason, sample)
        self._name_suspects(sample)

    def _failed(self, ack: Ack, item: Item, sample: int) -> None:
        """A browser cannot show it."""
        reason = f"failed: {ack.reason or 'no reason given'}"
        verdict = self._loads.bad(ack.client, item, reason, sample)
        if verdict == "picture":
            self._detain(ack.seq, item, reason, sample)
        elif verdict == "browser":
            self._acquit(self._loads, ack.client, sample)
        elif verdict == "alone":
            self._doubted(item, sample)
        others = [client for client in self._loads.present(sample) if client != ack.client]
        if verdict in ("picture", "alone") or not others:
            self._replace(ack.seq, item, "failed", sample)
        self._name_suspects(sample)

    def _looks_bad(self, seq: int, item: Item, look: Trouble, sample: int) -> None:
        stages = self._watch.stages()
        verdicts = [self._pictures.bad(stage, item, look, sample) for stage in stages]
        if "picture" in verdicts:
            self._detain(seq, item, look, sample)
        elif all(verdict == "browser" for verdict in verdicts):
            # Whatever is shown looks so: another picture would look no better.
            for stage in stages:
                self._acquit(self._pictures, stage, sample)
            self._name_suspects(sample)
            return
        else:
            self._doubted(item, sample)
        self._replace(seq, item, look, sample)
        self._name_suspects(sample)

    def _looks_well(self, client: str, item: Item, sample: int) -> None:
        for fault in self._pictures.good(client, item, sample):
            self._detain(self._show.seq, fault.item, fault.reason, sample)
        self._show.seen_well(item)
        if self._show.suspects:
            self._name_suspects(sample)

    def _detain(self, seq: int, item: Item, reason: str, sample: int) -> None:
        """It is the picture's own fault."""
        show = self._show
        known = item in show.quarantine
        until = show.quarantine.add(item, reason, sample).until_sample
        if not known:  # else another stage said so already
            self._publication.outcome(seq, "quarantined", sample, reason=reason, untilSample=until)
        show.safe.pop(item, None)
        show.retry_at = 0

    def _doubted(self, item: Item, sample: int) -> None:
        """Whose fault it is is not known: something else for a while."""
        self._show.doubted[item] = sample + self._doubt
        self._show.safe.pop(item, None)

    def _acquit(self, faults: Faults, client: str, sample: int) -> None:
        """The browser fails whatever it is given: what nobody else accuses is free again."""
        for fault in faults.accusations(client):
            if not faults.accused(fault.item, sample):
                self._show.quarantine.acquit(fault.item)
                self._show.doubted.pop(fault.item, None)

    def _name_suspects(self, sample: int) -> None:
        """The operator should look at browsers that fail everything."""
        named = dict.fromkeys([*self._loads.suspects(sample), *self._pictures.suspects(sample)])
        self._show.suspects = tuple(named)
        self._publication.tell()

    def _replace(self, seq: int, item: Item, trouble: Trouble, sample: int) -> None:
        """Something else instead, if it is on screen or about to be."""
        show, cue, serve_at = self._show, self._show.cue, sample + self._back_off()
        if cue is not None and cue.item == item:
            self._failures += 1
            self._playout.cancel(cue, "failed", sample)
            show.wish(
                Want(
                    reason="replace:failed",
                    aim=cue.want.aim,
                    by=cue.want.by,
                    not_before=0 if cue.want.manual or cue.want.armed else cue.slot.moment.sample,
                    serve_at=serve_at,
                )
            )
        elif show.now is not None and show.now.seq == seq:
            if not show.failing:
                self._failures += 1
            show.failing = trouble
            soon = cue is not None and cue.slot.moment.sample - sample <= self._second
            if not soon and show.want is None:
                show.wish(show.rescue(serve_at))
            show.retry_at = 0

    def _back_off(self) -> int:
        """Samples to wait with a replacement: a pack gone bad must not make the stages churn."""
        beyond = self._failures + 1 - _PATIENCE
        return self._second << min(beyond - 1, _DOUBLINGS) if beyond > 0 else 0
