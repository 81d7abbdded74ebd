from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from packaged_presets import body, raw

from daemon import packs as live_packs
from models.errors import PackError
from models.families import families
from models.measure.rig import BLACK, SHADER, STOPS, WHITE, Seen
from models.measure.table import key, read_table, write_table
from models.packs.butterchurn import parse_preset, read_preset
from models.packs.canonical import sha256_hex
from models.packs.check import check_pack
from models.packs.choose import LUMA_RANGE, VISIBLE, choose, rank01
from models.packs.demo import build_demo
from models.packs.formats import preset_id, slug
from models.packs.source import open_package, scan
from selector.manifests import parse_library, parse_pairs

PAIRS, SINGLES = 12, 20


@pytest.fixture
def pack(package: Path, tmp_path: Path) -> Path:
    build_demo(package, tmp_path / "demo", pairs=PAIRS, singles=SINGLES)
    return tmp_path / "demo"


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def load(path: Path) -> dict:
    return json.loads(path.read_bytes())


def test_two_builds_give_the_same_bytes(package: Path, pack: Path, tmp_path: Path):
    again = tmp_path / "elsewhere" / "demo"
    build_demo(package, again, pairs=PAIRS, singles=SINGLES)
    assert content(again) == content(pack)


def test_another_seed_gives_another_pack(package: Path, pack: Path, tmp_path: Path):
    build_demo(package, tmp_path / "other" / "demo", pairs=PAIRS, singles=SINGLES, seed=2)
    assert content(tmp_path / "other" / "demo").keys() != content(pack).keys()


def test_a_rebuild_replaces_the_pack_and_leaves_nothing_beside_it(package: Path, pack: Path):
    before = content(pack)
    (pack / "fg" / "stray.json").write_bytes(b"{}")
    build_demo(package, pack, pairs=PAIRS, singles=SINGLES)
    assert content(pack) == before
    assert [p.name for p in pack.parent.iterdir() if p.name.startswith(".")] == []


def test_a_folder_that_is_no_pack_is_never_replaced(package: Path, tmp_path: Path):
    precious = tmp_path / "photos"
    precious.mkdir()
    (precious / "wedding.jpg").write_bytes(b"jpg")
    with pytest.raises(PackError, match="not empty and no pack"):
        build_demo(package, precious, pairs=PAIRS, singles=SINGLES)
    assert (precious / "wedding.jpg").read_bytes() == b"jpg"


def test_the_selector_reads_both_manifests_without_a_warning(pack: Path):
    pairs = parse_pairs((pack / "pairs-manifest.v0.json").read_bytes(), "pairs")
    library = parse_library((pack / "library-manifest.json").read_bytes(), "library")
    assert (pairs.pack, pairs.warnings, library.warnings) == ("demo", (), ())
    assert [entry.pair for entry in pairs.pairs] == list(range(PAIRS))
    assert len(library.presets) == SINGLES


def test_no_preset_is_used_twice_and_layers_are_of_different_families(package: Path, pack: Path):
    pairs = load(pack / "pairs-manifest.v0.json")["pairs"]
    singles = load(pack / "library-manifest.json")["presets"]
    urls = [row[key] for row in pairs for key in ("fgUrl", "bgUrl")] + [row["url"] for row in singles]
    assert len(set(urls)) == len(urls) == 2 * PAIRS + SINGLES

    presets = [read_preset(pack.parent / url.removeprefix("/presets/")) for url in urls]
    family = families(presets)
    assert all(family[2 * i] != family[2 * i + 1] for i in range(PAIRS))


def test_pairs_run_from_calm_to_violent(pack: Path):
    rows = load(pack / "pairs-manifest.v0.json")["pairs"]
    assert all(row[key] >= VISIBLE for row in rows for key in ("warp_diff", "cx_diff"))
    warps, cxs = ([row[key] for row in rows] for key in ("warp_diff", "cx_diff"))
    strength = [rank01(sorted(warps), w) + rank01(sorted(cxs), c) for w, c in zip(warps, cxs, strict=True)]
    third = PAIRS // 3
    assert max(strength[:third]) < min(strength[-third:])


def test_what_cannot_be_shown_is_left_out_with_the_reason(package: Path, tmp_path: Path):
    build = build_demo(package, tmp_path / "demo", pairs=PAIRS, singles=SINGLES)
    assert build.scanned == 75
    reasons = dict(build.refused)
    assert "worms" in reasons["Amber - worms.json"]
    assert "same content as" in reasons["Zebra - twin.json"]
    assert "not JSON" in reasons["broken.json"]


