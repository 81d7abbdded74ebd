"""What the decider is told besides sound, and what it says."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from selector.catalog import Item
from selector.cues import CuePlace
from selector.liking import Liked
from selector.quarantine import Detention, Strikes
from selector.settings import Kind, Mode

AckPhase: TypeAlias = Literal["prepared", "shown", "failed"]


class Ack(Struct, frozen=True, rename="camel", kw_only=True):
    """A browser answers a pick. `ms` and `late_ms` are milliseconds, None when it did not say."""

    seq: int
    phase: AckPhase
    client: str = ""
    ms: float | None = None
    late_ms: float | None = None
    reason: str = ""
    layer: str = ""


class Report(Struct, frozen=True, rename="camel", kw_only=True):
    """A browser tells how it fares."""

    client: str = ""
    fps: float | None = None
    luma01: float | None = None
    motion01: float | None = None


class Prepare(Struct, frozen=True, rename="camel", tag="prepare"):
    """Load this; it is planned for `activate_sample`. `bg_url` is None for a preset."""

    seq: int
    kind: Kind
    pack: str
    pair: int | None
    preset_ids: tuple[str, ...]
    fg_url: str
    bg_url: str | None
    activate_sample: int
    fade_sec: float


class Activate(Struct, frozen=True, rename="camel", tag="activate"):
    """Show it at `sample`: the corrected moment, announced a little ahead. Counts are those of then."""

    seq: int
    sample: int
    beat_count: int
    bar_count: int
    fade_sec: float


class Cancel(Struct, frozen=True, rename="camel", tag="cancel"):
    """What was prepared as `seq` will not be shown."""

    seq: int
    reason: str


class PickLogged(Struct, frozen=True, rename="camel", tag="pick"):
    """A sealed pick record."""

    record: dict[str, Any]


class OutcomeLogged(Struct, frozen=True, rename="camel", tag="outcome"):
    """A sealed outcome record."""

    record: dict[str, Any]


class NowState(Struct, frozen=True, rename="camel"):
    """What is on screen."""

    seq: int


class NextState(Struct, frozen=True, rename="camel"):
    """What is prepared, and when it is planned for."""

    seq: int
    activate_sample: int


class QuarantineState(Struct, frozen=True, rename="camel"):
    """One quarantined item, `id` as `<pack>:<ident>`."""

    id: str
    reason: str
    until_sample: int


class LikedState(Struct, frozen=True, rename="camel"):
    """How much something is liked, `id` as `<pack>:<ident>`, steps from -3 to 3."""

    id: str
    steps: int


class IntentState(Struct, frozen=True, rename="camel"):
    """A standing wish of the operator: what, whose, until when (None: until it is changed)."""

    name: str
    value: str
    owner: str
    until_sample: int | None = None


class CueState(Struct, frozen=True, rename="camel"):
    """Which scene of the cue list it is; `index` from 0, -1 while the list is off."""

    index: int
    name: str
    scenes: tuple[str, ...]


class PublicState(Struct, frozen=True, rename="camel", kw_only=True):
    """Everything about deciding that a control surface shows."""

    hold: bool
    blackout: bool
    mode: Mode
    kind: Kind
    pack: str
    packs: tuple[str, ...]
    energy_bias: float
    pinned: str | None
    banned: tuple[str, ...]
    quarantined: tuple[QuarantineState, ...]
    now: NowState | None
    next: NextState | None
    warnings: tuple[str, ...]
    until_drop: bool = False
    rest_until_sample: int = 0
    liked: tuple[LikedState, ...] = ()
    intents: tuple[IntentState, ...] = ()
    cue: CueState | None = None


class StateChanged(Struct, frozen=True, rename="camel", tag="state"):
    """The public state, whole."""

    state: PublicState


class CommandDone(Struct, frozen=True, rename="camel", tag="commandDone"):
    """Whether a command took effect, and a sentence for the operator."""

    verb: str
    ok: bool
    message: str


SelectorEvent: TypeAlias = (
    Prepare | Activate | Cancel | PickLogged | OutcomeLogged | StateChanged | CommandDone
)


class Shown(Struct, frozen=True, rename="camel"):
    """What is on screen: as which pick, and since which sample (which may lie just ahead)."""

    seq: int
    item: Item
    sample: int


class ResumeState(Struct, frozen=True, rename="camel", kw_only=True):
    """All that a restarted decider must know to go on as if nothing had happened, as it was at `sample`.

    `pending` is the seq of what was prepared and must be taken back; `unshown` is what the last pick chose,
    where nobody got to see it.
    """

    seq: int
    prev: str
    shuffle_counters: dict[str, int]
    now: Shown | None
    pending: int | None
    history: tuple[Item, ...]
    cursor: int
    banned: tuple[Item, ...]
    quarantine: tuple[Detention, ...]
    strikes: tuple[Strikes, ...] = ()
    safe: tuple[Item, ...] = ()
    until_drop: bool = False
    rest_until: int = 0
    liked: tuple[Liked, ...] = ()
    undo: tuple[Liked, ...] = ()
    intents: tuple[IntentState, ...] = ()
    hold: bool
    blackout: bool
    mode: Mode
    kind: Kind
    pack: str
    energy_bias: float
    pinned: Item | None
    unshown: Item | None = None
    sample: int = 0
    cue: CuePlace | None = None

    def from_zero(self) -> ResumeState:
        """The same for a session that begins there: its samples count from 0, what was before lies below."""
        at, rest = self.sample, self.rest_until
        return replace(
            self,
            now=None if self.now is None else replace(self.now, sample=self.now.sample - at),
            quarantine=tuple(replace(d, until_sample=d.until_sample - at) for d in self.quarantine),
            rest_until=max(rest - at, 0) if rest else 0,
            intents=tuple(
                s if s.until_sample is None else replace(s, until_sample=s.until_sample - at)
                for s in self.intents
            ),
            sample=0,
            cue=None if self.cue is None else replace(self.cue, since=self.cue.since - at),
        )


# Learnt while one thread imports: threads that meet a type for the first time together crash msgspec 0.22.
for _kind in (Ack, Report, ResumeState):
    msgspec.json.Decoder(_kind)
