"""What part of the music this is: silence, calm, groove, build, drop, peak, breakdown.

Energy follows the app (newliveweb section controller); breakdown, build and drop come from the low band: it
goes away, something rises, it comes back.
"""

from __future__ import annotations

from typing import NamedTuple

from dsp.level import decibel
from dsp.settings import DspSettings
from dsp.snapshot import Section
from dsp.tables import smoothing

ABSENT_DB = 10.0
"""Low band so far below its usual level: gone."""
BACK_DB = 5.0
DROP_S = 8.0
"""How long a drop is called so."""


class SectionFeatures(NamedTuple):
    """What one hop says about the section."""

    valid: bool
    energy01: float
    onset_rate: float
    low_power: float
    high_power: float


class Sections:
    """State machine with hysteresis.

    Attributes:
        section: what it is now.
        intensity01: slow energy (1.6 per s upwards, 0.6 downwards).
        buildup01: how much it rises towards something.
    """

    def __init__(self, settings: DspSettings, hop: int, rate: int) -> None:
        self._settings = settings
        self._rate = rate
        self._hop_s = hop / rate
        self._rise = smoothing(1 / 1.6, hop, rate)
        self._fall = smoothing(1 / 0.6, hop, rate)
        self._quick = smoothing(0.5, hop, rate)
        self._slow = smoothing(6.0, hop, rate)
        self._low_usual = -120.0
        self._low_now = 0.0
        self._high_now = self._high_slow = 0.0
        self._rate_now = self._rate_slow = 0.0
        self._absent_s = 0.0
        self._drop_s = 0.0
        self._wanted: Section = "silence"
        self._wanted_s = 0.0
        self.section: Section = "silence"
        self.intensity01 = 0.0
        self.buildup01 = 0.0

    def step(self, features: SectionFeatures) -> Section:
        """Take one hop in and give the section."""
        energy = features.energy01 if features.valid else 0.0
        self.intensity01 += (self._rise if energy > self.intensity01 else self._fall) * (
            energy - self.intensity01
        )
        returned = self._follow_low(features)
        self._follow_build(features)
        if not features.valid:
            self._become("silence")
            self._absent_s = self._drop_s = 0.0
            return self.section
        self._drop_s = max(0.0, self._drop_s - self._hop_s)
        if returned and self.section in ("breakdown", "build"):
            self._drop_s = DROP_S
            self._become("drop")
            return self.section
        wanted = self._judge(features.onset_rate)
        if wanted != self._wanted:
            self._wanted, self._wanted_s = wanted, 0.0
        self._wanted_s += self._hop_s
        if wanted != self.section and (
            self._wanted_s >= self._settings.section_hold_s or self.section == "silence"
        ):
            self._become(wanted)
        return self.section

    def _become(self, section: Section) -> None:
        self.section = self._wanted = section
        self._wanted_s = 0.0

    def _follow_low(self, features: SectionFeatures) -> bool:
        """Track the low band; True in the hop in which it returns after at least two seconds."""
        self._low_now += self._quick * (features.low_power - self._low_now)
        low = decibel(self._low_now)
        if not features.valid:
            return False
        if low > self._low_usual - BACK_DB:
            returned = self._absent_s >= 2.0
            self._absent_s = 0.0
            step = self._quick if low > self._low_usual else self._slow
            self._low_usual += step * (low - self._low_usual)
            return returned
        if low < self._low_usual - ABSENT_DB or self._absent_s > 0.0:
            self._absent_s += self._hop_s
        self._low_usual -= 0.1 * self._hop_s
        return False

    def _follow_build(self, features: SectionFeatures) -> None:
        self._high_now += self._quick * (features.high_power - self._high_now)
        self._high_slow += self._slow * (features.high_power - self._high_slow)
        self._rate_now += self._quick * (features.onset_rate - self._rate_now)
        self._rate_slow += self._slow * (features.onset_rate - self._rate_slow)
        brighter = (decibel(self._high_now) - decibel(self._high_slow)) / 8.0
        busier = (self._rate_now - self._rate_slow) / 2.5
        rising = min(max(0.6 * brighter + 0.6 * busier, 0.0), 1.0)
        if not features.valid or self._absent_s == 0.0:
            rising *= 0.3  # with the bass in, a rise is no build-up yet
        self.buildup01 += self._quick * (rising - self.buildup01)

    def _judge(self, onset_rate: float) -> Section:
        settings = self._settings
        if self._drop_s > 0.0 and self._absent_s == 0.0:
            return "drop"
        if self._absent_s >= 1.5 and self.section != "calm":
            return "build" if self.buildup01 > (0.25 if self.section == "build" else 0.4) else "breakdown"
        up = 0.0 if self.section == "peak" else 0.05
        if self.intensity01 > settings.section_peak - 0.05 + up and onset_rate > 2.2 - 20.0 * (0.05 - up):
            return "peak"
        up = 0.0 if self.section in ("groove", "peak", "drop") else 0.05
        return "groove" if self.intensity01 > settings.section_groove - 0.05 + up else "calm"
