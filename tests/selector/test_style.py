"""Style, band, scene, author and family: where they come from, and what they do to a draw."""

from __future__ import annotations

import json
from collections import Counter

import msgspec
import pytest
from band import LOUD, QUIET, Band, make_selector, situation
from hypothesis import given
from hypothesis import strategies as st

from selector.catalog import Catalog, Pack, Row, Table, build_pack
from selector.choice import Chooser
from selector.errors import BadManifest
from selector.fixedpoint import MICRO, MISSING
from selector.labels import author_of, family_of
from selector.manifests import parse_library, parse_pairs
from selector.settings import SelectorSettings, SelectSettings
from selector.style import BANDS, NONE, STYLES, wanted_band, wanted_style
from selector.style_index import parse_style_index
from selector.style_settings import SceneSettings, StyleSettings
from selector.variety_settings import VarietySettings
from selector.weights import Columns, pred_quality, scene

S = SelectSettings()
INDEX = {
    "version": "v0",
    "entries": [
        {"presetId": "a", "authorKey": "geiss", "energy": "peak", "tags": ["energy:peak", "band:low"]},
        {"presetId": "b", "authorKey": "", "energy": "calm", "tags": []},
        {"presetId": "b", "authorKey": "second", "energy": "peak"},
        {"presetId": "coupled:p:7:fg", "authorKey": "flexi", "energy": "groove", "tags": ["band:high"]},
        {"presetId": "odd", "energy": "furious", "tags": ["band:ultra", 3]},
        {"energy": "calm"},
        "no object",
    ],
}


def presets(*rows):
    return Table("preset", "p", [Row(ident=f"p{i}", fg_url="x", **row) for i, row in enumerate(rows)])


def told(table, settings=S, **changes):
    """Factors of all entries (at most six), by index."""
    choice = Chooser(settings, 1).choose(table, situation(**changes), 1)
    return {e.index: e.factors for e in (choice.entry, *choice.runners_up)}


# -- where they come from -----------------------------------------------------------------------


def test_the_style_index_is_read_with_its_faults():
    entries = parse_style_index(b"\xef\xbb\xbf" + json.dumps(INDEX).encode(), "index")
    assert {name: (e.author, e.style, e.band) for name, e in entries.items()} == {
        "a": ("geiss", "peak", "low"),
        "b": ("", "calm", ""),
        "coupled:p:7:fg": ("flexi", "groove", "high"),
        "odd": ("", "", ""),
    }
    for raw in (b"[]", b"{}", b'{"entries":{}}', b"\xff"):
        with pytest.raises(BadManifest, match="index"):
            parse_style_index(raw, "index")


def test_labels_index_and_scores_reach_the_tables():
    url = "/presets/p/x.milk"
    library = {
        "version": "v1",
        "presets": [
            {"id": "a", "label": "Flexi - area 51", "url": url, "predQualityScore": 0.25, "bandClass": "mid"},
            {"id": "b", "label": "Flexi - area 51 (night mix) 2", "url": url, "predQualityScore": 1.5},
            {"id": "c", "label": "no dash", "url": url, "predQualityScore": "0.5", "bandClass": "high"},
        ],
    }
    pair = {"pair": 7, "fgUrl": url, "bgUrl": url, "label": "Geiss - Flotsam"}
    pairs = {"version": "v0", "pack": "p", "pairs": [pair, {**pair, "pair": 8, "label": None}]}
    pack = build_pack(
        "p",
        parse_pairs(json.dumps(pairs).encode(), "pairs"),
        library=parse_library(json.dumps(library).encode(), "library"),
        styles=parse_style_index(json.dumps(INDEX).encode(), "index"),
    )
    a, b, c = pack.presets.rows
    assert (a.author, a.family, a.style, a.band, a.score) == (
        "geiss",
        "flexi/area 51",
        "peak",
        "low",
        250_000,
    )
    assert (b.author, b.family, b.style, b.band, b.score) == ("flexi", "flexi/area 51", "calm", "", MICRO)
    assert (c.author, c.family, c.style, c.band, c.score) == ("", "", "", "high", 500_000)
    seven, eight = pack.pairs.rows
    assert (seven.author, seven.family, seven.style, seven.band) == (
        "flexi",
        "geiss/flotsam",
        "groove",
        "high",
    )
    assert (eight.author, eight.family, eight.style, eight.band, eight.score) == ("", "", "", "", MISSING)
    again = Catalog.from_json(Catalog([pack]).to_json())
    assert again.packs["p"].pairs.rows == pack.pairs.rows
    assert again.packs["p"].presets.rows == pack.presets.rows


