"""A flag that is slow to rise and quick to fall: trust instead of pretending."""

from __future__ import annotations


class Trust:
    """True after `good` has held for a while; False as soon as `bad`, and for a cool-down after that.

    Args:
        hold: samples for which the good condition must hold without a break.
        cooldown: samples after a loss during which the flag cannot rise.
    """

    def __init__(self, hold: int, cooldown: int) -> None:
        self._hold = hold
        self._cooldown = cooldown
        self._since = -1
        self._barred_until = 0
        self.value = False

    def step(self, now: int, good: bool, bad: bool) -> bool:
        """Move on to sample `now` and give the flag."""
        if bad and self.value:
            self.value = False
            self._barred_until = now + self._cooldown
        if not good:
            self._since = -1
        elif self._since < 0:
            self._since = now
        if good and not bad and now - self._since >= self._hold and now >= self._barred_until:
            self.value = True
        return self.value
