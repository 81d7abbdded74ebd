from __future__ import annotations

import json
from pathlib import Path

import pytest
from packaged_presets import body, raw

from models.errors import PresetError
from models.packs.butterchurn import MAX_FILE_BYTES, parse_preset, read_preset, split_name
from models.packs.textures import missing_textures


def parse(value: object, name: str = "Author - Title"):
    return parse_preset(raw(value), name=name, where="some.json")


def test_reads_a_preset():
    preset = parse(body())
    assert (preset.author, preset.title) == ("Author", "Title")
    assert preset.parameters["zoom"] == 1.01
    assert len(preset.content_id) == 64


def test_a_byte_order_mark_and_the_order_of_keys_do_not_change_the_content():
    shuffled = dict(reversed(list(body().items())))
    bom = parse_preset(b"\xef\xbb\xbf" + raw(shuffled), name="x", where="x")
    assert bom.content_id == parse(body()).content_id
    assert bom.source_sha256 != parse(body()).source_sha256


def test_one_and_one_point_nought_are_the_same_content():
    a, b = body(), body()
    a["baseVals"]["warp"], b["baseVals"]["warp"] = 1, 1.0
    assert parse(a).content_id == parse(b).content_id


def test_what_is_written_reads_back_as_the_same_content():
    preset = parse(body())
    again = parse_preset(preset.to_bytes(), name=preset.name, where="x")
    assert again.content_id == preset.content_id


def test_javascript_is_stripped_where_raw_equations_stand_beside_it():
    preset = parse(body() | {"frame_eqs_str": "fetch('//evil')", "pixel_eqs_str": "alert(1)", "author": "x"})
    assert b"evil" not in preset.to_bytes()
    assert preset.content_id == parse(body()).content_id


def test_a_preset_with_javascript_only_is_refused():
    only_js = body() | {"frame_eqs_str": "a.zoom = 1;"}
    del only_js["frame_eqs_eel"]
    with pytest.raises(PresetError, match=r"some\.json \[frame_eqs_eel\]: has only JavaScript"):
        parse(only_js)


def test_javascript_in_a_wave_is_refused_too():
    wave = {"baseVals": {}, "init_eqs_eel": "", "frame_eqs_eel": "", "point_eqs_str": "a.x = 1;"}
    with pytest.raises(PresetError, match=r"\[waves\.0\]"):
        parse(body() | {"waves": [wave]})


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"baseVals": []}, r"\[baseVals\]"),
        ({"baseVals": {"zoom": "1"}}, r"\[baseVals\]: zoom"),
        ({"baseVals": {"zoom": True}}, r"\[baseVals\]: zoom"),
        ({"baseVals": {"zoom": 1e300}}, r"\[baseVals\]: zoom"),
        ({"baseVals": {"zoom": 10**400}}, r"\[baseVals\]: zoom"),
        ({"baseVals": {"__proto__": 1}}, r"\[baseVals\]: '__proto__'"),
        ({"shapes": [{}] * 17}, r"\[shapes\]"),
        ({"shapes": [3]}, r"\[shapes\.0\]"),
        ({"waves": {}}, r"\[waves\]"),
        ({"warp": 5}, r"\[warp\]"),
        ({"comp": "x" * 70_000}, r"\[comp\]: longer"),
        ({"version": "2"}, r"\[version\]"),
    ],
)
def test_errors_name_file_and_key(change, place):
    with pytest.raises(PresetError, match=r"some\.json " + place):
        parse(body() | change)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"\xff\xfe", b'{"baseVals":{"zoom":NaN}}', b"[" * 200_000]
)
def test_what_is_no_preset_at_all_is_refused(data):
    with pytest.raises(PresetError, match=r"^some\.json: "):
        parse_preset(data, name="x", where="some.json")


def test_a_file_that_is_too_large_is_not_even_read(tmp_path: Path):
    path = tmp_path / "large.json"
    path.write_bytes(b" " * (MAX_FILE_BYTES + 1))
    with pytest.raises(PresetError, match=r"larger than 256 KiB"):
        read_preset(path)


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(PresetError, match=r"gone\.json: cannot be read"):
        read_preset(tmp_path / "gone.json")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Flexi - area 51", ("Flexi", "area 51")),
        ("a - b - c", ("a", "b - c")),
        ("158", ("", "158")),
        (" - nameless", ("", "- nameless")),
    ],
)
def test_split_name(name, expected):
    assert split_name(name) == expected


def test_textures():
    shader = "texture(sampler_main, uv) + texture(sampler_pw_noise_lq, uv) * texsize_worms.x + sampler_cells"
    assert missing_textures(parse(body() | {"warp": shader})) == ["cells", "worms"]
    assert missing_textures(parse(body() | {"warp": "sampler_blur3 texsize.x"})) == []


def test_hash_is_of_the_bytes_written():
    import hashlib

    preset = parse(body())
    assert hashlib.sha256(preset.to_bytes()).hexdigest() == preset.content_id
    assert list(json.loads(preset.to_bytes())) == sorted(json.loads(preset.to_bytes()))
