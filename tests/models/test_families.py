from __future__ import annotations

import pytest
from packaged_presets import body, raw

from models.families import authors, families, similarity, sketch
from models.packs.butterchurn import Preset, parse_preset
from selector.labels import stem


def preset(name: str, value: dict) -> Preset:
    return parse_preset(raw(value), name=name, where=name)


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("area 51", "area 51"),
        ("Area 51 (night mix)", "area 51"),
        ("Hyperkaleidoscope Glow 2 mix", "hyperkaleidoscope glow"),
        ("bouncing balls [double mindblob mix", "bouncing balls"),
        ("Age of Science - mash0000 - sparks", "age of science"),
        ("(849)", ""),
    ],
)
def test_stem(title, expected):
    assert stem(title) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Flexi, martin + geiss", ["flexi", "geiss", "martin"]),
        ("Stahlregen & Boz", ["boz", "stahlregen"]),
        ("Eo.S.", ["eos"]),
        ("", []),
    ],
)
def test_authors(text, expected):
    assert authors(text) == expected


def test_versions_of_one_title_are_one_family_and_others_are_not():
    presets = [
        preset("Ana - silver river", body(1)),
        preset("Ben - silver river", body(2)),
        preset("Ana + Cem - Silver River (slow mix) 2", body(3)),
    ]
    assert families(presets) == [0, 1, 0]


def test_the_same_code_under_another_name_is_one_family():
    copy = body(1)
    copy["frame_eqs_eel"] = "// borrowed\n" + copy["frame_eqs_eel"].replace("* 7", "* 7.25")
    presets = [preset("Ana - river", body(1)), preset("Ben - mountain", copy), preset("Cem - sea", body(2))]
    assert families(presets) == [0, 0, 2]


def test_numbered_series_are_no_family():
    presets = [preset("Ana - Mashup (1)", body(1)), preset("Ana - Mashup (2)", body(2))]
    assert families(presets) == [0, 1]


def test_presets_with_hardly_any_code_are_not_alike():
    little = body(1) | {"frame_eqs_eel": "zoom = 1;", "warp": "", "comp": ""}
    other = little | {"baseVals": {"zoom": 1.2}}
    assert sketch(preset("a", little)) == frozenset()
    assert families([preset("Ana - a river", little), preset("Ben - a hill", other)]) == [0, 1]


def test_similarity():
    first, second = sketch(preset("a", body(1))), sketch(preset("b", body(2)))
    assert similarity(first, first) == 1.0
    assert similarity(first, second) == similarity(second, first) < 0.4
    assert similarity(first, frozenset()) == 0.0
