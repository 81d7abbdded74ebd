"""One number for "how much is going on": what the strength of a picture is matched to."""

from __future__ import annotations

from typing import Literal, TypeAlias

from dsp.snapshot import ExpressiveAudioSnapshot
from selector.fixedpoint import clamp01, to_micro
from selector.settings import SelectSettings

Aim: TypeAlias = Literal["follow", "drop", "calm"]
"""What a pick is made for: the sound as it is, a drop, or rest."""


class Intensity:
    """Follows the sound over `intensity_sec`, about a bar: a picture stays for many.

    What one hop says depends on where in the beat it falls, and says little of the sound two seconds on, when
    what is chosen by it comes on screen.

    Args:
        settings: shares of the sound, limits, length.
        rate: samples a second.
    """

    def __init__(self, settings: SelectSettings, rate: int) -> None:
        self._settings = settings
        self._length = settings.intensity_sec * rate
        self._value: float | None = None
        self._sample = 0

    def hear(self, snapshot: ExpressiveAudioSnapshot) -> None:
        """One hop. Without valid sound it is forgotten: what comes then is heard afresh."""
        elapsed, self._sample = snapshot.t_samples - self._sample, snapshot.t_samples
        now = sound01(snapshot, self._settings)
        if self._value is None or not snapshot.audio_valid:
            self._value = now if snapshot.audio_valid else None
        else:
            self._value += (now - self._value) * elapsed / (elapsed + self._length)

    def micro(self, bias: float, aim: Aim, snapshot: ExpressiveAudioSnapshot) -> int:
        """Intensity in [0, MICRO]; that of `snapshot` alone where no valid sound was heard.

        `bias` in [-1, 1] moves it towards 0 or 1 without ever hiding all of the sound's own movement except
        at its ends. A drop is never below `drop_intensity`, rest never above `calm_intensity`.
        """
        value = sound01(snapshot, self._settings) if self._value is None else self._value
        value = value + bias * (1.0 - value) if bias > 0.0 else value * (1.0 + bias)
        if aim == "drop":
            value = max(value, self._settings.drop_intensity)
        elif aim == "calm":
            value = min(value, self._settings.calm_intensity)
        return to_micro(clamp01(value))


def sound01(snapshot: ExpressiveAudioSnapshot, settings: SelectSettings) -> float:
    """Of one hop: the weighted mean of energy01, accent01 and, while the beat is trusted, beatPulse01.

    energy01 is rescaled, for it lives between 0.35 and 0.88.
    """
    span = settings.energy_high - settings.energy_low
    energy = clamp01((snapshot.energy01 - settings.energy_low) / span)
    pulse_weight = settings.pulse_weight if snapshot.beat_trusted else 0.0
    shares = settings.energy_weight + settings.accent_weight + pulse_weight
    total = (
        settings.energy_weight * energy
        + settings.accent_weight * snapshot.accent01
        + pulse_weight * snapshot.beat_pulse01
    )
    return clamp01(total / shares) if shares > 0.0 else 0.5
