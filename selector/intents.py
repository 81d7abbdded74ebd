"""What the operator wants: standing wishes (hold, mode, bans ...) and requests for a change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from selector.authority import Authority
from selector.catalog import Catalog, Item
from selector.events import IntentState, ResumeState
from selector.grid import samples
from selector.history import History
from selector.intensity import Aim
from selector.liking import Liking
from selector.memory import Memory
from selector.quarantine import Quarantine
from selector.scene_settings import Scene
from selector.settings import Kind, Mode, SelectorSettings
from selector.vocabulary import Command


class Want(Struct, frozen=True, kw_only=True):
    """A change to make as soon as the limits allow.

    `item` is what was asked for (None: choose), `position` its place in the history when it comes
    from there. `keep_moment` takes over the moment of what was prepared. `by`: whose wish it is.
    `serve_at` is when to choose, `not_before` the earliest moment to show, both in samples.
    What cannot wait for a beat is not `on_beat`; what waits for a drop is `armed`.
    """

    reason: str
    aim: Aim = "follow"
    item: Item | None = None
    position: int | None = None
    keep_moment: bool = False
    by: Authority = "operator"
    not_before: int = 0
    serve_at: int = 0
    on_beat: bool = True
    armed: bool = False

    @property
    def manual(self) -> bool:
        """Whether the operator asked for it: such a wish outlasts a hold."""
        return self.by == "operator"

    @property
    def anything_next(self) -> bool:
        """Whether what is prepared already will do, only sooner."""
        return self.reason == "command:next" and self.item is None


class Effect(Struct, frozen=True, kw_only=True):
    """What a command did. `redo`: what is prepared no longer stands and must be chosen again."""

    ok: bool = True
    message: str = ""
    want: Want | None = None
    redo: bool = False


class Intents:
    """Standing wishes. Fields are plain; `apply` changes them by command.

    Attributes:
        hold: nothing automatic happens.
        until_drop: nothing automatic happens but a drop.
        rest_until: sample up to which only calm pictures are shown; 0 for none.
    """

    def __init__(
        self,
        settings: SelectorSettings,
        catalog: Catalog,
        rate: int,
        resume: ResumeState | None,
        memory: Memory | None = None,
    ) -> None:
        select, kept = settings.select, resume or memory
        self._settings = select
        self._minute = samples(60.0, rate)
        self._patience = samples(settings.director.until_drop_sec, rate)
        self.hold = resume.hold if resume else False
        self.until_drop = resume.until_drop if resume else False
        self.rest_until = resume.rest_until if resume else 0
        self.blackout = resume.blackout if resume else False
        self.mode: Mode = resume.mode if resume else select.mode
        self.energy_bias = resume.energy_bias if resume else 0.0
        self.pinned = resume.pinned if resume else None
        self.banned: dict[Item, None] = dict.fromkeys(kept.banned if kept else ())
        self.pack = resume.pack if resume else select.pack
        self.kind: Kind = resume.kind if resume else select.kind
        self.liking = Liking(kept.liked if kept else (), resume.undo if resume else ())
        self.standing = {s.name: s for s in (resume.intents if resume else ())}
        self.restock(catalog)

    def restock(self, catalog: Catalog) -> None:
        """Wish from another catalogue: from its first pack, if the one wished for is not there (any more)."""
        self._catalog = catalog
        filled = catalog.filled()
        self.pack = self.pack if self.pack in filled else filled[0]
        self.kind = self._possible_kind(self.pack, self.kind)

    def plan(self, scene: Scene | None) -> None:
        """Take over what a scene proposes (None: the settings), as far as the operator set nothing."""
        if "mode" not in self.standing:
            self.mode = (scene and scene.mode) or self._settings.mode
        if "energy" not in self.standing:
            self.energy_bias = scene.energy if scene else 0.0
        if "pack" not in self.standing:
            self.pack = (scene and scene.pack) or self._settings.pack
        if "kind" not in self.standing:
            self.kind = (scene and scene.kind) or self._settings.kind
        self.restock(self._catalog)

    def give_back(self) -> None:
        """Mode, kind, pack and energy are the cue list's again, or the settings'."""
        for name in ("mode", "kind", "pack", "energy"):
            self.standing.pop(name, None)

    @property
    def held(self) -> bool:
        """Whether the operator wants nothing automatic to happen."""
        return self.hold or self.until_drop

    def expire(self, sample: int) -> bool:
        """Drop wishes whose time is over at `sample`; True when there were any."""
        over = [
            s.name for s in self.standing.values() if s.until_sample is not None and s.until_sample <= sample
        ]
        for name in over:
            del self.standing[name]
            if name == "rest":
                self.rest_until = 0
            elif name == "untildrop":
                self.until_drop = False
        return bool(over)

    def dropped(self) -> None:
        """The drop that was waited for has come."""
        self.until_drop = False
        self.standing.pop("untildrop", None)

    def apply(
        self,
        command: Command,
        *,
        now: Item | None,
        pending: Item | None,
        history: History,
        quarantine: Quarantine,
        sample: int = 0,
        origin: str = "",
    ) -> Effect:
        """Carry out `command`. `now` is on screen, `pending` prepared; neither need exist.

        `origin` is who said so, `sample` when.
        """
        arg: Any = command.arg
        handlers: dict[str, Callable[[], Effect]] = {
            "next": lambda: self._next(history, quarantine),
            "back": lambda: self._back(history, quarantine),
            "hold": lambda: self._hold(arg),
            "untildrop": lambda: self._until_drop(arg),
            "blackout": lambda: self._blackout(arg),
            "calm": lambda: Effect(want=Want(reason="command:calm", aim="calm"), message="Calming down."),
            "rest": lambda: self._rest(arg, sample),
            "energy": lambda: self._energy(arg),
            "mode": lambda: self._mode(arg),
            "kind": lambda: self._kind(arg),
            "pack": lambda: self._pack(arg),
            "pair": lambda: self._pin("pair", arg, quarantine),
            "preset": lambda: self._pin("preset", arg, quarantine),
            "ban": lambda: self._ban(arg, now, pending),
            "unban": lambda: self._unban(arg),
            "more": lambda: self._like(arg, now, 1),
            "less": lambda: self._like(arg, now, -1),
            "rate": lambda: self._rate(arg, now),
            "undo": self._undo,
            "query": lambda: Effect(message="Here is the state."),
        }
        handler = handlers.get(command.verb)
        if handler is None:
            return Effect(
                ok=False, message=f"{command.verb} is not for the decider; send it to the analyser."
            )
        effect = handler()
        if effect.ok:
            self._own(command.verb, origin, sample)
        return effect

    def refusal(self, item: Item, quarantine: Quarantine) -> str:
        """Why `item` must not be shown now, as a sentence; empty when it may."""
        row = self._catalog.find(item)
        if row is None:
            return f"{item.key} is in no pack any more; choose another."
        if item in self.banned:
            return f"{item.key} is banned; lift the ban with 'unban' first."
        if (detention := quarantine.get(item)) is not None:
            return f"{item.key} is in quarantine ({detention.reason}); choose another."
        if row.blocked:
            return f"{item.key} failed when it was measured; choose another."
        return ""

    def usable_pin(self, quarantine: Quarantine) -> Item | None:
        """What is pinned, if it may be shown; a pin that may not is dropped."""
        if self.pinned is not None and self.refusal(self.pinned, quarantine):
            self.pinned = None
        return self.pinned

    def find(self, kind: Kind | None, text: str) -> Item | None:
        """The item named `ident` in the current pack, or `pack:ident`, of that kind (None: any)."""
        pack_name, _, rest = text.partition(":")
        for pack, ident in ((self.pack, text), (pack_name, rest)):
            if pack not in self._catalog.packs or not ident:
                continue
            for k in (kind,) if kind else self._kinds():
                name: int | str = int(ident) if k == "pair" and ident.isdecimal() else ident
                if name in self._catalog.packs[pack].table(k).index_of:
                    return Item(k, pack, name)
        return None

    def _own(self, verb: str, origin: str, sample: int) -> None:
        """Note whose each standing wish is, and until when it stands."""
        values = {
            "hold": ("on" if self.hold else "", None),
            "untildrop": ("on" if self.until_drop else "", sample + self._patience),
            "blackout": ("on" if self.blackout else "", None),
            "rest": ("on" if self.rest_until else "", self.rest_until),
            "energy": (f"{self.energy_bias:+.2f}", None),
            "mode": (self.mode, None),
            "kind": (self.kind, None),
            "pack": (self.pack, None),
        }
        if verb not in values:
            return
        value, until = values[verb]
        self.standing.pop(verb, None)
        if value:
            self.standing[verb] = IntentState(verb, value, origin, until)

    def _kinds(self) -> tuple[Kind, Kind]:
        return ("pair", "preset") if self.kind == "pair" else ("preset", "pair")

    def _possible_kind(self, pack: str, kind: Kind) -> Kind:
        if len(self._catalog.packs[pack].table(kind)):
            return kind
        return "preset" if kind == "pair" else "pair"

    def _next(self, history: History, quarantine: Quarantine) -> Effect:
        for position in history.later(history.cursor):
            item = history.at(position)
            if not self.refusal(item, quarantine) and self.pinned is None:
                want = Want(reason="command:next", item=item, position=position)
                return Effect(want=want, message=f"Forward to {item.key}.")
        return Effect(want=Want(reason="command:next"), message="Next one coming.")

    def _back(self, history: History, quarantine: Quarantine) -> Effect:
        for position in history.earlier(history.cursor):
            item = history.at(position)
            if not self.refusal(item, quarantine):
                want = Want(reason="command:back", item=item, position=position)
                return Effect(want=want, message=f"Back to {item.key}.")
        return Effect(ok=False, message="There is nothing to go back to.")

    def _hold(self, arg: bool | None) -> Effect:
        self.hold = not self.hold if arg is None else arg
        return Effect(message="Holding." if self.hold else "Going on.")

    def _until_drop(self, arg: bool | None) -> Effect:
        self.until_drop = not self.until_drop if arg is None else arg
        return Effect(message="Holding until it drops." if self.until_drop else "Going on.")

    def _rest(self, minutes: float, sample: int) -> Effect:
        self.rest_until = sample + int(minutes * self._minute) if minutes > 0.0 else 0
        if not self.rest_until:
            return Effect(message="As the music goes.")
        want = None if self.held else Want(reason="command:rest", aim="calm")
        return Effect(want=want, message=f"Calm for {minutes:g} minutes.")

    def _blackout(self, arg: bool | None) -> Effect:
        self.blackout = not self.blackout if arg is None else arg
        return Effect(message="Black." if self.blackout else "Visible.")

    def _energy(self, arg: float) -> Effect:
        self.energy_bias = arg
        return Effect(message=f"Energy {arg:+.2f}.")

    def _mode(self, arg: Mode) -> Effect:
        self.mode = arg
        return Effect(message=f"Choosing by {arg}.")

    def _kind(self, arg: Kind) -> Effect:
        if not len(self._catalog.packs[self.pack].table(arg)):
            return Effect(ok=False, message=f"Pack '{self.pack}' has no {arg}s; choose another pack.")
        changed, self.kind = self.kind != arg, arg
        return self._elsewhere(changed, "command:kind", f"Showing {arg}s.")

    def _pack(self, arg: str) -> Effect:
        pack = self._catalog.packs.get(arg)
        if pack is None or not len(pack.pairs) + len(pack.presets):
            names = ", ".join(self._catalog.packs)
            return Effect(ok=False, message=f"There is no pack '{arg}'; choose one of {names}.")
        changed, self.pack = self.pack != arg, arg
        self.kind = self._possible_kind(arg, self.kind)
        return self._elsewhere(changed, "command:pack", f"Showing pack '{arg}'.")

    def _elsewhere(self, changed: bool, reason: str, message: str) -> Effect:
        """Another table was chosen: change over now, or under hold at the next change."""
        want = Want(reason=reason) if changed and not self.held else None
        return Effect(want=want, message=message)

    def _pin(self, kind: Kind, arg: str, quarantine: Quarantine) -> Effect:
        item = self.find(kind, arg)
        if item is None:
            return Effect(
                ok=False, message=f"There is no {kind} '{arg}' in pack '{self.pack}'; check its number or id."
            )
        if refusal := self.refusal(item, quarantine):
            return Effect(ok=False, message=refusal)
        self.pinned = item
        return Effect(message=f"{item.key} is next.", redo=True)

    def _named(self, arg: str | None, now: Item | None, what: str) -> Item | str:
        """What `arg` names, or what is on screen; a sentence where there is no such thing."""
        item = now if arg is None else self.find(None, arg)
        if item is not None:
            return item
        return "Nothing is on screen yet." if arg is None else f"There is no '{arg}' to {what}."

    def _ban(self, arg: str | None, now: Item | None, pending: Item | None) -> Effect:
        item = self._named(arg, now, "ban")
        if isinstance(item, str):
            return Effect(ok=False, message=item)
        self.banned[item] = None
        if self.pinned == item:
            self.pinned = None
        want = Want(reason="command:ban") if item == now and pending in (None, item) else None
        return Effect(message=f"{item.key} will not be shown again.", want=want, redo=item == pending)

    def _unban(self, arg: str | None) -> Effect:
        item = next(reversed(self.banned), None) if arg is None else self.find(None, arg)
        if item is None or item not in self.banned:
            return Effect(ok=False, message="That is not banned.")
        del self.banned[item]
        return Effect(message=f"{item.key} may be shown again.")

    def _like(self, arg: str | None, now: Item | None, by: int) -> Effect:
        item = self._named(arg, now, "like")
        if isinstance(item, str):
            return Effect(ok=False, message=item)
        steps = self.liking.change(item, by)
        return Effect(message=f"{'More' if by > 0 else 'Less'} like {item.key} ({steps:+d}).")

    def _rate(self, stars: float, now: Item | None) -> Effect:
        if now is None:
            return Effect(ok=False, message="Nothing is on screen yet.")
        whole = int(stars + 0.5)
        self.liking.rate(now, whole)
        return Effect(
            message=f"{now.key} has {whole} of 5." if whole else f"{now.key} is not rated any more."
        )

    def _undo(self) -> Effect:
        item = self.liking.undo()
        if item is None:
            return Effect(ok=False, message="There is nothing to undo.")
        return Effect(message=f"{item.key} is as it was ({self.liking.steps(item):+d}).")
