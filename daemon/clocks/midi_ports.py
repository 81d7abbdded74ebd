"""MIDI ports by name, through python-rtmidi: found, opened, and looked after while the show runs."""

from __future__ import annotations

import logging
from typing import Any, Literal

from daemon.errors import ConfigError, MissingError
from daemon.rig_settings import MidiSettings

log = logging.getLogger("aivjd")

VIRTUAL = "virtual"
APIS = {
    "alsa": "API_LINUX_ALSA",
    "jack": "API_UNIX_JACK",
    "core": "API_MACOSX_CORE",
    "windows": "API_WINDOWS_MM",
}


def import_rtmidi() -> Any:
    """The module.

    Raises:
        MissingError: the package is not installed or does not load.
    """
    try:
        import rtmidi
    except ImportError as error:
        raise MissingError(
            f"MIDI cannot be used ({error})",
            where="midi",
            fix='run `pip install "aivjd[midi]"`, or empty midi.clock_in, clock_out and control_in',
        ) from error
    return rtmidi


class Port:
    """A port that may come and go.

    Args:
        kind: we receive (`in`) or send (`out`).
        wanted: its name or part of it, or `virtual`.
        settings: which MIDI system.

    Attributes:
        device: of rtmidi, to be used while `name` is not empty.
        name: of what is open; empty while it is not there.

    Raises:
        ConfigError: there is no such MIDI system here.
        MissingError: python-rtmidi is not installed.
    """

    def __init__(self, kind: Literal["in", "out"], wanted: str, settings: MidiSettings) -> None:
        self.wanted = wanted
        self.name = ""
        self._kind = kind
        self.device = _device(kind, settings)
        self.look()

    def look(self) -> bool:
        """Open what is wanted if it is there, close what is gone; True if something was opened."""
        if self.wanted == VIRTUAL:
            if self.name:
                return False
            self.name = f"aivjd {self._kind}"
            self.device.open_virtual_port(self.name)
            return True
        ports = self.device.get_ports()
        if self.name:
            if self.name not in ports:
                log.warning("the MIDI port %s is gone", self.name)
                self.name = ""
                self.device.close_port()
            return False
        found = [port for port in ports if self.wanted.lower() in port.lower()]
        if not found:
            return False
        self.device.open_port(ports.index(found[0]), f"aivjd {self._kind}")
        self.name = found[0]
        log.info("MIDI %s: %s", self._kind, self.name)
        return True

    def close(self) -> None:
        """Give it back."""
        self.name = ""
        self.device.close_port()
        self.device.delete()


def _device(kind: str, settings: MidiSettings) -> Any:
    rtmidi = import_rtmidi()
    make = rtmidi.MidiIn if kind == "in" else rtmidi.MidiOut
    compiled = rtmidi.get_compiled_api()
    wanted = compiled if settings.api == "auto" else [getattr(rtmidi, APIS[settings.api])]
    why = "none is built in"
    for api in wanted:
        if api not in compiled:
            continue
        try:
            return make(api, name="aivjd")
        except (rtmidi.RtMidiError, SystemError) as error:
            why = str(error)
    raise ConfigError(
        f"no MIDI system can be used ({why})",
        where="midi.api",
        fix="start JACK or PipeWire, or load the kernel's sequencer (snd-seq)",
    )
