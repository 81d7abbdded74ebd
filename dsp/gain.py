"""The automatic gain: slow enough that the energies of a night compare, quick enough to be ready for a set.

The gain does not follow the music but a *reference*: what the full passages of the programme measure. It is
learned in the first seconds, rises within seconds and is forgotten by a decibel a minute. So a calm track
after a loud one stays calm, while the same music has the same energy at whatever level it comes in.

Conventions: a base is the app's measure `max(peak, 1.5 rms)` over 43 ms, 0..1; dB are relative to base 1.
"""

from __future__ import annotations

from collections import deque
from math import fsum

from dsp.kernels.approx import exp2, log2
from dsp.kernels.level import DB
from dsp.settings import DspSettings
from dsp.tables import smoothing

TARGET = 0.5
"""Where the gain brings the mean base of full passages (newliveweb AudioBus)."""
BLOCK_S = 0.5
"""Any beat has a hit in half a second: between hits a quiet input falls below the squelch, a loud one not."""
BLOCKS = 8
"""The programme is judged over the last 4 s that were heard."""
RISE = 0.22
"""Share of a rise of the programme that the reference takes up with each block: 2 s to follow."""
OTHER_LEVEL_DB = 18.0
"""No passage of music lies this far below its full passages for long: somebody turned the level down."""
OTHER_LEVEL_S = 20.0
ANEW_DB_S = 2.0
"""How fast the reference then moves to the level that it finds."""
GRACE_S = 0.1
"""The gain moves on for so long after a loud hop, so that sparse hits do not slow it down."""
LIMIT = 0.9
"""The mean base after the gain is kept below this at once; the reference is not moved by it."""


def amplitude_db(amplitude: float) -> float:
    """Decibels of an amplitude, -120 at the least."""
    return 2.0 * DB * log2(max(amplitude, 1e-6))


class Gain:
    """Automatic gain with a slow reference, a quick limit, and a limited slope.

    Attributes:
        db: the gain in force.
        reference_db: mean base of full passages; 0 before anything was heard.
    """

    def __init__(self, settings: DspSettings, hop: int, rate: int) -> None:
        self._lowest, self._highest = settings.agc_min_db, settings.agc_max_db
        self._rise = settings.agc_rise_db_s * hop / rate
        self._fall = settings.agc_fall_db_s * hop / rate
        self._forget = settings.agc_forget_db_min * BLOCK_S / 60.0
        self._attack = smoothing(0.3, hop, rate)
        self._release = smoothing(3.0, hop, rate)
        self._block = max(1, round(BLOCK_S * rate / hop))
        self._blocks: deque[float] = deque(maxlen=BLOCKS)
        self._sum = 0.0
        self._count = 0
        self._heard = False
        self._grace = max(1, round(GRACE_S * rate / hop))
        self._rested = self._grace
        self._near = 0.0
        self._low_s = 0.0
        self._anew = False
        self._wanted_db = 0.0
        self._ceiling = LIMIT
        self.db = 0.0
        self.reference_db = 0.0

    def hear(self, base: float, loud: bool) -> None:
        """Take in a hop of sound; in silence this is not called, so the gain stays.

        Args:
            base: measure of the hop.
            loud: it is worth following. Without such a hop the gain rests after a tenth of a second, and half
                a second says nothing about the programme.
        """
        self._near += (self._attack if base > self._near else self._release) * (base - self._near)
        self._sum += base
        self._count += 1
        self._heard |= loud
        if self._count == self._block:
            if self._heard:
                self._blocks.append(self._sum / self._count)
                self._follow()
                self._want(TARGET_DB - self.reference_db)
            self._sum, self._count, self._heard = 0.0, 0, False
        self._rested = 0 if loud else self._rested + 1
        if self._rested < self._grace:
            wanted = self._wanted_db
            if self._near > self._ceiling:
                wanted = max(LIMIT_DB - amplitude_db(self._near), self._lowest)
            self.db += min(max(wanted - self.db, -self._fall), self._rise)

    def _want(self, gain_db: float) -> None:
        self._wanted_db = min(max(gain_db, self._lowest), self._highest)
        self._ceiling = LIMIT * exp2(-self._wanted_db / (2.0 * DB))

    def _follow(self) -> None:
        """Move the reference by one block."""
        # The mean of the middle half: neither a bang nor a gap of a second moves it, and beats average out.
        ordered = sorted(self._blocks)
        quarter = len(ordered) // 4
        middle = ordered[quarter : len(ordered) - quarter]
        programme_db = amplitude_db(fsum(middle) / len(middle))
        below = self.reference_db - programme_db
        self._low_s = self._low_s + BLOCK_S if below > OTHER_LEVEL_DB else 0.0
        self._anew = self._low_s >= OTHER_LEVEL_S or (self._anew and below > 0.0)
        if len(ordered) < BLOCKS:
            self.reference_db = programme_db
        elif below < 0.0:
            self.reference_db -= RISE * below
        else:
            self.reference_db -= min(below, ANEW_DB_S * BLOCK_S if self._anew else self._forget)


TARGET_DB = amplitude_db(TARGET)
LIMIT_DB = amplitude_db(LIMIT)
