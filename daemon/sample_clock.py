"""What the sample index is in monotonic seconds, and the other way round."""

from __future__ import annotations

from time import monotonic


class SampleClock:
    """Maps sample indices to monotonic seconds.

    Blocks arrive late by a varying amount and never early, so the earliest arrival counts; a slow
    leak lets the estimate follow a device whose clock is slower than ours.
    """

    LEAK = 2e-4  # seconds a second: twice what sound cards are apart

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._anchor: float | None = None
        self._last = 0.0

    @property
    def running(self) -> bool:
        """Whether anything has arrived yet."""
        return self._anchor is not None

    def restart(self) -> None:
        """Forget the estimate: the next arrival counts as it comes (a device came, or came back)."""
        self._anchor = None

    def arrived(self, samples: int, at: float) -> None:
        """`samples` in all had arrived at monotonic second `at`."""
        seen = at - samples / self.rate
        if self._anchor is None or seen < self._anchor:
            self._anchor = seen
        else:
            self._anchor += min(seen - self._anchor, self.LEAK * (at - self._last))
        self._last = at

    def seconds(self, sample: int) -> float:
        """Monotonic second at which `sample` sounds (or sounded)."""
        return (self._anchor if self._anchor is not None else monotonic()) + sample / self.rate

    def sample(self, seconds: float) -> int:
        """The sample that sounds (or sounded, or will) at a monotonic second."""
        anchor = self._anchor if self._anchor is not None else monotonic()
        return round((seconds - anchor) * self.rate)
