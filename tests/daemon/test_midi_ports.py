"""A MIDI port that comes, goes and comes back, and a machine without MIDI."""

from __future__ import annotations

import sys
import types
from typing import Any

import pytest

from daemon.clocks import midi_ports
from daemon.clocks.midi_ports import Port
from daemon.errors import ConfigError, MissingError
from daemon.rig_settings import MidiSettings


class Device:
    """What rtmidi gives, with ports that the test plugs in and out."""

    def __init__(self, api: int, name: str) -> None:
        if api == 1:
            raise SystemError("MidiInAlsa::initialize: error creating ALSA sequencer client object.")
        self.ports: list[str] = []
        self.opened: list[str] = []
        self.closed = 0

    def get_ports(self) -> list[str]:
        return self.ports

    def open_port(self, number: int, name: str) -> None:
        self.opened.append(self.ports[number])

    def open_virtual_port(self, name: str) -> None:
        self.opened.append(f"our own {name}")

    def close_port(self) -> None:
        self.closed += 1

    def delete(self) -> None:
        self.closed += 1


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Any:
    """An rtmidi with ALSA, which does not work here, and JACK, which does."""
    module = types.SimpleNamespace(
        MidiIn=Device,
        MidiOut=Device,
        API_LINUX_ALSA=1,
        API_UNIX_JACK=2,
        RtMidiError=OSError,
        get_compiled_api=lambda: [1, 2],
    )
    monkeypatch.setattr(midi_ports, "import_rtmidi", lambda: module)
    return module


def test_the_first_system_that_works_is_taken(system: Any) -> None:
    assert Port("in", "clock", MidiSettings()).device is not None
    with pytest.raises(ConfigError, match=r"midi\.api"):
        Port("in", "clock", MidiSettings(api="alsa"))


def test_a_machine_without_any(system: Any) -> None:
    system.get_compiled_api = list
    with pytest.raises(ConfigError, match="no MIDI system"):
        Port("out", "clock", MidiSettings())


def test_it_comes_goes_and_comes_back(system: Any) -> None:
    port = Port("in", "TR-8", MidiSettings())
    assert (port.name, port.device.opened) == ("", [])
    port.device.ports = ["Midi Through", "Roland tr-8 MIDI 1"]
    assert port.look()
    assert port.name == "Roland tr-8 MIDI 1"
    assert not port.look()
    port.device.ports = ["Midi Through"]
    assert not port.look()
    assert (port.name, port.device.closed) == ("", 1)
    port.device.ports = ["Roland tr-8 MIDI 1", "Midi Through"]
    assert port.look()
    assert port.device.opened == ["Roland tr-8 MIDI 1"] * 2
    port.close()


def test_a_port_of_our_own(system: Any) -> None:
    port = Port("out", "virtual", MidiSettings())
    assert port.device.opened == ["our own aivjd out"]
    assert not port.look()


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rtmidi", None)
    with pytest.raises(MissingError, match=r"aivjd\[midi\]"):
        midi_ports.import_rtmidi()
