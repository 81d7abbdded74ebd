"""What must not be shown for now: reason and expiry, in samples. Who fails again stays longer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from selector.catalog import Item

_REMEMBERED: Final = 4096  # items whose earlier failures are remembered


class Detention(Struct, frozen=True, rename="camel"):
    """One item in quarantine."""

    item: Item
    reason: str
    until_sample: int


class Strikes(Struct, frozen=True, rename="camel"):
    """How often an item was detained since it was last seen well."""

    item: Item
    count: int


class Quarantine:
    """Items that failed, until their time is over: `first`, then twice as long each time, up to `longest`.

    Args:
        first: samples.
        longest: samples.
        held: as `held` of an earlier quarantine.
        strikes: as `strikes` of an earlier quarantine.
    """

    def __init__(
        self,
        first: int,
        longest: int,
        held: tuple[Detention, ...] = (),
        strikes: tuple[Strikes, ...] = (),
    ) -> None:
        self._first = first
        self._longest = longest
        self._held = {d.item: d for d in held}
        self._strikes = {s.item: s.count for s in strikes}

    @property
    def held(self) -> tuple[Detention, ...]:
        """All that are detained, in the order they came."""
        return tuple(self._held.values())

    @property
    def strikes(self) -> tuple[Strikes, ...]:
        """Earlier failures, in the order they came."""
        return tuple(Strikes(item, count) for item, count in self._strikes.items())

    @property
    def next_expiry(self) -> int | None:
        """When the next is released, in samples; None when there is none."""
        return min((d.until_sample for d in self._held.values()), default=None)

    def __contains__(self, item: object) -> bool:
        return item in self._held

    def __iter__(self) -> Iterator[Item]:
        return iter(self._held)

    def get(self, item: Item) -> Detention | None:
        """Why and until when, or None."""
        return self._held.get(item)

    def add(self, item: Item, reason: str, sample: int) -> Detention:
        """Detain `item` from `sample` on; what is detained already gets the new reason and no longer stay."""
        before = self._held.get(item)
        if before is not None:
            self._held[item] = Detention(item, reason, before.until_sample)
            return self._held[item]
        count = self._strikes.pop(item, 0) + 1
        self._strikes[item] = count
        if len(self._strikes) > _REMEMBERED:
            del self._strikes[next(iter(self._strikes))]
        until = sample + min(self._first << min(count - 1, 30), self._longest)
        self._held[item] = Detention(item, reason, until)
        return self._held[item]

    def acquit(self, item: Item) -> bool:
        """It was not the item's fault: free it, and forget that failure. True when it was detained."""
        if self._held.pop(item, None) is None:
            return False
        if (count := self._strikes.pop(item, 1) - 1) > 0:
            self._strikes[item] = count
        return True

    def clear_record(self, item: Item) -> None:
        """It was seen well: earlier failures do not count any more."""
        if item not in self._held:
            self._strikes.pop(item, None)

    def expire(self, sample: int) -> bool:
        """Release what is due at `sample`; True when something was."""
        if not self._held:
            return False
        first = self.next_expiry
        if first is None or sample < first:
            return False
        self._held = {i: d for i, d in self._held.items() if d.until_sample > sample}
        return True
