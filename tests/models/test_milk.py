"""MilkDrop files: what is read, what is repaired, what is written, what counts as the same preset."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import PresetError
from models.milk.identity import canonical, content_id, double_id
from models.milk.preset import DoublePreset, MilkPreset, Part, number
from models.milk.reader import read_milk, read_milk2
from models.milk.writer import write_milk, write_milk2

PLAIN = """MILKDROP_PRESET_VERSION=201
PSVERSION=2
[preset00]
fRating=3.000000
fDecay=0.980000
zoom=1.01
wavecode_0_enabled=1
wavecode_0_bSpectrum=0
shapecode_1_enabled=1
shapecode_1_sides=5
per_frame_1=rot = 0.1*sin(time); // turns
per_frame_2=zoom = zoom + 0.01;
wave_0_per_point1=x = sample;
shape_1_per_frame1=ang = time;
warp_1=`shader_body
warp_2=`{
warp_3=`ret = tex2D(sampler_main, uv).xyz;
warp_4=`}
"""


def read(text: str | bytes) -> tuple[MilkPreset, list[str]]:
    """The preset and the kinds of repair."""
    preset, repairs = read_milk(text if isinstance(text, bytes) else text.encode(), "test.milk")
    return preset, [repair.kind for repair in repairs]


def test_a_file_of_milkdrop_is_read_whole_and_needs_no_repair():
    preset, repairs = read(PLAIN)
    assert repairs == []
    assert preset.version == 201
    assert preset.values == {"frating": 3.0, "fdecay": 0.98, "zoom": 1.01}
    assert preset.code == {
        "per_frame": "rot = 0.1*sin(time); // turns\nzoom = zoom + 0.01;",
        "warp": "shader_body\n{\nret = tex2D(sampler_main, uv).xyz;\n}",
    }
    assert preset.waves == (Part(0, {"enabled": 1.0, "bspectrum": 0.0}, {"per_point": "x = sample;"}),)
    assert preset.shapes == (Part(1, {"enabled": 1.0, "sides": 5.0}, {"per_frame": "ang = time;"}),)


FAULTS = [
    ("bom", lambda text: b"\xef\xbb\xbf" + text.encode()),
    ("utf-16", lambda text: text.encode("utf-16")),
    ("latin-1", lambda text: text.replace("turns", "dreht über").encode("latin-1")),
    ("line-end", lambda text: text.replace("\n", "\r").encode()),
    ("no-section", lambda text: text.replace("[preset00]\n", "").encode()),
    ("other-section", lambda text: (text + "[preset01]\nzoom=7\n").encode()),
    ("no-equals", lambda text: text.replace("zoom=1.01", "zoom=1.01\nwhat is this").encode()),
    ("no-number", lambda text: text.replace("zoom=1.01", "zoom=1.01\nrot=abc").encode()),
    ("number-tail", lambda text: text.replace("zoom=1.01", "zoom=1.01abc").encode()),
    ("duplicate", lambda text: text.replace("zoom=1.01", "zoom=1.01\nzoom=5").encode()),
    ("duplicate-line", lambda text: (text + "per_frame_2=zoom = 9;\n").encode()),
    ("disorder", lambda text: text.replace("per_frame_1=", "per_frame_3=").encode()),
    ("gap", lambda text: text.replace("per_frame_2=", "per_frame_9=").encode()),
    ("late-value", lambda text: text.replace("zoom=1.01\n", "").encode() + b"zoom=1.01\n"),
    ("no-backtick", lambda text: text.replace("`ret", "ret").encode()),
    ("too-many-parts", lambda text: (text + "shapecode_99_enabled=1\n").encode()),
]


@pytest.mark.parametrize(("kind", "harm"), FAULTS, ids=[kind for kind, _ in FAULTS])
def test_what_is_not_as_milkdrop_writes_it_is_repaired_and_named(kind, harm):
    harmed, repairs = read(harm(PLAIN))
    assert set(repairs) == {kind}
    whole, _ = read(PLAIN)
    if kind == "disorder":
        assert harmed.code["per_frame"] == "\n".join(reversed(whole.code["per_frame"].split("\n")))
    elif kind == "no-section":
        assert harmed == MilkPreset(
            {}, {**whole.header, **whole.values}, whole.code, whole.waves, whole.shapes
        )
    else:
        assert content_id(harmed) == content_id(whole)


def test_a_repair_names_its_line():
    _, repairs = read_milk(PLAIN.replace("zoom=1.01", "zoom").encode(), "test.milk")
    assert str(repairs[0]) == "line 6: 'zoom': a line without = is left out"


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "empty"),
        (b" \r\n\r\n", "empty"),
        (b"MZ\0\0" * 20, "binary"),
        (b"x" * (1 << 21), "larger"),
        (b"[preset00]\r\n", "nothing"),
        (b"hello", "nothing"),
    ],
)
def test_what_is_no_preset_is_refused(data, what):
    with pytest.raises(PresetError, match=what):
        read_milk(data, "test.milk")


numbers = st.floats(-1e8, 1e8, allow_nan=False).map(number)
names = st.sampled_from(["zoom", "fdecay", "mv_x", "something", "wave_r"])
texts = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=30)
codes = st.lists(texts, min_size=1, max_size=4).map("\n".join).filter(lambda text: text == text.strip("\n"))
codes = codes.filter(str.strip)
waves = st.builds(
    Part,
    st.integers(0, 15),
    st.dictionaries(st.sampled_from(["enabled", "samples", "r"]), numbers, min_size=1),
    st.dictionaries(st.sampled_from(["init", "per_frame", "per_point"]), codes),
)
shapes = st.builds(
    Part,
    st.integers(0, 15),
    st.dictionaries(st.sampled_from(["enabled", "sides", "g2"]), numbers, min_size=1),
    st.dictionaries(st.sampled_from(["init", "per_frame"]), codes),
)


def by_index(parts: list[Part]) -> tuple[Part, ...]:
    return tuple(sorted({part.index: part for part in parts}.values(), key=lambda part: part.index))


presets = st.builds(
    MilkPreset,
    st.dictionaries(st.sampled_from(["milkdrop_preset_version", "psversion"]), numbers),
    st.dictionaries(names, numbers, min_size=1),
    st.dictionaries(st.sampled_from(["per_frame_init", "per_frame", "per_pixel", "warp", "comp"]), codes),
    st.lists(waves, max_size=3).map(by_index),
    st.lists(shapes, max_size=3).map(by_index),
)


@given(presets)
def test_what_was_written_reads_the_same(preset):
    again, repairs = read_milk(write_milk(preset), "test.milk")
    assert (again, repairs) == (preset, [])


@given(presets)
def test_the_canonical_form_is_its_own(preset):
    plain = canonical(preset)
    assert canonical(plain) == plain
    assert content_id(plain) == content_id(preset)


@given(presets, presets, texts)
def test_a_double_preset_reads_as_it_was_written(first, second, name):
    double = DoublePreset(
        {"blending_pattern": "side", "blending_progress": "0.5"}, (name, ""), (first, second)
    )
    again, repairs = read_milk2(write_milk2(double), "test.milk2")
    assert (again, repairs) == (double, [])
    assert double_id(again) == double_id(double)


def test_a_double_preset_without_its_second_is_refused():
    text = f"[PRESET1_BEGIN]\nNAME=a\n{PLAIN}[PRESET1_END]\n[PRESET2_BEGIN]\n{PLAIN}"
    with pytest.raises(PresetError, match="preset 2 has no"):
        read_milk2(text.encode(), "test.milk2")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("fRating=3.000000", "fRating=5"),
        ("zoom=1.01", "ZOOM=1.0100000"),
        ("// turns", ""),
        ("rot = 0.1*sin(time);", "rot=0.1 * sin( time );"),
        ("\n", "\r\n"),
        ("shapecode_1_enabled", "shapecode_3_enabled=0\nshapecode_3_sides=9\nshapecode_1_enabled"),
    ],
)
def test_what_shows_alike_has_one_id(old, new):
    assert PLAIN.replace(old, new) != PLAIN
    assert content_id(read(PLAIN.replace(old, new))[0]) == content_id(read(PLAIN)[0])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("zoom=1.01", "zoom=1.02"),
        ("0.1*sin", "0.2*sin"),
        ("sides=5", "sides=6"),
        ("wavecode_0_enabled=1", "wavecode_0_enabled=0"),
        (".xyz;", ".xzy;"),
        ("VERSION=201", "VERSION=100"),
    ],
)
def test_what_shows_otherwise_has_another_id(old, new):
    assert content_id(read(PLAIN.replace(old, new))[0]) != content_id(read(PLAIN)[0])
