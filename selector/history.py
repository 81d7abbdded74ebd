"""What was shown, in order: exact way back and forward, and what counts as a repetition."""

from __future__ import annotations

from selector.catalog import Item, Table

CAPACITY = 1000


class History:
    """A list with a cursor. New picks go to the end; back and forward only move the cursor.

    Args:
        items: oldest first, as `items` of an earlier history.
        cursor: position of what is on screen; the end by default.
    """

    def __init__(self, items: tuple[Item, ...] = (), cursor: int | None = None) -> None:
        self._items = list(items)
        self._cursor = len(self._items) - 1 if cursor is None else cursor

    @property
    def items(self) -> tuple[Item, ...]:
        """Oldest first."""
        return tuple(self._items)

    @property
    def cursor(self) -> int:
        """Position of what is on screen; -1 before the first."""
        return self._cursor

    def show(self, item: Item) -> None:
        """`item` is on screen now and ends the history."""
        self._items.append(item)
        if len(self._items) > CAPACITY:
            del self._items[: len(self._items) - CAPACITY]
        self._cursor = len(self._items) - 1

    def move(self, position: int) -> None:
        """The item at `position` is on screen again."""
        self._cursor = position

    def at(self, position: int) -> Item:
        """The item at `position`."""
        return self._items[position]

    def earlier(self, position: int) -> range:
        """Positions before `position`, nearest first."""
        return range(position - 1, -1, -1)

    def later(self, position: int) -> range:
        """Positions after `position`, nearest first."""
        return range(position + 1, len(self._items))

    def recent(self, table: Table, count: int) -> list[int]:
        """Indices in `table` of the last `count` items shown, newest last; others are passed over."""
        return table.indices(self._items[-count:] if count > 0 else [])
