"""Notices that the audience looks at black, or at a picture that stands still, by what stages report."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from msgspec import Struct

Look: TypeAlias = Literal["dark", "frozen"]

STALE_SEC: Final = 3.0
"""Stages report every second; one that was not heard for longer shows nothing that matters."""


class Looks(Struct, frozen=True):
    """A stage: when it was heard, and since which sample it reports dark or frozen without a break."""

    heard: int
    dark: int | None = None
    frozen: int | None = None


class LookWatch:
    """Dark (or frozen) only when every stage that still reports has been so for long enough.

    One stage among others proves nothing: its projector is fine, its window is not.

    Args:
        dark: samples after which dark counts as dark.
        frozen: samples after which frozen counts as frozen.
        stale: samples after which a stage that says nothing is not there any more.
    """

    def __init__(self, dark: int, frozen: int, stale: int) -> None:
        self._long: dict[Look, int] = {"dark": dark, "frozen": frozen}
        self._stale = stale
        self._clients: dict[str, Looks] = {}

    def report(self, client: str, *, dark: bool, frozen: bool, sample: int) -> None:
        """Take note of one report."""
        before = self._clients.get(client, Looks(sample))
        self._clients[client] = Looks(
            sample, _since(before.dark, dark, sample), _since(before.frozen, frozen, sample)
        )

    def forget(self) -> None:
        """What was reported so far means nothing any more."""
        self._clients.clear()

    def stages(self) -> list[str]:
        """Those that still reported when `fault` was asked last."""
        return list(self._clients)

    def fault(self, sample: int, shown_at: int) -> Look | None:
        """What the picture shown since `shown_at` has been everywhere for long enough, if anything bad."""
        self._clients = {c: v for c, v in self._clients.items() if sample - v.heard <= self._stale}
        stages = self._clients.values()
        looks: list[tuple[Look, list[int | None]]] = [
            ("dark", [s.dark for s in stages]),
            ("frozen", [s.frozen for s in stages]),
        ]
        for look, since in looks:
            if since and all(s is not None and sample - max(s, shown_at) >= self._long[look] for s in since):
                return look
        return None


def _since(before: int | None, holds: bool, sample: int) -> int | None:
    if not holds:
        return None
    return sample if before is None else before