def test_a_preset_that_was_seen_to_fail_is_left_out(package: Path):
    faulty = parse_preset(raw(body(5)), name="x", where="x")
    table = {key(faulty): Seen(0.0, 0.0, "stays black")}
    found = scan(open_package(package), table, lambda *step: None)
    assert faulty.content_id not in {preset.content_id for preset in found.presets}
    assert [why for _, why in found.refused if why == "seen to fail in butterchurn: stays black"] != []


def test_what_was_measured_decides_on_layers(package: Path):
    presets = scan(open_package(package), {}, lambda *step: None).presets
    table = {key(preset): Seen(0.01 * n, 0.001 * (n * 29 % 72), "") for n, preset in enumerate(presets)}
    pairs = choose(presets, table, pairs=6, singles=0, seed=1).pairs
    lumas = [(table[key(pair.fg)].luma, table[key(pair.bg)].luma) for pair in pairs]
    assert max(fg for fg, _ in lumas) < min(bg for _, bg in lumas)
    assert all(LUMA_RANGE[0] <= luma <= LUMA_RANGE[1] for pair in lumas for luma in pair)
    motions = [table[key(pair.fg)].motion + table[key(pair.bg)].motion for pair in pairs]
    assert sum(motions[:3]) < sum(motions[3:])


def test_the_committed_table_is_whole():
    table = read_table()
    assert len(table) == 485
    assert {seen.fault for seen in table.values()} == {"", BLACK, SHADER, STOPS, WHITE}
    assert all(0 <= seen.luma <= 1 and 0 <= seen.motion <= 1 for seen in table.values())
    assert all(len(name) == 16 for name in table)


def test_a_table_reads_back_as_it_was_written(tmp_path: Path):
    rows = {"ff00": Seen(0.25, 0.125, ""), "00ff": Seen(0.0, 0.0, "stays black, and still")}
    write_table(tmp_path / "t.csv", rows.items())
    assert read_table(tmp_path / "t.csv") == rows
    assert (tmp_path / "t.csv").read_text().splitlines()[1].startswith("00ff,")


def test_provenance_names_every_input_and_output(package: Path, pack: Path):
    told = load(pack / "pack-provenance.v0.json")
    assert {row["path"] for row in told["outputs"]} == content(pack).keys() - {"pack-provenance.v0.json"}
    assert len(told["inputs"]) == 2 * PAIRS + SINGLES
    for row in told["inputs"]:
        assert sha256_hex((package / row["path"]).read_bytes()) == row["sha256"]
        assert (row["licence"], row["version"]) == ("MIT", "9.9.9-test")
        assert (pack / row["licenceText"]).read_bytes() == (package / "LICENSE").read_bytes()
    assert told["definitions"].keys() == {"warp_diff", "cx_diff", "distribution"}


def test_file_names_are_safe(pack: Path):
    for path in content(pack):
        assert re.fullmatch(r"(fg|bg|single)/[a-z0-9-]+\.json|[A-Za-z0-9.-]+", path)


def test_progress_reaches_its_end(package: Path, tmp_path: Path):
    seen: list[tuple[int, int, str]] = []
    build_demo(
        package, tmp_path / "demo", pairs=PAIRS, singles=SINGLES, progress=lambda *step: seen.append(step)
    )
    assert (75, 75, "reading presets") in seen
    assert seen[-1][0] == seen[-1][1]


def test_too_few_presets(package: Path, tmp_path: Path):
    with pytest.raises(PackError, match=r"need 86 presets, and 72 are usable; ask for fewer"):
        build_demo(package, tmp_path / "demo", pairs=3, singles=80)
    assert not (tmp_path / "demo").exists()


def test_pairs_cannot_be_made_of_one_family():
    same = [parse_preset(raw(body(n)), name=f"Ana - silver river {n}", where="x") for n in range(10)]
    with pytest.raises(PackError, match="different families"):
        choose(same, {}, pairs=2, singles=0, seed=1)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda p: (p / "package.json").unlink(), "there is no preset package here"),
        (lambda p: (p / "package.json").write_text("{}"), "package.json cannot be used"),
        (lambda p: (p / "LICENSE").unlink(), "no licence text"),
        (lambda p: (p / "presets").rename(p / "gone"), "holds no presets"),
    ],
)
def test_a_package_that_is_none(package: Path, tmp_path: Path, spoil, sentence):
    spoil(package)
    with pytest.raises(PackError, match=sentence):
        build_demo(package, tmp_path / "demo")


def test_a_pack_s_name_is_its_folder_s(package: Path, tmp_path: Path):
    with pytest.raises(PackError, match="no name for a pack"):
        build_demo(package, tmp_path / "My Pack!")


