"""Notes to samples with FluidSynth in this process: offline, sample-exact, the same bytes for the same notes.

FluidSynth takes events in at borders of blocks of 64 samples (1.5 ms) and adds no latency: the first sample
of a voice lies in the block in which the note is switched on. `Synth.snap` tells the border, so that truth
can follow it exactly.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from models.music.machine import MissingPackageError, fluidsynth

BLOCK = 64
"""Samples between two instants at which FluidSynth takes events in."""
DRUMS = 9
"""MIDI channel of the drums."""
_LINEAR = 1  # interpolation order: twice as fast as the default, and no different to a beat tracker
_PROBE_SECONDS = 0.3
_ERRORS_TO_WARNINGS = (0, 1, 2)  # PANIC, ERR, WARN: presets that a font lacks are answered, not printed

_probes: dict[tuple[str, int, int, int, int], Attack] = {}


class Note(NamedTuple):
    """One note: `start` and `end` in seconds, MIDI `channel`, `key` and `velocity`."""

    start: float
    end: float
    channel: int
    key: int
    velocity: int


class Voice(NamedTuple):
    """How a channel sounds: bank and program, `volume` 0..127, `pan` 0..127, `send` to the reverb 0..127."""

    channel: int
    program: int
    volume: int = 100
    pan: int = 64
    send: int = 40
    bank: int = 0


class Attack(NamedTuple):
    """How a note starts, in seconds: `delay` until 10 % of its peak, `rise` from there to 50 %."""

    delay: float
    rise: float


class Synth:
    """A FluidSynth instance with one sound font; a context manager.

    Args:
        font: the file.
        rate: Hz.
        reverb: room size 0..1; 0 switches the reverb off.
        chorus: whether the chorus is on.
    """

    def __init__(self, font: Path, rate: int, *, reverb: float = 0.0, chorus: bool = False) -> None:
        self.rate = rate
        self._font = str(font)
        self._library = fluidsynth()
        self._prober: Synth | None = None
        self._programs: dict[int, tuple[int, int]] = {}
        self._declare()
        for level in _ERRORS_TO_WARNINGS:
            self._library.fluid_set_log_function(level, None, None)
        self._settings = ctypes.c_void_p(self._library.new_fluid_settings())
        self._set("synth.sample-rate", float(rate))
        self._set("synth.dynamic-sample-loading", 1)
        self._set("synth.polyphony", 96)
        self._set("synth.chorus.active", int(chorus))
        self._set("synth.reverb.active", int(reverb > 0))
        self._set("synth.reverb.room-size", max(0.05, reverb))
        self._synth = ctypes.c_void_p(self._library.new_fluid_synth(self._settings))
        self._library.fluid_synth_set_interp_method(self._synth, -1, _LINEAR)
        self._bank = self._library.fluid_synth_sfload(self._synth, self._font.encode(), 1)
        if self._bank < 0:
            self.close()
            raise MissingPackageError("FluidSynth cannot read this sound font", where=self._font)

    def _declare(self) -> None:
        pointer, whole = ctypes.c_void_p, ctypes.c_int
        channel: list[type[ctypes.c_void_p] | type[ctypes.c_int]] = [pointer, whole, whole]
        self._library.new_fluid_settings.restype = pointer
        self._library.new_fluid_synth.restype = pointer
        self._library.fluid_set_log_function.argtypes = [whole, pointer, pointer]
        self._library.fluid_synth_write_float.argtypes = [pointer, whole, *channel, *channel]

    def _set(self, name: str, value: float | int) -> None:
        if isinstance(value, float):
            self._library.fluid_settings_setnum(self._settings, name.encode(), ctypes.c_double(value))
        else:
            self._library.fluid_settings_setint(self._settings, name.encode(), value)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        self.close()
        return False

    def close(self) -> None:
        """Frees the synthesiser; nothing may be called afterwards."""
        if self._prober is not None:
            self._prober.close()
        self._library.delete_fluid_synth(self._synth)
        self._library.delete_fluid_settings(self._settings)

    def choose(self, voice: Voice) -> None:
        """Sets a channel up. A drum kit that the font lacks becomes its first, a program becomes a piano."""
        bank = 128 if voice.channel == DRUMS else voice.bank
        for program in (voice.program, 0):
            found = self._library.fluid_synth_program_select(
                self._synth, voice.channel, self._bank, bank, program
            )
            if found == 0:
                self._programs[voice.channel] = (bank, program)
                break
        for controller, value in ((7, voice.volume), (10, voice.pan), (91, voice.send)):
            self._library.fluid_synth_cc(self._synth, voice.channel, controller, value)

    def snap(self, time: float) -> float:
        """The instant, in seconds, at which an event asked for at `time` takes place."""
        return round(time * self.rate / BLOCK) * BLOCK / self.rate

    def attack(self, channel: int, key: int) -> Attack:
        """How a note of a chosen channel starts.

        It is measured on a synthesiser of its own, so that what is rendered does not depend on it.
        Melodic keys are measured in groups of four; measured values are kept for the life of the process.
        """
        key = key if channel == DRUMS else key // 4 * 4 + 2
        name = (self._font, *self._programs[channel], key, self.rate)
        if name not in _probes:
            if self._prober is None:
                self._prober = Synth(Path(self._font), self.rate)
            bank, program = self._programs[channel]
            self._prober.choose(Voice(channel, program, bank=bank))
            _probes[name] = self._prober.probe(channel, key)
        return _probes[name]

    def probe(self, channel: int, key: int) -> Attack:
        """Plays one note and measures its start; what is rendered afterwards may differ in its last bits."""
        self._library.fluid_synth_noteon(self._synth, channel, key, 90)
        heard = self._blocks(int(_PROBE_SECONDS * self.rate) // BLOCK)
        self._library.fluid_synth_all_sounds_off(self._synth, -1)
        self._blocks(2)
        step = 16
        rough = np.abs(heard[: len(heard) // step * step]).max(axis=1).reshape(-1, step).max(axis=1)
        envelope = np.maximum.accumulate(rough)
        peak = envelope[-1]
        if peak < 1e-5:
            return Attack(0.0, 1.0)
        tenth, half = (int(np.argmax(envelope >= share * peak)) * step / self.rate for share in (0.1, 0.5))
        return Attack(tenth, half - tenth)

    def _blocks(self, count: int) -> NDArray[np.float32]:
        heard = np.zeros((count * BLOCK, 2), np.float32)
        self._write(heard, 0, count)
        return heard

    def _write(self, heard: NDArray[np.float32], first: int, count: int) -> None:
        start = heard.ctypes.data + first * BLOCK * 2 * heard.itemsize
        self._library.fluid_synth_write_float(self._synth, count * BLOCK, start, 0, 2, start, 1, 2)

    def render(self, notes: Sequence[Note], duration: float) -> NDArray[np.float32]:
        """Plays notes, each from `snap(start)`, and what rings on.

        Returns:
            float32[n, 2] of `duration` seconds; not normalised.
        """
        samples = round(duration * self.rate)
        blocks = -(-samples // BLOCK)
        events: list[tuple[int, int, int, int, int]] = []
        for note in notes:
            first = round(note.start * self.rate / BLOCK)
            last = max(first + 1, round(note.end * self.rate / BLOCK))
            events.append((first, 1, note.channel, note.key, note.velocity))
            events.append((last, 0, note.channel, note.key, 0))
        heard = np.zeros((blocks * BLOCK, 2), np.float32)
        now = 0
        for block, on, channel, key, velocity in sorted(events):
            if block >= blocks:
                break
            if block > now:
                self._write(heard, now, block - now)
                now = block
            if on:
                self._library.fluid_synth_noteon(self._synth, channel, key, velocity)
            else:
                self._library.fluid_synth_noteoff(self._synth, channel, key)
        self._write(heard, now, blocks - now)
        return heard[:samples]
