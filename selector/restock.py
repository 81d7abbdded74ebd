"""Packs that change during a show: what stands, what is taken back, what begins anew.

What is on screen stays there. What is prepared stands if its entry is the same; else it is taken back, and
something else comes at its moment. Wishes for what is gone are dropped; bans and quarantine stay, in case it
comes back.
"""

from __future__ import annotations

from selector.catalog import Catalog, Item
from selector.choice import Chooser
from selector.intents import Want
from selector.playout import Playout
from selector.publication import Publication, spread_warnings
from selector.settings import SelectSettings
from selector.show import Show


def restock(
    show: Show,
    playout: Playout,
    chooser: Chooser,
    publication: Publication,
    settings: SelectSettings,
    catalog: Catalog,
    sample: int,
) -> None:
    """Choose from `catalog` from `sample` on.

    Args:
        show: whose catalogue is replaced.
        playout: takes back what is prepared.
        chooser: its shuffles begin a new cycle where entries came or went.
        publication: tells, and names the new catalogue in the records.
        settings: of choosing.
        catalog: takes the place of the one so far.
        sample: now.
    """
    before, cue = show.catalog, show.cue
    if cue is not None and _layers(catalog, cue.item) != _layers(before, cue.item):
        playout.cancel(cue, "packs", sample)
        if show.want is None and not cue.want.armed:  # what waits for a drop is chosen again by itself
            show.wish(
                Want(
                    reason=cue.want.reason,
                    aim=cue.want.aim,
                    by=cue.want.by,
                    not_before=0 if cue.want.manual else cue.slot.moment.sample,
                )
            )
    if show.want is not None and show.want.item is not None and catalog.find(show.want.item) is None:
        show.want = None
    show.catalog = catalog
    show.intents.restock(catalog)
    chooser.restock(catalog)
    chooser.counters = _new_cycles(chooser.counters, before, catalog)
    if show.cue is not None:
        show.cue.counters = _new_cycles(show.cue.counters, before, catalog)
    publication.restock(catalog, spread_warnings(catalog, settings))
    show.retry_at = 0
    publication.tell(always=True)


def _layers(catalog: Catalog, item: Item) -> tuple[str, str | None] | None:
    """What a browser was told to load."""
    row = catalog.find(item)
    return None if row is None else (row.fg_url, row.bg_url)


def _new_cycles(counters: dict[str, int], before: Catalog, after: Catalog) -> dict[str, int]:
    """Turns of each shuffle, those of changed tables at the beginning of their next cycle."""
    return {name: _next_cycle(turns, name, before, after) for name, turns in counters.items()}


def _next_cycle(turns: int, name: str, before: Catalog, after: Catalog) -> int:
    old, new = (_idents(catalog, name) for catalog in (before, after))
    return turns if old == new or not new else -(-turns // len(new)) * len(new)


def _idents(catalog: Catalog, name: str) -> tuple[int | str, ...]:
    kind, _, pack = name.partition(":")
    if pack not in catalog.packs:
        return ()
    return tuple(row.ident for row in catalog.packs[pack].table("pair" if kind == "pair" else "preset").rows)
