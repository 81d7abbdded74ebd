"""Audio inputs by name.

A device is known by its host API and name, never by PortAudio's index, which changes whenever
something is plugged. PortAudio looks for devices once, at start, and may hang on a dead sound
server; so `list_devices` asks a process of its own each time, and only the capture process calls
`query_devices`. Nothing is ever substituted for a device that is not there.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from types import ModuleType
from typing import Any

from daemon.errors import DeviceError, MissingError

DEFAULT = "default"
LIST_ALL = "`aivjd devices` lists all"
LISTING_TIMEOUT_S = 15.0
LIBRARY_PACKAGE = "libportaudio2"  # Debian's name
SURROUND = 8

# The number of a sound card, "(hw:1,0)", is handed out anew at every start.
_CARD = re.compile(r"\s*\(hw:\d+,\d+\)")


class NoInputDevice(DeviceError):  # noqa: N818 - reads as the statement it is
    """The machine has no audio input at all; the demo track can take its place."""

    exit_code = 3


@dataclass(frozen=True)
class Device:
    """An audio input.

    Attributes:
        host_api: the system through which it is reached, such as ``ALSA``.
        name: as that system calls it.
        channels: the most channels it can be opened with, from 1.
        rate: its default sample rate in Hz.
        is_default: whether the system uses it when nothing is chosen.
        index: PortAudio's index, which means something only to the process that asked; else -1.
    """

    host_api: str
    name: str
    channels: int
    rate: int
    is_default: bool = False
    index: int = -1

    @property
    def label(self) -> str:
        """``HOST API: NAME``, which identifies the device."""
        return f"{self.host_api}: {self.name}"

    def channels_to_open(self, pair: tuple[int, int]) -> int:
        """How many channels to open so that those of `pair` arrive unmixed.

        Hardware is opened with all it has: opened with fewer, some systems mix the rest in. An ALSA
        name without ``(hw:...)`` is a plug-in that takes any number up to its limit (32 for
        PulseAudio, whatever is behind it); it gets enough for a surround source.
        """
        if self.host_api == "ALSA" and not _CARD.search(self.name):
            return min(self.channels, max(SURROUND, *pair))
        return self.channels

    def describe(self) -> str:
        """One line for a person."""
        mark = "*" if self.is_default else " "
        plural = "" if self.channels == 1 else "s"
        return f"{mark} {self.label}  ({self.channels} channel{plural}, {self.rate} Hz)"

    def to_dict(self) -> dict[str, Any]:
        """As JSON object; without the index, which means nothing to anyone else."""
        return {key: value for key, value in asdict(self).items() if key != "index"}


def find(name: str, devices: Sequence[Device]) -> Device:
    """The one device that `name` means.

    Tried in turn: ``default``; the exact ``HOST API: NAME``; the exact name; both again without the
    number of the sound card; a part of the label in any case. The first of these that fits decides.

    Raises:
        NoInputDevice: there are no devices at all.
        DeviceError: none fits, or several do.
    """
    if not devices:
        raise NoInputDevice("this machine has no audio input", fix="connect one, or use `--input demo`")
    if name == DEFAULT:
        for device in devices:
            if device.is_default:
                return device
        raise DeviceError("the system has no default audio input", fix=f"choose one by name; {LIST_ALL}")
    wanted = name.casefold()
    rules: list[Callable[[Device], bool]] = [
        lambda device: device.label == name,
        lambda device: device.name == name,
        lambda device: _CARD.sub("", name) in (_CARD.sub("", device.label), _CARD.sub("", device.name)),
        lambda device: bool(wanted) and wanted in device.label.casefold(),
    ]
    for fits in rules:
        found = [device for device in devices if fits(device)]
        if len(found) == 1:
            return found[0]
        if found:
            labels = _quoted(device.label for device in found)
            raise DeviceError(
                f"'{name}' means {len(found)} audio inputs: {labels}",
                where="input.name",
                fix=f"give more of the name; {LIST_ALL}",
            )
    raise DeviceError(
        f"no audio input is called '{name}'; the nearest are {_quoted(nearest(name, devices))}",
        where="input.name",
        fix=f"choose one of these; {LIST_ALL}",
    )


def nearest(name: str, devices: Sequence[Device], count: int = 3) -> list[str]:
    """Labels of the `count` devices whose names resemble `name` most, best first."""

    def likeness(device: Device) -> float:
        spellings = (device.label.casefold(), device.name.casefold())
        return max(difflib.SequenceMatcher(None, name.casefold(), spelling).ratio() for spelling in spellings)

    return [device.label for device in sorted(devices, key=likeness, reverse=True)[:count]]


def _quoted(labels: Any) -> str:
    return ", ".join(f"'{label}'" for label in labels)


def check_channels(pair: tuple[int, int], channels: int, label: str) -> None:
    """Refuse a channel that the input does not have. One channel alone serves as both.

    Raises:
        DeviceError: a number of `pair`, counted from 1, is beyond `channels`.
    """
    if channels > 1 and max(pair) > channels:
        raise DeviceError(
            f"channel {max(pair)} was asked for, but '{label}' has {channels}",
            where="input.channels",
            fix=f"choose two from 1 to {channels}",
        )


def list_devices(timeout_s: float = LISTING_TIMEOUT_S) -> list[Device]:
    """All audio inputs as they are now, asked for by a short-lived process.

    Raises:
        MissingError: the PortAudio library is not installed.
        DeviceError: the sound system does not answer.
    """
    try:
        result = subprocess.run(
            [sys.executable, "-m", "daemon.devices"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_s,
            check=False,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        )
    except subprocess.TimeoutExpired as error:
        raise DeviceError(
            f"the sound system did not list its devices within {timeout_s:g} s",
            fix="restart it (a crashed JACK server is a usual cause)",
        ) from error
    if result.returncode == MissingError.exit_code:
        raise _missing_library()
    if result.returncode != 0:
        last = result.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise DeviceError(f"the audio inputs cannot be listed ({last})", fix="see `aivjd doctor`")
    return [Device(**fields) for fields in json.loads(result.stdout)]


def query_devices(portaudio: ModuleType) -> list[Device]:
    """The inputs PortAudio found when this process loaded it, from ``load_portaudio``."""
    host_apis = portaudio.query_hostapis()
    default = portaudio.default.device[0]
    return [
        Device(
            host_api=host_apis[entry["hostapi"]]["name"],
            name=entry["name"],
            channels=entry["max_input_channels"],
            rate=round(entry["default_samplerate"]),
            is_default=entry["index"] == default,
            index=entry["index"],
        )
        for entry in portaudio.query_devices()
        if entry["max_input_channels"] > 0
    ]


def load_portaudio() -> ModuleType:
    """The module `sounddevice`, for processes of ours that do nothing but audio.

    Silences, for good, what ALSA and PortAudio print on the process's stderr: they complain about
    each device that is absent. Python's own messages still come through.

    Raises:
        MissingError: the PortAudio library is not installed.
    """
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    os.close(null)
    try:
        import sounddevice  # type: ignore[import-untyped]
    except OSError as error:
        raise _missing_library() from error
    return sounddevice  # type: ignore[no-any-return]


def _missing_library() -> MissingError:
    return MissingError("the PortAudio library is missing", fix=f"install the package {LIBRARY_PACKAGE}")


def main() -> None:
    """Print the devices as JSON; the body of the process that `list_devices` starts."""
    try:
        devices = query_devices(load_portaudio())
    except MissingError as error:
        sys.exit(error.exit_code)
    json.dump([asdict(replace(device, index=-1)) for device in devices], sys.stdout)


if __name__ == "__main__":
    main()
