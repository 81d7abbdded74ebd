"""Every OSC message the daemon sends: one table for packing and for the book.

Single plain messages, since some desks reject bundles. Values are clamped to the range in the
table (one desk wraps 1.5 around to 126), NaN becomes the low end, and a packet stays below 512
bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Literal, NamedTuple, get_args

from daemon.osc_packet import pack_string
from dsp.snapshot import BeatSource

PREFIX = "/aivj"
MAX_TEXT = 120
COUNTER_MASK = 0x7FFF_FFFF  # int32 without the sign: a counter starts again at 0 after 2^31


class Arg(NamedTuple):
    """One argument. `low` and `high` bound a number; a counter has neither."""

    name: str
    tag: Literal["i", "f", "s"]
    low: float | None = None
    high: float | None = None
    unit: str = ""
    choices: tuple[str, ...] = ()


class OutMessage:
    """One row: address, arguments, when it is sent, what it means."""

    def __init__(self, address: str, args: tuple[Arg, ...], when: str, what: str) -> None:
        self.address = address
        self.args = args
        self.when = when
        self.what = what
        self._head = pack_string(address) + pack_string("," + self.tags)
        numbers = "".join(arg.tag for arg in args) if "s" not in self.tags else ""
        self._numbers = struct.Struct(f">{len(self._head)}s{numbers}") if numbers else None

    @property
    def tags(self) -> str:
        """The type tags without the comma."""
        return "".join(arg.tag for arg in self.args)

    def pack(self, *values: float | str) -> bytes:
        """The datagram for these values, one for each argument."""
        pairs = zip(self.args, values, strict=True)
        if self._numbers is not None:
            return self._numbers.pack(self._head, *(_number(arg, value) for arg, value in pairs))
        return self._head + b"".join(
            pack_string(str(value)[:MAX_TEXT])
            if arg.tag == "s"
            else struct.pack(f">{arg.tag}", _number(arg, value))
            for arg, value in pairs
        )


def _number(arg: Arg, value: float | str) -> float:
    number = float(value) if arg.tag == "f" else value
    assert not isinstance(number, str)
    if arg.low is None or arg.high is None:
        return int(number) & COUNTER_MASK
    if not number >= arg.low:  # NaN too
        number = arg.low
    elif number > arg.high:
        number = arg.high
    return number if arg.tag == "f" else int(number)


_COUNTER = Arg("count", "i")
_SECTIONS = ("silence", "calm", "groove", "build", "drop", "peak", "breakdown")
_PICK = (Arg("seq", "i"), Arg("id", "s"), Arg("kind", "s", choices=("pair", "preset")), Arg("pack", "s"))
_AT_LEVELS = "`osc.level_hz` times a second"
_ON_CHANGE = "when it changes, and on `/aivj/query`"


def _flag(name: str) -> tuple[Arg, ...]:
    return (Arg(name, "i", 0, 1),)


def _unit(name: str) -> tuple[Arg, ...]:
    return (Arg(name, "f", 0.0, 1.0),)


def _text(name: str, *choices: str) -> tuple[Arg, ...]:
    return (Arg(name, "s", choices=choices),)


OUT: tuple[OutMessage, ...] = (
    OutMessage("/aivj/heartbeat", (_COUNTER,), "each second", "The daemon is alive."),
    OutMessage(
        "/aivj/beat",
        (_COUNTER,),
        "on each beat, once one was trusted",
        "Beats so far; a gap tells how many were lost. Goes on through a breakdown, while the beat coasts, "
        "and by the internal clock where one is set.",
    ),
    OutMessage("/aivj/bar", (_COUNTER,), "on each trusted downbeat", "Bars so far."),
    OutMessage(
        "/aivj/beat/trusted",
        _flag("trusted"),
        _AT_LEVELS + ", and when it changes",
        "1 while the beat is trusted.",
    ),
    OutMessage(
        "/aivj/bar/trusted",
        _flag("trusted"),
        _AT_LEVELS + ", and when it changes",
        "1 while the downbeat is trusted.",
    ),
    OutMessage("/aivj/beat/phase", _unit("phase"), _AT_LEVELS, "Place within the beat; 0 is the beat."),
    OutMessage("/aivj/bar/phase", _unit("phase"), _AT_LEVELS, "Place within the bar; 0 is its first beat."),
    OutMessage("/aivj/tempo", (Arg("tempo", "f", 0.0, 400.0, "BPM"),), _AT_LEVELS, "Tempo; 0 when unknown."),
    OutMessage("/aivj/tempo/confidence", _unit("confidence"), _AT_LEVELS, "How sure the tempo is."),
    OutMessage("/aivj/level/rms", _unit("level"), _AT_LEVELS, "Loudness."),
    OutMessage("/aivj/level/energy", _unit("level"), _AT_LEVELS, "Energy, as pictures follow it."),
    OutMessage("/aivj/level/bass", _unit("level"), _AT_LEVELS, "Bass."),
    OutMessage("/aivj/level/mid", _unit("level"), _AT_LEVELS, "Middle."),
    OutMessage("/aivj/level/high", _unit("level"), _AT_LEVELS, "Treble."),
    OutMessage("/aivj/level/pulse", _unit("level"), _AT_LEVELS, "1 at a beat, falling until the next."),
    OutMessage("/aivj/level/accent", _unit("level"), _AT_LEVELS, "Accents."),
    OutMessage("/aivj/onset/kick", (_COUNTER,), "on each hit", "Kicks so far."),
    OutMessage("/aivj/onset/clap", (_COUNTER,), "on each hit", "Snares, claps and rims so far."),
    OutMessage("/aivj/onset/hihat", (_COUNTER,), "on each hit", "Hi-hats and cymbals so far."),
    OutMessage("/aivj/onset/other", (_COUNTER,), "on each hit", "Other notes so far."),
    OutMessage("/aivj/section", _text("section", *_SECTIONS), "when it changes", "Part of the music."),
    OutMessage(
        "/aivj/pick/prepare",
        (*_PICK, Arg("in", "f", 0.0, 3600.0, "s")),
        "when a pick is made, about 2 s ahead",
        "This will be shown in so many seconds.",
    ),
    OutMessage("/aivj/pick", _PICK, "when a pick is shown", "This is on screen now."),
    OutMessage(
        "/aivj/pick/cancel",
        (Arg("seq", "i"), Arg("reason", "s")),
        "when a pick is dropped",
        "This will not be shown.",
    ),
    OutMessage("/aivj/state/hold", _flag("on"), _ON_CHANGE, "Echo of `hold`."),
    OutMessage("/aivj/state/untildrop", _flag("on"), _ON_CHANGE, "Echo of `untildrop`."),
    OutMessage("/aivj/state/blackout", _flag("on"), _ON_CHANGE, "Echo of `blackout`."),
    OutMessage(
        "/aivj/state/mode",
        _text("mode", "weighted", "random", "shuffle", "public_v0"),
        _ON_CHANGE,
        "Echo of `mode`.",
    ),
    OutMessage("/aivj/state/kind", _text("kind", "pair", "preset"), _ON_CHANGE, "Echo of `kind`."),
    OutMessage("/aivj/state/pack", _text("pack"), _ON_CHANGE, "Echo of `pack`."),
    OutMessage("/aivj/state/energy", (Arg("bias", "f", -1.0, 1.0),), _ON_CHANGE, "Echo of `energy`."),
    OutMessage(
        "/aivj/state/sensitivity",
        (Arg("gain", "f", -24.0, 24.0, "dB"),),
        _ON_CHANGE,
        "Echo of `sensitivity`.",
    ),
    OutMessage(
        "/aivj/state/pinned",
        _text("id"),
        _ON_CHANGE,
        "What `pair` or `preset` asked for and is not shown yet; empty when nothing.",
    ),
    OutMessage(
        "/aivj/state/clock",
        _text("source", *get_args(BeatSource)),
        _ON_CHANGE,
        "Who keeps the beat: what is heard, Link, MIDI clock, OS2L, taps, a heard beat that coasts, "
        "or the internal clock.",
    ),
    OutMessage("/aivj/state/banned", (_COUNTER,), _ON_CHANGE, "How many are banned (`ban`, `unban`)."),
    OutMessage(
        "/aivj/state/audio",
        _text("state", "noInput", "stalled", "silent", "live"),
        _ON_CHANGE,
        "What the input does.",
    ),
)

STATE = f"{PREFIX}/state/"
BY_ADDRESS = {message.address: message for message in OUT}

# Key of the state message -> address of its echo.
_ECHOES = {
    "hold": "/aivj/state/hold",
    "untilDrop": "/aivj/state/untildrop",
    "blackout": "/aivj/state/blackout",
    "mode": "/aivj/state/mode",
    "kind": "/aivj/state/kind",
    "pack": "/aivj/state/pack",
    "energyBias": "/aivj/state/energy",
    "sensitivityDb": "/aivj/state/sensitivity",
    "beatSource": "/aivj/state/clock",
}


def echoes(state: Mapping[str, object]) -> dict[str, bool | int | float | str]:
    """What a `state` message (or a part of one) says to desks, by address of the echo."""
    found: dict[str, bool | int | float | str] = {}
    for key, address in _ECHOES.items():
        value = state.get(key)
        if isinstance(value, bool | int | float | str):
            found[address] = value
    if "pinned" in state:
        found[STATE + "pinned"] = str(state["pinned"] or "")
    if isinstance(banned := state.get("banned"), list | tuple):
        found[STATE + "banned"] = len(banned)
    source = state.get("input")
    if isinstance(source, dict) and isinstance(source.get("state"), str):
        found[STATE + "audio"] = source["state"]
    return found


def echo_of(verb: str) -> OutMessage | None:
    """The message that says what became of a verb, if there is one."""
    return BY_ADDRESS.get(STATE + verb)
