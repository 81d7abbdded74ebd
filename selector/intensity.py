"""One number for "how much is going on": what the strength of a picture is matched to."""

from __future__ import annotations

from typing import Literal, TypeAlias

from dsp.snapshot import ExpressiveAudioSnapshot
from selector.fixedpoint import clamp01, to_micro
from selector.settings import SelectSettings

Aim: TypeAlias = Literal["follow", "drop", "calm"]
"""What a pick is made for: the sound as it is, a drop, or rest."""


def intensity_micro(
    snapshot: ExpressiveAudioSnapshot, bias: float, aim: Aim, settings: SelectSettings
) -> int:
    """Intensity in [0, MICRO].

    The weighted mean of energy01 (rescaled, for it lives between 0.35 and 0.88), accent01 and, while
    the beat is trusted, beatPulse01. `bias` in [-1, 1] moves it towards 0 or 1 without ever hiding
    all of the sound's own movement except at its ends. A drop is never below `drop_intensity`, rest
    never above `calm_intensity`.
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
    value = clamp01(total / shares) if shares > 0.0 else 0.5
    value = value + bias * (1.0 - value) if bias > 0.0 else value * (1.0 + bias)
    if aim == "drop":
        value = max(value, settings.drop_intensity)
    elif aim == "calm":
        value = min(value, settings.calm_intensity)
    return to_micro(clamp01(value))
