"""Limits on how often something may happen; time is an argument."""

from __future__ import annotations

from collections import OrderedDict


class TokenBucket:
    """Admits `rate` things a second on average and `burst` at once.

    Args:
        rate: refill in tokens a second, > 0.
        burst: the most that can be saved up, >= 1; the bucket starts full.
    """

    __slots__ = ("_burst", "_last", "_rate", "_tokens")

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._last = float("-inf")

    def allow(self, now: float) -> bool:
        """Take one token at `now` (seconds); False when there is none.

        A clock that steps back refills nothing and harms nothing.
        """
        if now > self._last:
            if self._last > float("-inf"):
                self._tokens = min(self._burst, self._tokens + (now - self._last) * self._rate)
            self._last = now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True


class SourceLimiter:
    """One bucket for each source; the longest unseen source is forgotten beyond `sources`."""

    def __init__(self, rate: float, burst: float, *, sources: int = 1024) -> None:
        self._rate = rate
        self._burst = burst
        self._limit = sources
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def allow(self, source: str, now: float) -> bool:
        """Whether `source` may do one more thing at `now` (seconds)."""
        bucket = self._buckets.pop(source, None) or TokenBucket(self._rate, self._burst)
        self._buckets[source] = bucket
        if len(self._buckets) > self._limit:
            self._buckets.popitem(last=False)
        return bucket.allow(now)

    def __len__(self) -> int:
        return len(self._buckets)


class Seldom:
    """Lets a complaint through once in `period` seconds and counts the ones it held back."""

    def __init__(self, period: float) -> None:
        self._period = period
        self._next = float("-inf")
        self._held = 0

    def ask(self, now: float) -> int | None:
        """None to keep quiet; otherwise how many were held back since the last time."""
        if now < self._next:
            self._held += 1
            return None
        held, self._held = self._held, 0
        self._next = now + self._period
        return held
