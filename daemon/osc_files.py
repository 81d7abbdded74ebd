"""The OSC book as files for other programs: layouts, trees and lists that they read as they are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from daemon import osc_book, osc_qlcplus
from daemon.osc_learnt import TOGGLE
from daemon.osc_table import OUT, PREFIX, OutMessage, echo_of
from selector.vocabulary import VERBS, Verb

_OSC_TYPE = {
    "trigger": "N",
    "bool": "i",
    "float": "f",
    "choice": "s",
    "text": "s",
    "id": "s",
    "optionalId": "s",
}


def every(our_port: int, their_port: int) -> dict[str, str]:
    """Name and text of each file.

    Args:
        our_port: where the daemon receives OSC.
        their_port: where the other program is to receive it.
    """
    return {
        "osc-book.md": osc_book.as_markdown(),
        "osc-book.json": _json(osc_book.as_json()),
        "oscquery.json": _json(oscquery()),
        "buttons.json": _json({"buttons": list(buttons())}),
        "open-stage-control.json": _json(open_stage_control(our_port)),
        "qlcplus/aivjd-osc.qxi": osc_qlcplus.profile(),
        "qlcplus/aivjd.qxw": osc_qlcplus.workspace(our_port, their_port),
        "qlcplus/desk.toml": "\n".join(osc_qlcplus.desk_settings(their_port)) + "\n",
    }


def _json(data: object) -> str:
    return json.dumps(data, indent=1) + "\n"


def oscquery() -> dict[str, Any]:
    """The namespace in the terms of the OSCQuery proposal, as Chataigne and others import it."""
    root: dict[str, Any] = {"FULL_PATH": "/", "ACCESS": 0, "CONTENTS": {}}
    for verb in VERBS:
        node = _node(root, f"{PREFIX}/{verb.name}")
        node |= {"ACCESS": 2, "TYPE": _OSC_TYPE.get(verb.arg, "s"), "DESCRIPTION": verb.what}
        if verb.arg == "float":
            node |= {"RANGE": [{"MIN": verb.low, "MAX": verb.high}], "UNIT": [verb.unit]}
        elif verb.arg == "bool":
            node |= {"RANGE": [{"MIN": 0, "MAX": 1}]}
        elif verb.choices:
            node |= {"RANGE": [{"VALS": list(verb.choices)}]}
    for message in OUT:
        node = _node(root, message.address)
        node |= {
            "ACCESS": 1,
            "TYPE": message.tags,
            "DESCRIPTION": message.what,
            "RANGE": [_range(arg) for arg in message.args],
        }
    return root


def _range(arg: Any) -> dict[str, Any]:
    if arg.choices:
        return {"VALS": list(arg.choices)}
    return {} if arg.low is None else {"MIN": arg.low, "MAX": arg.high}


def _node(root: dict[str, Any], address: str) -> dict[str, Any]:
    """The node of an address; those above it are made on the way."""
    node, path = root, ""
    for part in address.strip("/").split("/"):
        path += f"/{part}"
        node = node.setdefault("CONTENTS", {}).setdefault(part, {"FULL_PATH": path, "ACCESS": 0})
    return node


def buttons() -> Iterator[dict[str, Any]]:
    """A flat list of what buttons can do and how they light, as Companion's OSC module asks for it."""
    for verb in VERBS:
        path = f"{PREFIX}/{verb.name}"
        match verb.arg:
            case "trigger" | "optionalId":
                yield _button(verb.name, path, None)
            case "bool":
                yield _button(f"{verb.name} toggle", f"{path}/{TOGGLE}", _lit(verb, 1))
                yield _button(f"{verb.name} on", f"{path}/on", _lit(verb, 1))
                yield _button(f"{verb.name} off", f"{path}/off", _lit(verb, 0))
            case "choice":
                for choice in verb.choices:
                    yield _button(f"{verb.name} {choice}", f"{path}/{choice}", _lit(verb, choice))
            case "float":
                for value in dict.fromkeys((verb.low, 0.0, verb.high)):
                    if verb.low <= value <= verb.high:
                        lit = _lit(verb, value)
                        yield _button(f"{verb.name} {value:g}", f"{path}/{value:g}", lit)


def _button(label: str, path: str, feedback: dict[str, Any] | None) -> dict[str, Any]:
    row: dict[str, Any] = {"label": label, "path": path, "type": "i", "value": 1}
    return row if feedback is None else {**row, "feedback": feedback}


def _lit(verb: Verb, value: float | str) -> dict[str, Any] | None:
    """When a button is lit: the echo of its verb has this value."""
    echo = echo_of(verb.name)
    return None if echo is None else {"path": echo.address, "type": echo.tags, "value": value}


def open_stage_control(our_port: int) -> dict[str, Any]:
    """A session of Open Stage Control 1: pads, faders and meters, on one page."""
    target = f"127.0.0.1:{our_port}"
    widgets = [_widget(place, verb, target) for place, verb in enumerate(_shown())]
    widgets += [_meter(place, message) for place, message in enumerate(_levels())]
    return {
        "createdWith": "aivjd osc-book",
        "version": "1.0.0",
        "type": "session",
        "content": {"type": "root", "id": "root", "widgets": widgets, "tabs": []},
    }


def _shown() -> list[Verb]:
    return [verb for verb in VERBS if verb.arg not in ("text", "id")]


def _levels() -> list[OutMessage]:
    return [m for m in OUT if m.tags == "f" and m.args[0].low is not None and "/state/" not in m.address]


def _widget(place: int, verb: Verb, target: str) -> dict[str, Any]:
    widget: dict[str, Any] = {
        "id": verb.name,
        "label": verb.name,
        "left": 10 + place % 8 * 110,
        "top": 10 + place // 8 * 130,
        "width": 100,
        "height": 120,
        "address": f"{PREFIX}/{verb.name}",
        "target": [target],
    }
    kind: dict[str, Any]
    match verb.arg:
        case "float":
            kind = {"type": "fader", "range": {"min": verb.low, "max": verb.high}, "typeTags": "f"}
        case "choice":
            kind = {"type": "switch", "values": list(verb.choices), "layout": "vertical"}
        case "bool":
            kind = {"type": "button", "mode": "toggle", "on": 1, "off": 0}
        case _:
            kind = {"type": "button", "mode": "push", "on": 1, "off": 0}
    return widget | kind


def _meter(place: int, message: OutMessage) -> dict[str, Any]:
    arg = message.args[0]
    return {
        "type": "fader",
        "id": message.address.removeprefix(PREFIX + "/").replace("/", "_"),
        "label": message.address.rpartition("/")[2],
        "left": 10 + place * 110,
        "top": 420,
        "width": 100,
        "height": 200,
        "interaction": False,
        "range": {"min": arg.low, "max": arg.high},
        "address": message.address,
        "bypass": True,
    }