def test_a_fresh_pack_has_no_problems(pack: Path):
    assert check_pack(pack) == []


def edit(path: Path, change) -> None:
    value = load(path)
    change(value)
    path.write_bytes(raw(value))


def _first_pair(key, value):
    return lambda p: edit(p / "pairs-manifest.v0.json", lambda m: m["pairs"][0].update({key: value}))


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (_first_pair("fgUrl", "/presets/demo/../../secret.json"), r"pairs\[0\]\.fgUrl: .*not inside a pack"),
        (_first_pair("bgUrl", "/presets/demo/bg/gone.json"), r"gone\.json: there is no such file"),
        (_first_pair("pair", 1), r"pair 1 occurs twice"),
        (_first_pair("warp_diff", 1.5), r"pairs\[0\]\.warp_diff: not a number from 0 to 1"),
        (lambda p: edit(p / "pairs-manifest.v0.json", lambda m: m.update(pack="x")), "lies outside of pack"),
        (lambda p: (p / "library-manifest.json").write_bytes(b"{"), "not JSON"),
        (
            lambda p: edit(
                p / "library-manifest.json", lambda m: m["presets"][1].update(id=m["presets"][0]["id"])
            ),
            "occurs twice",
        ),
        (
            lambda p: edit(
                p / "library-manifest.json", lambda m: m["presets"][1].update(url=m["presets"][0]["url"])
            ),
            "listed 2 times",
        ),
        (
            lambda p: next((p / "single").iterdir()).write_bytes(raw({"baseVals": 3})),
            "not an object of parameters",
        ),
        (
            lambda p: next((p / "fg").iterdir()).write_bytes(raw(body() | {"warp": "sampler_worms"})),
            "textures that butterchurn has not: worms",
        ),
        (lambda p: (p / "LICENSE.butterchurn-presets").write_bytes(b""), "changed after it was built"),
        (lambda p: (p / "LICENSE.butterchurn-presets").unlink(), "which is not in the pack"),
        (
            lambda p: (p / "pairs-quality.v0.json").write_bytes(
                raw({"pack": "demo", "pairs": [{"pair": 0, "quality01": 1.2}]})
            ),
            r"quality01: not a number from 0 to 1",
        ),
        (
            lambda p: (p / "pairs-quality.v0.json").write_bytes(
                raw({"pack": "demo", "pairs": [{"pair": [7], "quality01": 0.2}]})
            ),
            r"pair \[7\] is not in pairs-manifest",
        ),
        (
            lambda p: (p / "pairs-quality.v0.json").write_bytes(raw({"pack": "other", "pairs": []})),
            "is of pack 'other'",
        ),
    ],
)
def test_check_finds(pack: Path, spoil, sentence):
    spoil(pack)
    found = [str(problem) for problem in check_pack(pack)]
    assert any(re.search(sentence, text) for text in found), found


def test_check_finds_a_link_that_leads_out(pack: Path, tmp_path: Path):
    secret = tmp_path / "secret.json"
    secret.write_bytes(raw(body()))
    target = next((pack / "fg").iterdir())
    target.unlink()
    target.symlink_to(secret)
    assert any("leads out of the pack" in str(problem) for problem in check_pack(pack))


def test_check_of_what_is_no_pack(tmp_path: Path):
    assert "no such folder" in str(check_pack(tmp_path / "gone")[0])
    assert "holds neither" in str(check_pack(tmp_path)[0])


def test_preset_ids_are_the_app_s():
    # md5("demo/single/a b.json")[:8], as the app's sync script computes it.
    assert (
        preset_id("demo", "single/a b.json")
        == "demo-demo-single-a-b-json-" + _md5("demo/single/a b.json")[:8]
    )


def _md5(text: str) -> str:
    import hashlib

    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Flexi - Área 51", "flexi-area-51"),
        ("../../etc", "etc"),
        ("№ ✨", "no"),
        ("✨", "preset"),
        ("a" * 90, "a" * 48),
    ],
)
def test_slug(text, expected):
    assert slug(text) == expected


def test_what_was_measured_reaches_the_show(demo_pack: Path):
    """Every layer of the pack that `make setup` built has its brightness and motion."""
    loaded = live_packs.load([demo_pack])
    pack = loaded.catalog.packs["demo"]
    for table in (pack.pairs, pack.presets):
        assert len(table) > 50
        assert (table.luma > 0).all()
        assert (table.motion > 0).all()
        assert not table.blocked.any()
    assert loaded.warnings == []
