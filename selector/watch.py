"""Notices that the audience looks at black, from what the stages report."""

from __future__ import annotations

_STALE_SEC = 5.0


class DarkWatch:
    """Dark only when every stage that still reports has been dark for long enough.

    One stage alone proves nothing: a hidden browser tab also reports black.

    Args:
        dark_samples: how long dark counts as dark.
        dark_luma: luma below which a report is dark.
        rate: samples a second.
    """

    def __init__(self, dark_samples: int, dark_luma: float, rate: int) -> None:
        self._long = dark_samples
        self._luma = dark_luma
        self._stale = int(_STALE_SEC * rate)
        self._clients: dict[str, tuple[int, int | None]] = {}

    def report(self, client: str, luma01: float, sample: int) -> None:
        """Take note of one report."""
        since = self._clients.get(client, (0, None))[1]
        dark_since = (sample if since is None else since) if luma01 < self._luma else None
        self._clients[client] = (sample, dark_since)

    def dark(self, sample: int, shown_at: int) -> bool:
        """Whether the picture shown since `shown_at` has been dark everywhere for long enough."""
        self._clients = {c: v for c, v in self._clients.items() if sample - v[0] <= self._stale}
        return bool(self._clients) and all(
            since is not None and sample - max(since, shown_at) >= self._long
            for _, since in self._clients.values()
        )
