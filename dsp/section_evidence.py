"""What tells breakdown, build and drop: the low band goes away, something rises, the low band comes back.

Conventions: powers are mean squares at the input, of which only changes count; one step is one call.
"""

from __future__ import annotations

from dsp.level import decibel
from dsp.tables import smoothing

ABSENT_DB = 10.0
"""Low band so far below its usual level: gone."""
BACK_DB = 5.0
AWAY_S = 6.0
"""A low band that was away for less (three bars at 120 BPM) comes back from a fill, not from a breakdown."""
QUIET_DB = 3.0
"""So much of a rise of the high band is chance."""
FULL_DB = 12.0
"""A rise that is a build-up beyond doubt: noise sweeps and rolls gain 10 to 25 dB."""
FULL_RATE = 2.5
FASTEST_DB_S = 8.0
"""A build rises steadily; a hat that comes in is a step, and steps count at this speed."""
LEAK_DB_S = 0.3


class LowBand:
    """Whether the low band is there.

    Attributes:
        absent_s: for how long it has been gone; 0 while it is there.
        missing01: how clearly it is gone now.
    """

    def __init__(self, hop: int, rate: int) -> None:
        self._step_s = hop / rate
        self._quick = smoothing(0.5, hop, rate)
        self._slow = smoothing(6.0, hop, rate)
        self._power = 0.0
        self._usual_db = -120.0
        self.absent_s = 0.0
        self.missing01 = 0.0

    def step(self, power: float) -> bool:
        """Take the power in; True where the band returns after at least AWAY_S."""
        self._power += self._quick * (power - self._power)
        low_db = decibel(self._power)
        missing = self._usual_db - low_db
        self.missing01 = min(max((missing - BACK_DB) / (ABSENT_DB - BACK_DB), 0.0), 1.0)
        if missing < BACK_DB:
            returned = self.absent_s >= AWAY_S
            self.absent_s = 0.0
            self._usual_db += (self._quick if missing < 0.0 else self._slow) * -missing
            return returned
        if missing > ABSENT_DB or self.absent_s > 0.0:
            self.absent_s += self._step_s
        self._usual_db -= 0.1 * self._step_s
        return False

    def forget_absence(self) -> None:
        """Nothing plays: what comes next is no return."""
        self.absent_s = self.missing01 = 0.0


class Rise:
    """How far brightness and onset rate have risen since the low band left.

    Attributes:
        rising01: 0 for not at all, 1 for a build beyond doubt.
    """

    def __init__(self, hop: int, rate: int) -> None:
        self._step_s = hop / rate
        self._quick = smoothing(0.5, hop, rate)
        self._power = 0.0
        self._rate = 0.0
        self._least_db = 0.0
        self._least_rate = 0.0
        self._risen_db = 0.0
        self.rising01 = 0.0

    def step(self, power: float, onset_rate: float, away: bool) -> None:
        """Take power of the high band and onset rate in; nothing rises while the low band is there."""
        self._power += self._quick * (power - self._power)
        self._rate += self._quick * (onset_rate - self._rate)
        high_db = decibel(self._power)
        if not away:
            self._least_db, self._least_rate = high_db, self._rate
            self._risen_db = self.rising01 = 0.0
            return
        self._least_db = min(self._least_db + LEAK_DB_S * self._step_s, high_db)
        self._least_rate = min(self._least_rate, self._rate)
        fastest = FASTEST_DB_S * self._step_s
        change = high_db - self._least_db - self._risen_db
        self._risen_db += min(max(change, -fastest), fastest)
        brighter = max(self._risen_db - QUIET_DB, 0.0) / (FULL_DB - QUIET_DB)
        busier = (self._rate - self._least_rate) / FULL_RATE
        self.rising01 = min(0.8 * brighter + 0.4 * busier, 1.0)
