"""Operator commands: what they change, and what follows for the pick that is prepared or wanted."""

from __future__ import annotations

from selector.authority import may
from selector.events import CommandDone
from selector.intents import Effect, Want
from selector.playout import Playout
from selector.publication import Publication
from selector.show import Show
from selector.vocabulary import Command


class Console:
    """Carries out commands.

    Args:
        show: what it changes.
        playout: takes back what is prepared.
        publication: where the answers go.
    """

    def __init__(self, show: Show, playout: Playout, publication: Publication) -> None:
        self._show = show
        self._playout = playout
        self._publication = publication

    def obey(self, command: Command, sample: int, origin: str = "") -> None:
        """Carry out `command` of `origin` at `sample` and say what became of it."""
        show = self._show
        effect = self._of_list(command, sample) or show.intents.apply(
            command,
            now=show.on_screen,
            pending=show.cue.item if show.cue else None,
            history=show.history_as_cued,
            quarantine=show.quarantine,
            sample=sample,
            origin=origin,
        )
        self._request(effect)
        self._playout.dim(sample)
        if show.intents.held:
            self._freeze(sample)
        elif command.verb in ("hold", "untildrop") and show.failing:
            # It failed while the hold kept it there; nothing keeps it now.
            show.wish(show.rescue(sample))
        self._publication.say(CommandDone(command.verb, effect.ok, effect.message))
        if effect.ok:
            self._publication.tell(always=command.verb == "query")

    def _of_list(self, command: Command, sample: int) -> Effect | None:
        """What becomes of a command that is about the cue list; None for any other."""
        show = self._show
        if command.verb == "cue":
            if fault := show.cues.go(str(command.arg), sample):
                return Effect(ok=False, message=fault)
            show.begin_scene(0)
            scene = show.cues.scene
            return Effect(message=f"Scene '{scene.name}'." if scene else "The cue list is off.")
        if command.verb == "auto":
            show.intents.give_back()
            show.intents.plan(show.cues.scene)
            return Effect(message="Back to the cue list." if show.cues.scene else "Back to the settings.")
        return None

    def _request(self, effect: Effect) -> None:
        """Note the change that a command asks for; one that is wanted already serves a `redo` too."""
        show, cue = self._show, self._show.cue
        if effect.want is not None:
            show.wish(effect.want)
        elif effect.redo and cue is not None and show.want is None:
            show.want = Want(reason=cue.want.reason, aim=cue.want.aim, by=cue.want.by, keep_moment=True)

    def _freeze(self, sample: int) -> None:
        """Under hold only what the operator asked for still comes.

        With nothing on screen yet there is nothing to hold: the first picture still comes.
        """
        show, cue = self._show, self._show.cue
        waits = cue is not None and cue.want.armed and not show.intents.hold
        if cue is not None and not cue.want.manual and show.now is not None and not waits:
            self._playout.cancel(cue, "hold", sample)
        if show.want is not None and not may(show.want.by, held=True):
            show.want = None
