"""Packs change while the show runs: what stands, what is taken back, what begins anew."""

from __future__ import annotations

import pytest
from band import Band, make_catalog, make_presets, make_selector, make_table
from msgspec.structs import replace

from selector.catalog import Catalog, Pack, Table
from selector.events import Activate, Cancel, CommandDone, OutcomeLogged, PickLogged, Prepare, StateChanged
from selector.settings import DirectorSettings, SelectorSettings, SelectSettings
from selector.vocabulary import parse


def of(events, kind):
    return [e for e in events if isinstance(e, kind)]


QUICK = DirectorSettings(min_dwell_sec=2.0, max_dwell_sec=4.0)


def made(mode="weighted"):
    return make_selector(SelectorSettings(director=QUICK, select=SelectSettings(mode=mode)))


def without(catalog: Catalog, *idents: int) -> Catalog:
    """The same, but some pairs of the first pack are gone."""
    rows = [row for row in catalog.packs["demo"].pairs.rows if row.ident not in idents]
    return Catalog(
        [Pack("demo", Table("pair", "demo", rows), catalog.packs["demo"].presets), catalog.packs["other"]]
    )


def until_prepared(band, selector):
    events = []
    while not of(events, Prepare):
        events += band.play(selector, 0.01)
    return of(events, Prepare)[-1]


def test_what_is_prepared_stands_if_its_entry_is_the_same():
    band, selector, catalog = Band(), made(), make_catalog()
    band.play(selector, 3.0)
    cue = until_prepared(band, selector)
    events = selector.restock(without(catalog, *({*range(31)} - {cue.pair})), band.sample)
    assert not of(events, Cancel)
    assert of(events, StateChanged)[-1].state.next.seq == cue.seq
    after = band.play(selector, 4.0)
    assert of(after, Activate)[0].seq == cue.seq


def test_what_is_prepared_and_gone_is_taken_back_and_replaced():
    band, selector, catalog = Band(), made(), make_catalog()
    band.play(selector, 3.0)
    cue = until_prepared(band, selector)
    changed = without(catalog, cue.pair)
    events = selector.restock(changed, band.sample)
    assert of(events, Cancel) == [Cancel(cue.seq, "packs")]
    assert [(e.record["outcome"], e.record["reason"]) for e in of(events, OutcomeLogged)] == [
        ("skipped", "packs")
    ]
    after = band.play(selector, 6.0)
    pick, shown = of(after, PickLogged)[0].record, of(after, Activate)[0]
    assert shown.seq == pick["seq"] == cue.seq + 1
    assert shown.sample >= cue.activate_sample
    assert pick["catalog"] == changed.sha256[:16] != catalog.sha256[:16]
    assert pick["pair"] != cue.pair


def test_another_file_behind_the_same_number_is_loaded_anew():
    band, selector, catalog = Band(), made(), make_catalog()
    band.play(selector, 3.0)
    cue = until_prepared(band, selector)
    rows = [replace(row, fg_url=row.fg_url + "2") for row in catalog.packs["demo"].pairs.rows]
    changed = Catalog([Pack("demo", Table("pair", "demo", rows), catalog.packs["demo"].presets)])
    assert of(selector.restock(changed, band.sample), Cancel) == [Cancel(cue.seq, "packs")]
    assert until_prepared(band, selector).fg_url.endswith("2")


def test_what_is_on_screen_stays_and_the_show_goes_on_without_it():
    band, selector, catalog = Band(), made(), make_catalog()
    band.play(selector, 30.0)
    history = [item.ident for item in selector.resume_state().history]
    assert len(history) > 2
    changed = without(catalog, *history)
    events = selector.restock(changed, band.sample)
    assert of(events, StateChanged)[-1].state.now.seq == selector.resume_state().now.seq
    done = of(selector.command(parse("back", ()), band.sample), CommandDone)[0]
    assert not done.ok
    later = band.play(selector, 60.0)
    picked = [e.record["pair"] for e in of(later, PickLogged)]
    assert len(picked) > 3
    assert not {*picked} & {*history}


def test_a_pin_of_what_is_gone_is_dropped():
    band, selector, catalog = Band(), made(), make_catalog()
    band.play(selector, 3.0)
    assert of(selector.command(parse("hold", (True,)), band.sample), CommandDone)[0].ok
    assert of(selector.command(parse("pair", ("30",)), band.sample), CommandDone)[0].ok
    selector.restock(without(catalog, 30), band.sample)
    selector.command(parse("hold", (False,)), band.sample)
    picks = [e.record for e in of(band.play(selector, 30.0), PickLogged)]
    assert picks
    assert all(pick["pair"] != 30 and pick["reason"] != "pinned" for pick in picks)
    done = of(selector.command(parse("pair", ("30",)), band.sample), CommandDone)[0]
    assert (done.ok, "There is no pair" in done.message) == (False, True)


def test_a_request_for_what_goes_before_it_is_served_is_dropped():
    band, selector, catalog = Band(), made(), make_catalog()
    band.play(selector, 40.0)
    assert of(selector.command(parse("back", ()), band.sample), CommandDone)[0].ok
    history = [item.ident for item in selector.resume_state().history]
    selector.restock(without(catalog, *history), band.sample)
    picks = [e.record for e in of(band.play(selector, 30.0), PickLogged)]
    assert picks
    assert not {pick["pair"] for pick in picks} & {*history}


def test_a_pack_that_is_gone_gives_way_to_another():
    band, selector = Band(), made()
    band.play(selector, 3.0)
    other = Catalog([Pack("other", make_table(5, "other"), make_presets(0, "other"))])
    state = of(selector.restock(other, band.sample), StateChanged)[-1].state
    assert (state.pack, state.packs) == ("other", ("other",))
    assert {e.record["pack"] for e in of(band.play(selector, 40.0), PickLogged)} == {"other"}


@pytest.mark.parametrize("gone", [(), (0, 5, 30)])
def test_a_shuffle_begins_a_new_cycle_where_entries_came_or_went(gone: tuple[int, ...]):
    band, selector, catalog = Band(), made("shuffle"), make_catalog()
    events = band.play(selector, 60.0)
    before = [e.record["pair"] for e in of(events, PickLogged)]
    changed = without(catalog, *gone)
    selector.restock(changed, band.sample)
    left = len(changed.packs["demo"].pairs)
    picked: list[int] = []
    while len(picked) < left:
        picked += [e.record["pair"] for e in of(band.play(selector, 5.0), PickLogged)]
    cycle = picked[:left] if gone else (before + picked)[:left]
    assert sorted(cycle) == [row.ident for row in changed.packs["demo"].pairs.rows]


def test_warnings_are_those_of_the_packs_as_they_are():
    band, selector = Band(), made()
    assert selector.state.warnings  # the qualities of the made-up pack hardly differ
    rows = [replace(row, quality=1_000_000 * (i % 2)) for i, row in enumerate(make_table(31).rows)]
    selector.restock(Catalog([Pack("demo", Table("pair", "demo", rows), make_presets(0))]), band.sample)
    assert not any("'demo'" in warning for warning in selector.state.warnings)