@pytest.mark.parametrize(
    ("label", "author", "family"),
    [
        ("Flexi, martin + geiss - dedicated to X", "flexi-martin-geiss", "flexi/dedicated to x"),
        ("_Eo.S. - glowsticks v2 02 - Geiss HPF", "eo-s", "eos/glowsticks v2"),
        ("Rovastar - untitled 3", "rovastar", "rovastar/untitled 3"),
        ("Rovastar - untitled", "rovastar", ""),
        ("a - b", "a", ""),
        ("coupled_00007_20260101_000000_fg", "", ""),
        ("", "", ""),
    ],
)
def test_labels(label, author, family):
    assert (author_of(label), family_of(label)) == (author, family)


# -- what is wanted -----------------------------------------------------------------------------


def test_style_follows_the_intensity_unless_the_section_or_the_night_says_otherwise():
    style = StyleSettings()
    at = [STYLES[wanted_style("groove", m, style)] for m in (0, 420_000, 420_001, 720_000, 720_001)]
    assert at == ["calm", "calm", "groove", "groove", "peak"]
    assert STYLES[wanted_style("breakdown", MICRO, style)] == "calm"
    assert STYLES[wanted_style("drop", 0, style)] == "peak"
    assert STYLES[wanted_style("drop", 0, StyleSettings(profile="dub"))] == "groove"
    assert STYLES[wanted_style("groove", 0, StyleSettings(profile="unheard of"))] == "calm"


def test_the_band_is_the_strongest_of_the_sound():
    def at(low, mid, high):
        return wanted_band(msgspec.structs.replace(LOUD, bass01=low, mid01=mid, high01=high))

    assert [BANDS[at(*x)] for x in ((0.9, 0.2, 0.1), (0.2, 0.9, 0.1), (0.2, 0.3, 0.9))] == [
        "low",
        "mid",
        "high",
    ]
    assert [BANDS[at(*x)] for x in ((0.5, 0.5, 0.1), (0.5, 0.1, 0.5), (0.1, 0.5, 0.5))] == [
        "mid",
        "low",
        "mid",
    ]
    assert wanted_band(QUIET) == NONE


# -- what they do -------------------------------------------------------------------------------


def test_another_style_and_another_band_lose_weight():
    table = presets(
        {"style": "peak", "band": "low"},
        {"style": "calm", "band": "high"},
        {"style": "groove"},
        {"author": "x"},
    )
    factors = told(table, style=0, band=2)
    assert [factors[i]["style"] for i in range(4)] == [150_000, MICRO, 500_000, MICRO]
    assert [factors[i]["band"] for i in range(4)] == [850_000, MICRO, MICRO, MICRO]
    assert all(f["style"] == f["band"] == MICRO for f in told(table).values())
    plain = told(presets({}, {}), style=0, band=2)
    assert all("style" not in f and "band" not in f and "scene" not in f for f in plain.values())


