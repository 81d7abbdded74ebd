"""Records: exact bytes, provable from themselves, understandable."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path

import msgspec
import pytest
from band import LOUD, QUIET, Band, make_selector

from selector.errors import BadRecord
from selector.events import OutcomeLogged, PickLogged
from selector.explain import explain, faults, recompute
from selector.pick import canonical
from selector.settings import SelectorSettings, SelectSettings
from selector.vocabulary import Command

GOLDEN = Path(__file__).parent / "golden" / "picks.jsonl"

FORMATS = Path(__file__).parents[2] / "docs" / "file-formats.md"
DOCUMENTED = re.search(r"`pick` record: `([^`]+)`", FORMATS.read_text())


def session() -> list[bytes]:
    """A minute of groove and peak, a `next`, then presets: every line that is logged."""
    band, selector = Band(hop=1024), make_selector(seed=20261122)
    events = band.play(selector, 40.0)
    band.now = msgspec.structs.replace(LOUD, section="peak", energy01=0.86, energy_slow01=0.8, accent01=0.9)
    events += band.play(selector, 12.0)
    for verb, arg in (
        ("next", None),
        ("kind", "preset"),
        ("mode", "shuffle"),
        ("next", None),
        ("pair", "4"),
        ("next", None),
    ):
        selector.command(Command(verb, arg), band.sample)
        events += band.play(selector, 3.0)
    return [canonical(e.record) for e in events if isinstance(e, PickLogged | OutcomeLogged)]


@pytest.fixture(scope="module")
def records():
    return [r for r in map(json.loads, session()) if r["type"] == "pick"]


def test_the_bytes_are_those_of_every_other_machine():
    assert session() == GOLDEN.read_bytes().splitlines()


def test_a_pick_has_exactly_the_documented_fields(records):
    assert DOCUMENTED is not None
    for record in records:
        assert record.keys() == set(DOCUMENTED[1].split())
        assert "onsetRate2s" in record["snapshot"]
        assert len(record["runnersUp"]) <= 5
        assert record["config"] == "c" * 16
        assert len(record["catalog"]) == 16
        assert record["probability"] == round(record["weight"] / record["totalWeight"], 6)


def test_weight_and_draw_follow_from_the_record_alone(records):
    assert len(records) >= 6
    for record in records:
        assert recompute(record) == record["weight"]
        assert faults(record) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda r: r.update(weight=r["weight"] + 1), "weight"),
        (lambda r: r["factors"].update(quality=0.5), "weight"),
        (lambda r: r.update(seed=r["seed"] + 1), "draw"),
        (lambda r: r.update(probability=0.5), "probability"),
        (lambda r: r["runnersUp"][0].update(weight=1), "runner-up"),
    ],
)
def test_what_does_not_follow_is_named(records, change, says):
    record = copy.deepcopy(records[0])
    change(record)
    assert any(says in fault for fault in faults(record))


def test_explanations_say_who_when_why_and_what_else(records):
    weighted = explain(records[0])
    text = weighted.text()
    assert f"pair {records[0]['pair']} of pack 'demo'" in weighted.headline
    assert weighted.why_now == "Something had to be shown at the start."
    assert "Drawn by weighted from" in weighted.odds
    assert "times as likely" in weighted.alternative or "just as likely" in weighted.alternative
    assert "how well its strength fits the sound" in text
    by_name = {note.name: note for note in weighted.factors}
    assert by_name["match"].value01 == records[0]["factors"]["match"]
    others = [r["factors"]["match"] for r in records[0]["runnersUp"]]
    assert by_name["match"].runners_up01 == pytest.approx(sum(others) / len(others))


def test_explanations_of_shuffle_and_pins_need_no_odds(records):
    shuffled = next(r for r in records if r["mode"] == "shuffle" and "turn" in r["factors"])
    assert explain(shuffled).odds == "It was its turn in the shuffle."
    pinned = next(r for r in records if r["reason"] == "pinned")
    assert explain(pinned).odds == "It was asked for by name; nothing was drawn."
    assert explain(pinned).why_now == "The operator had asked for it."


def test_an_explanation_of_a_fallback_says_what_asked_for_it_too():
    record = next(e.record for e in Band(QUIET).play(make_selector(), 1.0) if isinstance(e, PickLogged))
    drawn = "There was no usable sound, so it was drawn uniformly."
    assert explain(record).why_now == f"Something had to be shown at the start. {drawn}"
    del record["trigger"]
    assert explain(record).why_now == drawn


def test_what_is_no_pick_record_is_refused():
    with pytest.raises(BadRecord, match="no factors"):
        recompute({"type": "outcome"})
    with pytest.raises(BadRecord, match="'luck'"):
        recompute({"factors": {"luck": 1.0}})


def test_every_reason_a_selector_gives_is_put_in_words(records):
    for record in records:
        assert not explain(record).why_now.startswith("Reason:")


def test_settings_change_the_weights_they_name():
    def first(select):
        events = Band().play(make_selector(SelectorSettings(select=select)), 1.0)
        return next(e.record for e in events if isinstance(e, PickLogged))

    plain, ranked = first(SelectSettings()), first(SelectSettings(quality_scale="rank"))
    assert plain["totalWeight"] > ranked["totalWeight"]
    assert {f["factors"]["explore"] for f in first(SelectSettings(explore=0.5))["runnersUp"]} == {0.5}


def test_the_telling_factor_is_one_that_favoured_the_heavier(records):
    for record in records:
        if record["mode"] != "weighted" or "asked" in record["factors"]:
            continue
        other, said = record["runnersUp"][0], explain(record).alternative
        heavier, lighter = sorted((record, other), key=lambda r: -r["weight"])
        favoured = [n for n, f in heavier["factors"].items() if f > lighter["factors"][n]]
        assert "just as likely" in said or any(f"by {name} " in said for name in favoured)
