"""Whose fault it is when something fails: the picture's, or that of the browser which says so.

A browser that fails whatever it is given (a broken driver, a full memory) must not empty the pack, and a
picture that fails everywhere must not be shown again. So a browser's word counts against a picture only

- if no other browser that is there shows the same picture well, and
- if another one fails it too, or this one is alone and has shown something else well.

After some different pictures in a row the browser itself is at fault: what it accused is acquitted, and its
word counts for nothing until it shows something well.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from selector.catalog import Item

Verdict: TypeAlias = Literal["picture", "browser", "open", "alone"]
"""Whose fault: `open` until other browsers have answered, `alone` where nobody else is there to ask."""

_CLIENTS: Final = 64  # browsers remembered; the longest unheard is forgotten first


class Fault(Struct, frozen=True):
    """A picture that failed on a browser."""

    item: Item
    reason: str


class Standing(Struct, frozen=True):
    """A browser. `failed`: in a row, since something went well; `well`: the last that did."""

    heard: int
    proven: bool = False
    well: Item | None = None
    failed: tuple[Fault, ...] = ()


class Faults:
    """Judges one kind of fault (loading, or looks) for all browsers.

    Args:
        suspect_after: different pictures in a row that are the browser's own fault.
        presence: samples since it was heard for which a browser counts as there.
    """

    def __init__(self, suspect_after: int, presence: int) -> None:
        self._suspect_after = suspect_after
        self._presence = presence
        self._clients: dict[str, Standing] = {}

    def hear(self, client: str, sample: int) -> None:
        """Something came from `client`: it is there."""
        standing = self._clients.pop(client, None)
        self._clients[client] = Standing(sample) if standing is None else replace(standing, heard=sample)
        if len(self._clients) > _CLIENTS:
            del self._clients[next(iter(self._clients))]

    def present(self, sample: int) -> list[str]:
        """Browsers that are there and not at fault themselves."""
        return [c for c, s in self._clients.items() if self._there(s, sample) and not self._suspect(s)]

    def suspects(self, sample: int) -> list[str]:
        """Browsers that are there and fail whatever they are given."""
        return [c for c, s in self._clients.items() if self._there(s, sample) and self._suspect(s)]

    def proven(self, client: str) -> bool:
        """Whether it has shown anything well, and does not fail everything since."""
        standing = self._clients.get(client)
        return standing is not None and standing.proven and not self._suspect(standing)

    def good(self, client: str, item: Item, sample: int) -> tuple[Fault, ...]:
        """`item` is well on `client`. Returns faults that count now that it has shown something else."""
        self.hear(client, sample)
        standing = self._clients[client]
        self._clients[client] = Standing(sample, True, item)
        if self._suspect(standing) or standing.proven:
            return ()
        return tuple(
            f for f in standing.failed if f.item != item and not self._well_elsewhere(f.item, client, sample)
        )

    def bad(self, client: str, item: Item, reason: str, sample: int) -> Verdict:
        """`item` failed on `client`: whose fault is it, as far as is known?"""
        self.hear(client, sample)
        standing = self._clients[client]
        others = tuple(f for f in standing.failed if f.item != item)
        standing = replace(standing, failed=(*others, Fault(item, reason))[-self._suspect_after :])
        if standing.well == item:
            standing = replace(standing, well=None)
        self._clients[client] = standing
        if self._suspect(standing) or self._well_elsewhere(item, client, sample):
            return "browser"
        if self.accused(item, sample, besides=client):
            return "picture"
        if [c for c in self.present(sample) if c != client]:
            return "open"
        return "picture" if standing.proven else "alone"

    def accused(self, item: Item, sample: int, *, besides: str = "") -> bool:
        """Whether a browser that is there, and not at fault itself, says that `item` fails."""
        return any(
            any(f.item == item for f in self._clients[c].failed) for c in self.present(sample) if c != besides
        )

    def accusations(self, client: str) -> tuple[Fault, ...]:
        """What failed in a row on `client`."""
        standing = self._clients.get(client)
        return standing.failed if standing else ()

    def _there(self, standing: Standing, sample: int) -> bool:
        return sample - standing.heard <= self._presence

    def _suspect(self, standing: Standing) -> bool:
        return len(standing.failed) >= self._suspect_after

    def _well_elsewhere(self, item: Item, client: str, sample: int) -> bool:
        return any(c != client and self._clients[c].well == item for c in self.present(sample))
