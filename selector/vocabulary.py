"""The operator's verbs: one table for the control page, OSC, MIDI and the keyboard.

`parse` is the only reader of arguments, so every way in accepts and refuses the same, in the same
words. Triggers fire without argument or on a value above 0 and ignore the release (0, false), since
pads and desks send both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias, get_args

from msgspec import Struct

from selector.settings import Kind, Mode

Arg: TypeAlias = bool | int | float | str | None
ArgKind: TypeAlias = Literal["trigger", "bool", "float", "choice", "text", "id", "optionalId"]
Owner: TypeAlias = Literal["dsp", "selector", "daemon"]

TEXT_LIMIT = 256


class Verb(Struct, frozen=True, rename="camel", omit_defaults=True):
    """One row of the table.

    `low` and `high` bound a float (values beyond are clamped); `choices` are those of a choice.
    `owner` is the part that carries it out, `lasts` how long it holds (empty: it is done at once).
    """

    name: str
    arg: ArgKind
    what: str
    owner: Owner = "selector"
    unit: str = ""
    low: float = 0.0
    high: float = 0.0
    choices: tuple[str, ...] = ()
    lasts: str = ""


class Command(Struct, frozen=True, rename="camel"):
    """A verb with its argument as it takes effect: bool, float, text, or None.

    A bool verb without argument keeps None and toggles; `ban` with None means what is on screen.
    """

    verb: str
    arg: Arg = None
    owner: Owner = "selector"


class CommandError(Struct, frozen=True):
    """Why a command cannot be used, as one sentence."""

    sentence: str


class Released(Struct, frozen=True):
    """A trigger let go: nothing to do, nothing to complain about."""

    verb: str


VERBS: tuple[Verb, ...] = (
    Verb("next", "trigger", "Show the next picture on the next beat; after 'back', go forward again."),
    Verb("back", "trigger", "Show the picture before this one again."),
    Verb("hold", "bool", "Stay on this picture: no automatic rule changes it.", lasts="until released"),
    Verb(
        "untildrop",
        "bool",
        "Stay on this picture until the music drops.",
        lasts="until it drops, or `until_drop_sec`",
    ),
    Verb("blackout", "bool", "Show black; deciding goes on underneath.", lasts="until released"),
    Verb("calm", "trigger", "Change to a calm picture."),
    Verb(
        "rest",
        "float",
        "Only calm pictures for so long; 0 ends it.",
        unit="min",
        low=0.0,
        high=120.0,
        lasts="so long",
    ),
    Verb("tap", "trigger", "Tap the beat.", owner="dsp"),
    Verb("downbeat", "trigger", "The beat now is the first of the bar.", owner="dsp"),
    Verb(
        "nudge",
        "float",
        "Move the beats: later above 0, earlier below.",
        owner="dsp",
        unit="ms",
        low=-200.0,
        high=200.0,
    ),
    Verb("half", "trigger", "Halve the tempo.", owner="dsp", lasts="until undone by double"),
    Verb("double", "trigger", "Double the tempo.", owner="dsp", lasts="until undone by half"),
    Verb(
        "sensitivity",
        "float",
        "Gain of the input.",
        owner="dsp",
        unit="dB",
        low=-24.0,
        high=24.0,
        lasts="until changed",
    ),
    Verb(
        "energy",
        "float",
        "Make pictures weaker or stronger than the sound asks for.",
        low=-1.0,
        high=1.0,
        lasts="until changed",
    ),
    Verb("mode", "choice", "How to choose.", choices=get_args(Mode), lasts="until changed"),
    Verb("kind", "choice", "What to show.", choices=get_args(Kind), lasts="until changed"),
    Verb("pack", "text", "Show this pack.", lasts="until changed"),
    Verb(
        "pair",
        "id",
        "The next picture is this pair: its number, or 'pack:number'.",
        lasts="until it is shown",
    ),
    Verb("preset", "id", "The next picture is this preset: its id, or 'pack:id'.", lasts="until it is shown"),
    Verb(
        "ban",
        "optionalId",
        "Never show this again; without argument, what is on screen.",
        lasts="until unbanned",
    ),
    Verb("unban", "optionalId", "Allow this again; without argument, what was banned last."),
    Verb(
        "more",
        "optionalId",
        "More like this, at most twice as often; without argument, like what is on screen.",
        lasts="until undone",
    ),
    Verb(
        "less",
        "optionalId",
        "Less like this, at least an eighth as often; without argument, like what is on screen.",
        lasts="until undone",
    ),
    Verb(
        "rate",
        "float",
        "Rate what is on screen, 1 to 5; 0 takes it back.",
        low=0.0,
        high=5.0,
        lasts="until undone",
    ),
    Verb("undo", "trigger", "Take the last more, less or rate back."),
    Verb(
        "cue",
        "text",
        "Go to a scene of the cue list: next, back, off, its name, or its number from 1.",
        lasts="until the scene is over",
    ),
    Verb("auto", "trigger", "Give mode, kind, pack and energy back to the cue list, or to the settings."),
    Verb("save", "trigger", "Write the last minutes as a session of their own.", owner="daemon"),
    Verb(
        "learn",
        "text",
        "Bind the next address a desk sends to this verb: 'hold', 'mode shuffle', 'sensitivity 0..127'; "
        "'off' gives up.",
        owner="daemon",
        lasts="60 s",
    ),
    Verb("forget", "text", "Unbind an address that was learnt.", owner="daemon"),
    Verb("query", "trigger", "Send the whole state."),
)

TABLE = {verb.name: verb for verb in VERBS}


def parse(name: str, raw: Sequence[Arg] = ()) -> Command | Released | CommandError:
    """What `name` with the arguments `raw` means.

    At most one argument is taken (None counts as absent). Numbers may come as text, as buttons and
    desks send them.
    """
    verb = TABLE.get(name)
    if verb is None:
        return CommandError(f"There is no verb {_quote(name)}; use one of {', '.join(TABLE)}.")
    args = [a for a in raw if a is not None]
    if len(args) > 1:
        return CommandError(f"{name} takes at most one argument but got {len(args)}; send one.")
    arg = args[0] if args else None
    if isinstance(arg, str) and len(arg) > TEXT_LIMIT:
        return CommandError(f"{name} got a text of {len(arg)} characters; send at most {TEXT_LIMIT}.")
    match verb.arg:
        case "trigger":
            return _trigger(verb, arg)
        case "bool":
            return _bool(verb, arg)
        case "float":
            return _float(verb, arg)
        case "choice":
            return _choice(verb, arg)
        case "text" | "id":
            return _text(verb, arg)
        case "optionalId":
            # A desk's button sends 1.0 and 0.0; pair 1 can still be named as the integer or as text.
            pressed = isinstance(arg, bool) or (isinstance(arg, float) and arg in (0.0, 1.0))
            return _trigger(verb, arg) if arg is None or pressed else _text(verb, arg)


def _trigger(verb: Verb, arg: Arg) -> Command | Released | CommandError:
    if arg is None:
        return Command(verb.name, None, verb.owner)
    number = _number(arg)
    if number is None:
        return CommandError(f"{verb.name} is a trigger but got {_quote(arg)}; send no argument, or 1.")
    return Command(verb.name, None, verb.owner) if number > 0.0 else Released(verb.name)


def _bool(verb: Verb, arg: Arg) -> Command | CommandError:
    words = {"on": True, "true": True, "off": False, "false": False}
    if arg is None:
        return Command(verb.name, None, verb.owner)
    if isinstance(arg, str) and arg.strip().lower() in words:
        return Command(verb.name, words[arg.strip().lower()], verb.owner)
    number = _number(arg)
    if number is None:
        return CommandError(
            f"{verb.name} is on or off but got {_quote(arg)}; send 1, 0, or nothing to toggle."
        )
    return Command(verb.name, number > 0.0, verb.owner)


def _float(verb: Verb, arg: Arg) -> Command | CommandError:
    number = None if isinstance(arg, bool) or arg is None else _number(arg)
    if number is None:
        unit = f" {verb.unit}" if verb.unit else ""
        got = "nothing" if arg is None else _quote(arg)
        return CommandError(
            f"{verb.name} needs a number but got {got}; send {verb.low:g} to {verb.high:g}{unit}."
        )
    return Command(verb.name, min(max(number, verb.low), verb.high), verb.owner)


def _choice(verb: Verb, arg: Arg) -> Command | CommandError:
    if isinstance(arg, str) and arg in verb.choices:
        return Command(verb.name, arg, verb.owner)
    got = "nothing" if arg is None else _quote(arg)
    return CommandError(f"{verb.name} got {got}; send one of {', '.join(verb.choices)}.")


def _text(verb: Verb, arg: Arg) -> Command | CommandError:
    if isinstance(arg, float) and arg.is_integer():
        arg = int(arg)  # OSC desks send whole numbers as floats
    text = str(arg).strip() if isinstance(arg, str | int) and not isinstance(arg, bool) else ""
    if not text:
        got = "nothing" if arg is None else _quote(arg)
        return CommandError(f"{verb.name} needs a name but got {got}; send the name as text.")
    return Command(verb.name, text, verb.owner)


def _number(arg: Arg) -> float | None:
    """A finite number from a number, a bool or text; None otherwise."""
    if arg is None:
        return None
    try:
        number = float(arg)
    except (ValueError, OverflowError):
        return None
    return number if -1e15 < number < 1e15 else None


def _quote(arg: Arg) -> str:
    text = repr(arg)
    return text if len(text) <= 60 else text[:57] + "...'"
