"""What of an engine is its state: which fields never change, and what the others may hold.

A field that is named nowhere here is state and is kept as it is, if it is a number, a flag, an array or one
of our objects; `engine_state` refuses anything else, so that a new field cannot be forgotten. What is
*constant* follows from settings, rate, weights and catalogue. A *typed* field holds text, a list or a record:
its type says what may stand there when a state is read back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

from msgspec import Meta

from daemon.engine import Engine
from dsp.analyzer import Analyzer
from dsp.bars import Bars
from dsp.barspace import BarSpace, Reading
from dsp.beats import BeatTracker
from dsp.belief import Belief
from dsp.clock import ClockGrid
from dsp.events import Beat
from dsp.expressive import Expressive
from dsp.frames import Frames, Spectrum
from dsp.frontend import FrontEnd
from dsp.gain import Gain
from dsp.grid import BeatGrid
from dsp.ladder import Ladder
from dsp.level import Level
from dsp.network import Network
from dsp.noise_floor import NoiseFloor
from dsp.octave import OctavePolicy
from dsp.onset_features import OnsetFeatures
from dsp.onset_network import OnsetNetwork
from dsp.onset_picker import Picker
from dsp.onsets import Onsets
from dsp.section_evidence import LowBand, Rise
from dsp.sections import Sections
from dsp.snapshot import AudioState, Section
from dsp.squelch import Squelch
from dsp.taps import Taps
from dsp.timekeeper import Timekeeper
from dsp.trust import Trust
from selector.canonical import HashChain
from selector.catalog import Item
from selector.choice import Chooser
from selector.cues import Cues
from selector.director import Director, _Call
from selector.drops import DropWatch
from selector.envelope import Envelope
from selector.events import IntentState, PublicState, Shown
from selector.faults import Faults, Standing
from selector.feedback import Feedback
from selector.grid import Grid, Moment
from selector.history import History
from selector.intensity import Intensity
from selector.intents import Intents, Want
from selector.liking import Liked, Liking
from selector.pick import PickLog
from selector.playout import Playout
from selector.publication import Publication
from selector.quarantine import Detention, Quarantine, Strikes
from selector.selector import Selector
from selector.settings import Kind, Mode
from selector.show import Cue, Show
from selector.watch import Looks, LookWatch

CONSTANT: dict[type, frozenset[str]] = {
    kind: frozenset(names.split())
    for kind, names in {
        # Inputs that wait are in the log of what follows, samples that wait in its audio.
        Engine: "rate hop catalogue_of _inputs _rest",
        Analyzer: "rate hop _detected _rest",
        FrontEnd: "hop _rate _bands _subs _coefficients",
        Frames: "reach _speeds",
        Spectrum: "width size _window _scale _twiddle _spans _weights",
        Onsets: "reach",
        OnsetFeatures: "reach _window _scale _twiddle _spans _weights _speeds",
        OnsetNetwork: "_matrices",
        Picker: "_thresholds _lengths _fade",
        Level: "_span",
        Squelch: "_settings _silence_hops _block",
        NoiseFloor: "_fall _rise _block",
        Gain: "_lowest _highest _rise _fall _forget _attack _release _block _grace",
        Trust: "_hold _cooldown",
        Network: "weights",
        BeatTracker: "_settings _rate _delay _frame",
        BarSpace: "_chances tempi _rings _near _moves _restart _bins",
        BeatGrid: "_rate _lead",
        Timekeeper: "_rate _lead _tap_hold _internal_bpm",
        ClockGrid: "_rate",
        Ladder: "_hold _clock_first",
        Taps: "_rate",
        OctavePolicy: "_policy",
        Belief: "_settings _rate _near",
        Bars: "_enough",
        Expressive: "_speeds _window",
        Sections: "_settings _step_s _rise _fall _quick",
        LowBand: "_step_s _quick _slow",
        Rise: "_step_s _quick",
        Selector: "_settings",
        Show: "catalog",
        Intensity: "_settings _length",
        Intents: "_catalog _settings _minute _patience",
        Liking: "_factors",
        Cues: "_scenes _rate list",
        Director: "_settings fast_lead _lead min_dwell _max_dwell _beatless _flash_gap _patience _margin"
        " _slack _memory _stays _drop_cooldown _energy_cooldown _arm_after _drop_dwell _silence"
        " _just_landed _back",
        DropWatch: "_memory",
        Envelope: "_gap _cut_gap _soft_sec",
        Grid: "_rate _metre",
        # The order of a shuffle and prepared tables are only remembered so that they need not be made again.
        Chooser: "_settings _seed _key _order _dials _limits _suits _profile _prepared",
        PickLog: "_session",
        # What was said is taken at the end of each call.
        Publication: "_warnings _said",
        Playout: "_settings _announce _news _retry _grace",
        Quarantine: "_first _longest",
        Feedback: "_second _loop _doubt _answer _settled",
        Faults: "_suspect_after _presence",
        LookWatch: "_long _stale",
    }.items()
}


class Typed(NamedTuple):
    """How a field is written.

    Attributes:
        type: of what is written.
        out: from the field's value to what is written.
        into: from the field's value in a fresh engine and what was written to the value it gets.
    """

    type: Any
    out: Callable[[Any], Any] = lambda value: value
    into: Callable[[Any, Any], Any] = lambda _, written: written


def _queue(item: Any) -> Typed:
    return Typed(list[item], list, lambda fresh, written: deque(written, maxlen=fresh.maxlen))


Hash = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Spans = tuple[float, float]

TYPED: dict[type, dict[str, Typed]] = {
    Analyzer: {
        "_powers": Typed(tuple[float, float], tuple, lambda _, written: list(written)),
        "_device": Typed(AudioState),
        "_audio": Typed(AudioState),
        "_flags": Typed(tuple[AudioState, bool, bool, bool]),
        "_section": Typed(Section),
    },
    Squelch: {"_moves": _queue(bool)},
    NoiseFloor: {"_spans": _queue(Spans)},
    Gain: {"_blocks": _queue(float)},
    BeatTracker: {"_reading": Typed(Reading | None), "_coming": _queue(Beat)},
    Taps: {"_row": Typed(list[int])},
    Ladder: {"_since": Typed(list[int])},
    Timekeeper: {"_coming": _queue(Beat), "_withheld": Typed(Beat | None)},
    Belief: {"_heard": _queue(Spans), "_foretold": _queue(int), "_tempi": _queue(float)},
    Expressive: {"_marks": _queue(int)},
    Sections: {"_before": Typed(Section), "_wanted": Typed(Section), "section": Typed(Section)},
    Show: {
        "now": Typed(Shown | None),
        "cue": Typed(Cue | None),
        "orphan": Typed(int | None),
        "unshown": Typed(Item | None),
        "want": Typed(Want | None),
        "starved": Typed(str),
        "safe": Typed(list[Item], list, lambda _, written: dict.fromkeys(written)),
        "doubted": Typed(
            list[tuple[Item, int]], lambda held: list(held.items()), lambda _, written: dict(written)
        ),
        "failing": Typed(str),
        "suspects": Typed(tuple[str, ...]),
        "_issued": Typed(dict[int, Item]),
    },
    Intensity: {"_value": Typed(float | None)},
    Intents: {
        "mode": Typed(Mode),
        "kind": Typed(Kind),
        "pack": Typed(str),
        "pinned": Typed(Item | None),
        "banned": Typed(list[Item], list, lambda _, written: dict.fromkeys(written)),
        "standing": Typed(
            list[IntentState],
            lambda standing: list(standing.values()),
            lambda _, written: {s.name: s for s in written},
        ),
    },
    Liking: {
        "_steps": Typed(
            list[Liked],
            lambda steps: [Liked(item, count) for item, count in steps.items()],
            lambda _, written: {entry.item: entry.steps for entry in written},
        ),
        "_before": Typed(list[Liked]),
    },
    History: {"_items": Typed(list[Item])},
    Quarantine: {
        "_held": Typed(
            list[Detention], lambda held: list(held.values()), lambda _, written: {d.item: d for d in written}
        ),
        "_strikes": Typed(
            list[Strikes],
            lambda strikes: [Strikes(item, count) for item, count in strikes.items()],
            lambda _, written: {s.item: s.count for s in written},
        ),
    },
    Director: {
        "_call": Typed(_Call | None),
        "_landing": Typed(Moment | None),
        "_silent_since": Typed(int | None),
        "_sound_since": Typed(int | None),
        "_recent_energy": Typed(float | None),
    },
    DropWatch: {"since": Typed(int | None)},
    Envelope: {"_last": Typed(int | None), "_last_cut": Typed(int | None)},
    Grid: {"_beat": Typed(Beat | None)},
    Chooser: {"counters": Typed(dict[str, int])},
    HashChain: {"prev": Typed(Hash)},
    Publication: {"_told": Typed(PublicState | None)},
    Feedback: {"_pace": Typed(dict[str, int])},
    Faults: {"_clients": Typed(dict[str, Standing])},
    LookWatch: {"_clients": Typed(dict[str, Looks])},
}
