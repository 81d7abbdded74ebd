"""Pads and knobs: presses once, releases nothing, knobs move what has a range."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.clocks.midi_verbs import BURST, MidiVerbs
from daemon.errors import ConfigError, ProtocolError
from daemon.rig_settings import MidiSettings
from selector.vocabulary import TABLE, Command, Released, parse

VERBS = {
    "note 36": "next",
    "note 37": "hold toggle",
    "note 38": "hold",
    "note 39": "mode shuffle",
    "cc 7": "sensitivity",
    "cc 20": "next",
    "cc 21": "blackout",
}


def device(verbs: dict[str, str] | None = None) -> tuple[MidiVerbs, list[tuple[str, Any]]]:
    said: list[tuple[str, Any]] = []

    def command(verb: str, arg: object, origin: str) -> None:
        assert origin.startswith("midi:")
        if verb == "query":
            raise ProtocolError("not now")
        assert isinstance(parse(verb, () if arg is None else (arg,)), Command)
        said.append((verb, arg))

    return MidiVerbs(MidiSettings(verbs=VERBS if verbs is None else verbs), command, lambda: 0.0), said


@pytest.mark.parametrize(
    ("messages", "means"),
    [
        ([[0x90, 36, 100], [0x80, 36, 0]], [("next", None)]),
        ([[0x95, 36, 100], [0x95, 36, 0]], [("next", None)]),
        ([[0x90, 37, 1], [0x90, 37, 0], [0x90, 37, 1]], [("hold", None), ("hold", None)]),
        ([[0x90, 38, 1], [0x80, 38, 64]], [("hold", True), ("hold", False)]),
        ([[0x90, 39, 9], [0x80, 39, 0]], [("mode", "shuffle")]),
        ([[0xB0, 7, 0], [0xB0, 7, 127]], [("sensitivity", -24.0), ("sensitivity", 24.0)]),
        ([[0xB0, 20, v] for v in (1, 30, 64, 90, 127, 80, 10, 70)], [("next", None), ("next", None)]),
        ([[0xB0, 21, v] for v in (0, 64, 127, 63, 0)], [("blackout", True), ("blackout", False)]),
        ([[0x90, 1, 1], [0xB0, 99, 1], [0xF8], [0xE0, 36, 1], [0x90, 36], []], []),
    ],
)
def test_what_is_pressed_and_turned(messages: list[list[int]], means: list[tuple[str, Any]]) -> None:
    midi, said = device()
    for message in messages:
        midi.take(message)
    assert said == means


@pytest.mark.parametrize("name", sorted(set(TABLE) - {"query"}))
def test_every_verb_can_be_bound(name: str) -> None:
    """By a note, with the argument that a button needs; the one vocabulary takes it."""
    argument = {"choice": TABLE[name].choices[:1], "text": ("demo",), "id": ("3",)}.get(TABLE[name].arg, ())
    text = " ".join((name, *argument))
    kind = "cc" if TABLE[name].arg == "float" else "note"
    midi, said = device({f"{kind} 1": text})
    midi.take([0xB0 if kind == "cc" else 0x90, 1, 100])
    assert [verb for verb, _ in said] == [name]
    assert not isinstance(parse(name, said[0][1:] if said[0][1] is not None else ()), Released)


@pytest.mark.parametrize(
    "verbs",
    [{"note 128": "next"}, {"pad 1": "next"}, {"note 1": "jump"}, {"note": "next"}, {"cc 1": "mode fast"}],
)
def test_what_cannot_be_bound_is_named(verbs: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=r"midi\.verbs"):
        device(verbs)


def test_a_flood_is_held_back_and_a_refusal_is_no_harm() -> None:
    midi, said = device({"cc 7": "sensitivity", "note 1": "query"})
    midi.take([0x90, 1, 1])
    for value in range(10 * BURST):
        midi.take([0xB0, 7, value % 128])
    assert 0 < len(said) <= BURST


@given(st.lists(st.lists(st.integers(0, 255), max_size=5), max_size=40))
def test_no_bytes_break_it(messages: list[list[int]]) -> None:
    midi, _ = device()
    for message in messages:
        midi.take(message)
