"""Manifests as they are found in the wild."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selector.catalog import Catalog, build_pack, spread_warning
from selector.errors import BadCatalog, BadManifest
from selector.fixedpoint import MISSING
from selector.manifests import parse_library, parse_pairs, parse_quality, parse_run, safe_url

PAIR = {
    "pair": 7,
    "fgUrl": "/presets/p/fg/a.milk",
    "bgUrl": "/presets/p/bg/a.json",
    "warp_diff": 0.04,
    "cx_diff": 0.05,
}


def pairs_json(*pairs: object, **top: object) -> bytes:
    return json.dumps({"version": "v0", "pack": "p", "pairs": list(pairs), **top}).encode()


def filtered_31() -> bytes:
    rows = [
        {
            "pair": 97 * i,
            "fgUrl": f"/presets/p/fg/coupled_{i:05d}_fg.milk",
            "bgUrl": f"/presets/p/bg/coupled_{i:05d}_bg.milk",
            "warp_diff": 0.00096 + 0.004 * i,
            "cx_diff": 0.165 - 0.005 * i,
        }
        for i in range(31)
    ]
    return b"\xef\xbb\xbf" + pairs_json(*rows, generatedFrom="filter v4", keptPairs=31, totalPairs=3000)


def test_filtered_manifest_with_bom_gets_its_qualities():
    manifest = parse_pairs(filtered_31(), "pairs-manifest.filtered.current.json")
    quality = parse_quality(
        json.dumps(
            {"pack": "p", "pairs": [{"pair": 97 * i, "quality01": 0.7 + i / 400} for i in range(40)]}
        ).encode(),
        "pairs-quality.v0.json",
    )
    table = build_pack("p", manifest, quality).pairs
    assert len(table) == 31
    assert table.rows[30].ident == 2910
    assert table.quality[30] == 775_000
    assert MISSING not in table.quality


def test_qualities_of_another_pack_do_not_count():
    quality = parse_quality(b'{"pack":"q","pairs":[{"pair":7,"quality01":0.9}]}', "q.json")
    assert build_pack("p", parse_pairs(pairs_json(PAIR), "m"), quality).pairs.quality[0] == MISSING


def test_only_finite_qualities_count():
    rows = (
        b'{"pair":"1","quality01":"0.5"},{"pair":2,"quality01":NaN},{"pair":3,"quality01":null},{"pair":4},'
        b'{"pair":5,"quality01":1.5},"x",{"pair":6,"quality01":1e999}'
    )
    raw = b'{"pack":"p","pairs":[' + rows + b"]}"
    assert parse_quality(raw, "q").qualities == {1: 0.5, 5: 1.0}


def test_missing_and_foreign_fields_are_fine():
    bare = {k: PAIR[k] for k in ("pair", "fgUrl", "bgUrl")}
    manifest = parse_pairs(pairs_json({**bare, "extra": {}}, note=1), "m")
    assert manifest.pairs[0].warp_diff is None
    assert manifest.warnings == ()


def test_one_bad_pair_is_left_out_with_its_place_named():
    manifest = parse_pairs(
        pairs_json(PAIR, {**PAIR, "pair": 8, "fgUrl": "/presets/p/../x"}, PAIR, 3), "m.json"
    )
    assert [p.pair for p in manifest.pairs] == [7]
    assert [w.split(" ")[0] for w in manifest.warnings] == [
        "m.json:",
        "m.json:",
        "m.json:",
    ]
    assert "pairs[1].fgUrl" in manifest.warnings[0]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{",
        b"\xff\xfe",
        b'{"pack":"p"}',
        b'{"pack":"p","pairs":{}}',
        b'{"pack":"p","pairs":[]}',
        b'{"pairs":[]}',
        b'{"pack":"../p","pairs":[]}',
    ],
)
def test_a_useless_manifest_names_its_file(raw):
    with pytest.raises(BadManifest, match=r"^m\.json") as caught:
        parse_pairs(raw, "m.json")
    assert caught.value.where.startswith("m.json")
    assert caught.value.fix


@pytest.mark.parametrize(
    "url",
    [
        "",
        None,
        3,
        "presets/p/a",
        "/presets/p",
        "/presets/p/",
        "//host/presets/p/a",
        "http://h/presets/p/a",
        "/presets/p/../q/a",
        "/presets/p/%2e%2e/a",
        "/presets/p/%252e%252e/a",
        "/presets/p/a\\b",
        "/presets/p/%5c..%5ca",
        "/presets/p//a",
        "/presets/p/./a",
        "/presets/p/a?x",
        "/presets/p/a#x",
        "/presets/p/c:a",
        "/presets/p/a%00",
        "/other/p/a",
        "/presets/q/a",
    ],
)
def test_urls_that_leave_the_pack_are_refused(url):
    with pytest.raises(BadManifest):
        safe_url(url, "m", "p")


@given(st.text(st.sampled_from("/.%2e5c\\:abpresets"), max_size=30))
def test_whatever_is_accepted_stays_inside(text):
    try:
        url = safe_url("/presets/p/" + text, "m", "p")
    except BadManifest:
        return
    assert ".." not in url.split("/")
    assert "\\" not in url
    assert "%2e%2e" not in url.lower().split("/")


def test_names_with_spaces_pass_encoded_and_plain():
    assert safe_url("/presets/my%20p/a%20b.milk", "m", "my p")
    assert safe_url("/presets/my p/a b.milk", "m", "my p")


@pytest.mark.parametrize("version", ["v0", "v1", "v2", "v3"])
def test_libraries_of_all_versions(version):
    raw = json.dumps(
        {
            "version": version,
            "presets": [
                {"id": "a", "label": "A", "relPath": "p/a.milk", "url": "/presets/p/a.milk", "pack": "p"},
                {"id": "b", "url": "/presets/p/b.json"},
                {"id": "a", "url": "/presets/p/c.json"},
                {"url": "/presets/p/d.json"},
                {"id": "e", "url": "http://x/e.json"},
            ],
        }
    ).encode()
    library = parse_library(raw, "l")
    assert [(p.preset_id, p.rel_path) for p in library.presets] == [("a", "p/a.milk"), ("b", "p/b.json")]
    assert len(library.warnings) == 3


def test_an_unknown_library_version_is_refused():
    with pytest.raises(BadManifest, match="v9"):
        parse_library(b'{"version":"v9","presets":[]}', "l")


def run_json(*rows: dict[str, object]) -> bytes:
    return json.dumps({"version": "v0", "presets": list(rows)}).encode()


def test_measurements_are_found_by_id_path_and_unique_name():
    library = parse_library(
        json.dumps(
            {
                "version": "v1",
                "presets": [
                    {"id": i, "relPath": r, "url": "/presets/" + r}
                    for i, r in [("a", "p/a.milk"), ("b", "p/B.milk"), ("c", "p/c.milk"), ("d", "p/d.milk")]
                ],
            }
        ).encode(),
        "l",
    )
    run = parse_run(
        run_json(
            {"presetId": "a", "relPath": "", "status": "ok", "metrics": {"avgLuma": 0.3, "motion": 0.08}},
            {"presetId": "x", "relPath": "presets\\p\\b.milk", "status": "failed"},
            {"presetId": "y", "relPath": "old/c.milk", "tier": "dark", "reasons": ["hit watchdog after 9 s"]},
            {"presetId": "z", "relPath": "one/d.milk"},
            {"presetId": "w", "relPath": "two/d.milk", "status": "failed"},
        ),
        "r",
    )
    table = build_pack("p", library=library, run=run).presets
    assert table.luma.tolist() == [300_000, MISSING, MISSING, MISSING]
    assert table.blocked.tolist() == [0, 1, 1, 0]
    assert table.dark.tolist() == [0, 0, 1, 0]


def test_measurements_reach_pairs_through_their_urls():
    run = parse_run(
        run_json(
            {"presetId": "u", "relPath": "p/fg/a.milk", "metrics": {"avgLuma": 0.1, "motion": 0.5}},
            {"presetId": "v", "relPath": "p/bg/a.json", "metrics": {"avgLuma": 0.4}},
        ),
        "r",
    )
    table = build_pack("p", parse_pairs(pairs_json(PAIR), "m"), run=run).pairs
    assert (table.luma[0], table.motion[0]) == (400_000, 500_000)


def test_catalogue_round_trip_is_exact():
    pack = build_pack("p", parse_pairs(filtered_31(), "m"))
    catalog = Catalog([pack])
    again = Catalog.from_json(catalog.to_json())
    assert again.to_json() == catalog.to_json()
    assert again.sha256 == catalog.sha256
    assert (again.packs["p"].pairs.strength == pack.pairs.strength).all()


@pytest.mark.parametrize(
    "raw",
    [b"", b"{}", b"[]", b'{"format":2,"packs":{}}', b'{"format":1,"packs":{}}', b'{"format":1,"packs":[1]}'],
)
def test_a_broken_catalogue_is_refused(raw):
    with pytest.raises(BadCatalog):
        Catalog.from_json(raw)


def test_narrow_quality_warns_with_the_ratio():
    manifest = parse_pairs(filtered_31(), "m")
    narrow = build_pack(
        "p",
        manifest,
        parse_quality(
            json.dumps(
                {
                    "pack": "p",
                    "pairs": [{"pair": 97 * i, "quality01": 0.7277 + 0.0845 * i / 30} for i in range(31)],
                }
            ).encode(),
            "q",
        ),
    )
    wide = build_pack(
        "p",
        manifest,
        parse_quality(
            json.dumps(
                {"pack": "p", "pairs": [{"pair": 97 * i, "quality01": i / 30} for i in range(31)]}
            ).encode(),
            "q",
        ),
    )
    warning = spread_warning(narrow.pairs, 0.2)
    assert warning is not None
    assert "1.09 times" in warning
    assert spread_warning(wide.pairs, 0.2) is None
    assert spread_warning(build_pack("p", manifest).pairs, 0.2) is None
