"""The closed loop: what browsers answer and report, and what follows when a picture fails."""

from __future__ import annotations

from typing import Final

from selector.catalog import Item
from selector.events import Ack, OutcomeLogged, Report
from selector.grid import samples
from selector.intents import Want
from selector.playout import Playout
from selector.publication import Publication
from selector.settings import SelectorSettings
from selector.show import Show
from selector.watch import DarkWatch

_LATE_MS: Final = 250.0
_PATIENCE: Final = 3  # failures in a row before replacements slow down
_DOUBLINGS: Final = 3  # of the wait, which starts with a second


class Feedback:
    """Quarantines what failed or stayed dark, and has it replaced.

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
        self._quarantine_length = samples(settings.select.quarantine_sec, rate)
        dark = settings.director
        self._watch = DarkWatch(samples(dark.dark_sec, rate), dark.dark_luma, rate)
        self._failures = 0

    def ack(self, ack: Ack, sample: int) -> None:
        """A browser's answer to a pick. Answers to unknown picks are ignored."""
        item = self._show.issued(ack.seq)
        if item is None:
            return
        late = ack.phase == "shown" and (ack.late_ms or 0.0) > _LATE_MS
        outcome = "late" if late else ack.phase
        self._publication.say(OutcomeLogged(self._publication.log.answered(ack, outcome, sample)))
        if ack.phase == "failed":
            self._blame(ack.seq, item, f"failed: {ack.reason or 'no reason given'}", sample)
        elif ack.phase == "shown":
            self._failures = 0

    def report(self, report: Report, sample: int) -> None:
        """A browser tells how it fares. A picture dark on every stage for too long is replaced."""
        show, now = self._show, self._show.now
        if report.luma01 is None or show.intents.blackout:
            return
        self._watch.report(report.client, report.luma01, sample)
        if now is None or now.item in show.quarantine or not self._watch.dark(sample, now.sample):
            return
        self._publication.outcome(now.seq, "failed", sample, reason="dark", client=report.client)
        self._blame(now.seq, now.item, "dark", sample)

    def _blame(self, seq: int, item: Item, reason: str, sample: int) -> None:
        """Quarantine what failed, and replace it if it is on screen or about to be."""
        show = self._show
        known = item in show.quarantine
        show.quarantine.add(item, reason, sample + self._quarantine_length)
        if not known:  # else another stage said so already
            self._failures += 1
            self._replace(seq, item, sample)
            show.retry_at = 0
        self._publication.tell()

    def _replace(self, seq: int, item: Item, sample: int) -> None:
        show, cue, serve_at = self._show, self._show.cue, sample + self._back_off()
        if cue is not None and cue.item == item:
            self._playout.cancel(cue, "failed", sample)
            show.want = Want(
                reason="replace:failed",
                aim=cue.want.aim,
                manual=cue.want.manual,
                not_before=0 if cue.want.manual else cue.slot.moment.sample,
                serve_at=serve_at,
            )
        elif cue is None and show.now is not None and show.now.seq == seq and not show.intents.hold:
            show.want = show.want or Want(reason="replace:failed", manual=False, serve_at=serve_at)

    def _back_off(self) -> int:
        """Samples to wait with a replacement: a pack gone bad must not make the stages churn."""
        beyond = self._failures - _PATIENCE
        return self._second << min(beyond - 1, _DOUBLINGS) if beyond > 0 else 0