def test_a_section_likes_its_luma_and_motion():
    rows = [Row(ident=i, fg_url="x", luma=50_000 * i, motion=20_000 * i) for i in range(11)]
    pairs = Columns.of(Table("pair", "p", [*rows, Row(ident=11, fg_url="x")]))
    settings = SceneSettings(luma={"peak": 0.8}, motion={"peak": 0.3}, reach=0.5, factor=0.5)
    found = scene(pairs, "pair", "peak", settings).tolist()
    assert found[8] == 500_000  # its luma as wished, its motion 0.5 away
    assert found[3] == 500_000
    assert found[5] == 560_000
    assert found[11] == MICRO
    assert scene(pairs, "preset", "peak", settings).tolist()[8] == MICRO
    assert set(scene(pairs, "pair", "groove", settings).tolist()) == {MICRO}


def test_predicted_quality_has_the_floor_of_quality():
    columns = Columns.of(presets({"score": 0}, {"score": 500_000}, {"score": MICRO}, {}))
    assert pred_quality(columns, S).tolist() == [200_000, 600_000, MICRO, MICRO]


def test_kin_of_what_was_shown_are_drawn_less():
    rows = [{"author": "abc"[i % 3], "family": f"f{i // 2}"} for i in range(30)]
    even = SelectSettings(variety=VarietySettings(author_factor=0.25, family_factor=0.0))
    chooser, table = Chooser(even, 3), presets(*rows)
    moment = situation(shown=0, recent=[0])
    counts = Counter(chooser.choose(table, moment, n).index for n in range(9000))
    assert counts[0] == counts[1] == 0
    by = {a: sum(counts[i] for i in range(30) if rows[i]["author"] == a) for a in "abc"}
    expected = {"a": 9 * 0.25, "b": 9.0, "c": 10.0}
    whole = sum(expected.values())
    assert sum((by[a] - 9000 * e / whole) ** 2 / (9000 * e / whole) for a, e in expected.items()) < 13.8


@given(st.integers(0, 10_000))
def test_the_same_author_follows_by_its_chance(number):
    rows = [{"author": "ab"[i % 2], "score": 100_000 * i} for i in range(10)]
    table, moment = presets(*rows), situation(shown=3, recent=[3], banned=[5])
    always = Chooser(SelectSettings(style=StyleSettings(same_author_chance=1.0)), 9)
    choice = always.choose(table, moment, number)
    assert choice.index in (1, 7, 9)
    assert choice.candidates == 3
    assert choice.entry.factors["sameAuthor"] == MICRO
    assert {e.index for e in choice.runners_up} == {1, 7, 9} - {choice.index}
    never = Chooser(S, 9).choose(table, moment, number)
    assert "sameAuthor" not in never.entry.factors
    half = Chooser(SelectSettings(style=StyleSettings(same_author_chance=0.5)), 9).choose(
        table, moment, number
    )
    assert half in (choice, never)


def test_without_another_of_the_author_anybody_follows():
    table = presets({"author": "a"}, {"author": "b"}, {"author": "b"})
    always = Chooser(SelectSettings(style=StyleSettings(same_author_chance=1.0)), 9)
    assert {always.choose(table, situation(shown=0, recent=[0]), n).index for n in range(20)} == {1, 2}
    moment = situation(shown=1, recent=[1], banned=[2])
    assert always.choose(table, moment, 1).index == 0


def test_the_selector_wants_the_style_of_the_sound_and_says_so():
    rows = [{"style": STYLES[i % 3], "band": BANDS[i // 3 % 3]} for i in range(36)]
    catalog = Catalog([Pack("p", Table("pair", "p", []), presets(*rows))])
    settings = SelectorSettings(select=SelectSettings(kind="preset"))
    for energy, section, wanted in ((0.4, "calm", "calm"), (0.87, "peak", "peak")):
        now = msgspec.structs.replace(LOUD, energy01=energy, accent01=0.0, section=section, bass01=0.9)
        shown = Counter()
        for seed in range(60):
            selector = make_selector(settings, seed, catalog=catalog)
            record = next(e.record for e in Band(now).play(selector, 1.0) if type(e).__name__ == "PickLogged")
            shown[rows[record["index"]]["style"]] += 1
            assert {"style", "band"} <= record["factors"].keys()
        assert shown.most_common(1)[0][0] == wanted
        assert shown[wanted] > 30
