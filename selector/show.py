"""The show as it stands: all that deciding changes, where every room finds it."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from selector.authority import may
from selector.catalog import Catalog, Item, Table
from selector.cues import Cues
from selector.director import Slot
from selector.events import ResumeState, Shown
from selector.grid import samples
from selector.history import History
from selector.intensity import Intensity
from selector.intents import Intents, Want
from selector.memory import Memory
from selector.quarantine import Quarantine
from selector.settings import SelectorSettings

_REMEMBERED: Final = 256  # picks whose answers are still understood
_SAFE: Final = 64  # pictures remembered as seen well


class Cue(Struct, kw_only=True):
    """A pick that is prepared and waits for its moment.

    `counters` are those of the shuffle before it took its turn, so that the turn can be given back.
    """

    seq: int
    item: Item
    slot: Slot
    want: Want
    prepared_at: int
    counters: dict[str, int]
    pinned: bool


class Show:
    """What is wanted, prepared, on screen, and was. Fields are plain; the rooms change them.

    Attributes:
        intensity: of the sound.
        seq: of the last pick; 0 before the first.
        sample: at the end of the newest hop.
        now: what is on screen.
        cue: what is prepared.
        orphan: seq of what an earlier decider had prepared and this one must take back.
        unshown: what that was; the next draw passes over it, so that no restart picks the same again.
        want: a change to make as soon as the limits allow.
        retry_at: sample before which no automatic change is tried.
        starved: why nothing can be shown, as a sentence; empty while something can.
        safe: what was seen well on a stage, the last one last.
        doubted: what failed while nobody knows whose fault it is, and until which sample it is left out.
        black: whether the audience sees nothing; follows the operator's wish.
        failing: what is wrong with what is on screen; empty while nothing is.
        suspects: browsers that fail whatever they are given.

    Args:
        settings: of the decider.
        catalog: what there is to show.
        rate: samples a second.
        resume: state of an earlier selector of the same session, to go on from.
        memory: what earlier sessions left, where there is nothing to resume.
    """

    def __init__(
        self,
        settings: SelectorSettings,
        catalog: Catalog,
        rate: int,
        resume: ResumeState | None,
        memory: Memory | None = None,
    ) -> None:
        kept = resume or memory
        self.catalog = catalog
        self.intensity = Intensity(settings.select, rate)
        self.intents = Intents(settings, catalog, rate, resume, memory)
        self.cues = Cues(settings.scenes, rate, kept.cue if kept else None)
        if self.cues.names:
            self.intents.plan(self.cues.scene)
        self.history = History(resume.history, resume.cursor) if resume else History()
        self.quarantine = Quarantine(
            samples(settings.select.quarantine_sec, rate),
            samples(settings.loop.quarantine_max_sec, rate),
            kept.quarantine if kept else (),
            kept.strikes if kept else (),
        )
        self.sample = 0
        self.seq = resume.seq if resume else 0
        self.now: Shown | None = resume.now if resume else None
        self.cue: Cue | None = None
        self.orphan = resume.pending if resume else None
        self.unshown = resume.unshown if resume else None
        self.want: Want | None = None
        self.retry_at = 0
        self.starved = ""
        self.safe: dict[Item, None] = dict.fromkeys(resume.safe if resume else ())
        self.doubted: dict[Item, int] = {}
        self.black = self.intents.blackout
        self.failing = ""
        self.suspects: tuple[str, ...] = ()
        self._issued: dict[int, Item] = {self.now.seq: self.now.item} if self.now else {}

    @property
    def on_screen(self) -> Item | None:
        """What is on screen, by name."""
        return self.now.item if self.now else None

    @property
    def last_change(self) -> int | None:
        """Sample of the last change; None before the first."""
        return self.now.sample if self.now else None

    @property
    def history_as_cued(self) -> History:
        """The history as it will be once what comes from it and is wanted or prepared is shown."""
        want = self.want or (self.cue.want if self.cue else None)
        if want is None or want.position is None:
            return self.history
        return History(self.history.items, want.position)

    def issue(self, item: Item) -> int:
        """The seq of a new pick of `item`, whose answers are understood from now on."""
        self.seq += 1
        self._issued[self.seq] = item
        if len(self._issued) > _REMEMBERED:
            del self._issued[next(iter(self._issued))]
        return self.seq

    def issued(self, seq: int) -> Item | None:
        """What was picked as `seq`; None when there was no such pick or it is long forgotten."""
        return self._issued.get(seq)

    @property
    def shut_out(self) -> tuple[Item, ...]:
        """What no draw may give: in quarantine, or in doubt."""
        return (*self.quarantine, *self.doubted)

    def calm(self, sample: int) -> bool:
        """Whether only calm pictures are wanted at `sample`, by the operator or by the scene."""
        if sample < self.intents.rest_until:
            return True
        return self.cues.index >= 0 and (scene := self.cues.scene) is not None and scene.calm

    def begin_scene(self, not_before: int) -> None:
        """What follows from a scene that has begun: its settings, and a change of picture."""
        self.cues.entered = True
        scene = self.cues.scene
        self.intents.plan(scene)
        if scene is not None:
            first = self.intents.find(None, scene.first) if scene.first else None
            usable = first is not None and not self.intents.refusal(first, self.quarantine)
            item = first if usable else None
            self.wish(Want(reason="cue", by="cues", item=item, not_before=not_before))

    def release(self, sample: int) -> bool:
        """Let go of what is in quarantine or doubt no longer; True when something is."""
        if not self.doubted:
            return self.quarantine.expire(sample)
        over = [item for item, until in self.doubted.items() if until <= sample]
        for item in over:
            del self.doubted[item]
        return self.quarantine.expire(sample) or bool(over)

    def seen_well(self, item: Item) -> None:
        """`item` was on screen, bright and moving."""
        self.safe.pop(item, None)
        self.safe[item] = None
        self.quarantine.clear_record(item)
        if len(self.safe) > _SAFE:
            del self.safe[next(iter(self.safe))]

    def wish(self, want: Want) -> bool:
        """Want a change, if whoever wants it may (`authority`). The one way to want something."""
        if not may(want.by, held=self.intents.held, against=self.want.by if self.want else None):
            return False
        self.want, self.retry_at = want, 0
        return True

    def rescue(self, serve_at: int) -> Want:
        """What to show instead of what fails on screen: what was seen well last, or else anything."""
        known = (i for i in reversed(self.safe) if i not in self.doubted and i != self.on_screen)
        safe = next((item for item in known if not self.intents.refusal(item, self.quarantine)), None)
        return Want(
            reason=f"replace:{self.failing}", item=safe, by="automatic", serve_at=serve_at, on_beat=False
        )

    def table_for(self, asked: Item | None) -> Table:
        """The table that holds `asked`, or the one the operator has chosen."""
        if asked is not None:
            return self.catalog.table_of(asked)
        return self.catalog.packs[self.intents.pack].table(self.intents.kind)

    def shown_index(self, table: Table) -> int | None:
        """Index in `table` of what is on screen; None when it is not of this table."""
        return next(iter(table.indices([self.now.item])), None) if self.now else None

    def shown_strength(self, table: Table) -> int | None:
        """Rank of strength, in its own pack, of what is on screen; None if of another kind, or gone."""
        item = self.on_screen
        if item is None or item.kind != table.kind or self.catalog.find(item) is None:
            return None
        origin = self.catalog.table_of(item)
        return int(origin.strength[origin.index_of[item.ident]])
