"""What part of the music this is: silence, calm, groove, build, drop, peak, breakdown.

Energy follows the app (newliveweb section controller); breakdown, build and drop come from the low band and
what rises without it (`section_evidence`), and from the network where its say is given. Rules and network
have equal weight: each can be overruled only where it is unsure.
"""

from __future__ import annotations

from typing import NamedTuple

from dsp.section_evidence import LowBand, Rise
from dsp.settings import DspSettings
from dsp.snapshot import Section
from dsp.tables import smoothing

AWAY_S = 1.5
"""The low band has to be gone for so long until that means something."""
ENTER, LEAVE = 0.45, 0.3
"""Evidence at which breakdown or build begins to hold and ceases to."""
BUILD_HOLD = 0.25
"""A build is announced sooner than other sections: many last no longer than a bar."""
DROP_S = 8.0
"""How long a drop is called so."""
DROP_SURE = 0.7
"""The network alone announces a drop from here on."""
PAUSE_S = 4.0
"""Silence before a drop may last so long; a longer one ends the piece."""
PEAK_FALL = 0.1
"""Loss of intensity with which the peak that follows a drop is over."""


class NetworkSections(NamedTuple):
    """Activations of the network, 0..1 each; they may be wrong."""

    music: float
    breakdown: float
    build: float
    drop: float


class SectionFeatures(NamedTuple):
    """What is known at one step.

    Attributes:
        valid: the audio can be believed.
        energy01: `max(peak, 1.5 rms)` after the gain.
        onset_rate: onsets a second over 2 s.
        low_power: mean square below 120 Hz.
        high_power: mean square above 5 kHz.
        network: what the network says, if there is one.
    """

    valid: bool
    energy01: float
    onset_rate: float
    low_power: float
    high_power: float
    network: NetworkSections | None = None


class Sections:
    """State machine with hysteresis.

    Attributes:
        section: what it is now.
        intensity01: slow energy (1.6 per s upwards, 0.6 downwards).
        buildup01: how far a build has come; 0 outside of breakdown and build.
    """

    def __init__(self, settings: DspSettings, hop: int, rate: int) -> None:
        self._settings = settings
        self._step_s = hop / rate
        self._rise = smoothing(1 / 1.6, hop, rate)
        self._fall = smoothing(1 / 0.6, hop, rate)
        self._quick = smoothing(0.5, hop, rate)
        self._low_band = LowBand(hop, rate)
        self._rising = Rise(hop, rate)
        self._drop_s = 0.0
        self._silent_s = PAUSE_S
        self._before: Section = "silence"
        self._peak_from = 1.0
        self._wanted: Section = "silence"
        self._wanted_s = 0.0
        self.section: Section = "silence"
        self.intensity01 = 0.0
        self.buildup01 = 0.0

    def step(self, features: SectionFeatures) -> Section:
        """Take one step and give the section."""
        energy = features.energy01 if features.valid else 0.0
        follow = self._rise if energy > self.intensity01 else self._fall
        self.intensity01 += follow * (energy - self.intensity01)
        if not features.valid:
            self._rest()
            return self.section
        if self.section == "silence" and self._silent_s < PAUSE_S:
            self.section = self._before
        self._silent_s = 0.0
        returned = self._low_band.step(features.low_power)
        away01 = self._away(features)
        rising01 = self._build(features, away01 >= LEAVE)
        self._drop_s = max(0.0, self._drop_s - self._step_s)
        if self.section in ("breakdown", "build") and (returned or self._network_drops(features)):
            self._drop_s, self._peak_from = DROP_S, 1.0
            self.buildup01 = 0.0
            self._become("drop")
            return self.section
        wanted = self._judge(features.onset_rate, away01, rising01)
        if wanted != self._wanted:
            self._wanted, self._wanted_s = wanted, 0.0
        self._wanted_s += self._step_s
        hold_s = self._settings.section_hold_s * (BUILD_HOLD if wanted == "build" else 1.0)
        if wanted != self.section and (self._wanted_s >= hold_s or self.section == "silence"):
            self._become(wanted)
        return self.section

    def _become(self, section: Section) -> None:
        self.section = self._wanted = section
        self._wanted_s = 0.0

    def _rest(self) -> None:
        """Nothing to hear: silence at once, but what was before is remembered through a short pause."""
        if self.section != "silence":
            self._before = self.section
            self._become("silence")
        self._silent_s += self._step_s
        if self._silent_s >= PAUSE_S:
            self._low_band.forget_absence()
            self._drop_s = self.buildup01 = 0.0

    def _away(self, features: SectionFeatures) -> float:
        """Evidence that the drums and the bass are away, be it in a breakdown or in a build."""
        low_band = self._low_band
        rule = low_band.missing01 if low_band.absent_s >= AWAY_S else 0.0
        network = features.network
        return _agreed(rule, max(network.breakdown, network.build) if network else None)

    def _build(self, features: SectionFeatures, away: bool) -> float:
        """Evidence of a build; `buildup01` follows it."""
        self._rising.step(features.high_power, features.onset_rate, away)
        network = features.network
        rising = _agreed(self._rising.rising01, network.build if network else None) if away else 0.0
        self.buildup01 += self._quick * (rising - self.buildup01)
        return rising

    def _network_drops(self, features: SectionFeatures) -> bool:
        network = features.network
        return network is not None and network.drop >= DROP_SURE and self._low_band.missing01 < 1.0

    def _judge(self, onset_rate: float, away01: float, rising01: float) -> Section:
        """The section that the evidence asks for at this moment."""
        if away01 >= (LEAVE if self.section in ("breakdown", "build") else ENTER) and self.section != "calm":
            return "build" if self.buildup01 >= (LEAVE if self.section == "build" else ENTER) else "breakdown"
        if self._drop_s > 0.0:
            return "drop"
        if self._low_band.absent_s > 0.0 and self.section in ("groove", "peak", "drop"):
            return self.section  # whether this is a breakdown is settled first
        settings = self._settings
        if self.section == "drop":
            self._peak_from = self.intensity01
        after_drop = self.section in ("drop", "peak") and self.intensity01 > self._peak_from - PEAK_FALL
        up = 0.0 if self.section == "peak" else 0.05
        loud = self.intensity01 > settings.section_peak - 0.05 + up and onset_rate > 1.2 + 20.0 * up
        if after_drop or loud:
            return "peak"
        up = 0.0 if self.section in ("groove", "peak", "drop") else 0.05
        return "groove" if self.intensity01 > settings.section_groove - 0.05 + up else "calm"


def _agreed(rule: float, network: float | None) -> float:
    """Both opinions with equal weight, or the only one there is."""
    return rule if network is None else 0.5 * (rule + network)
