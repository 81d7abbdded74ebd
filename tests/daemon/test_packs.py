"""Pack folders with all that real ones have wrong with them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from daemon.errors import AivjdError, ManifestError
from daemon.packs import load, places


@pytest.fixture
def pack(demo_pack: Path, tmp_path: Path) -> Path:
    """A copy of the demo pack that may be damaged."""
    return Path(shutil.copytree(demo_pack, tmp_path / "demo"))


def manifest(pack: Path, name: str = "pairs-manifest.v0.json") -> dict:
    return json.loads((pack / name).read_bytes())


def test_the_demo_pack_is_as_large_as_promised(demo_pack: Path) -> None:
    loaded = load([demo_pack])
    table = loaded.catalog.packs["demo"]
    assert len(table.pairs) >= 60
    assert len(table.presets) >= 200
    assert loaded.warnings == []


def test_a_missing_preset_file_costs_its_entries_and_is_named(pack: Path) -> None:
    pair = manifest(pack)["pairs"][0]
    gone = pack / pair["fgUrl"].removeprefix("/presets/demo/")
    gone.unlink()
    loaded = load([pack])
    assert pair["pair"] not in [row.ident for row in loaded.catalog.packs["demo"].pairs.rows]
    assert any(pair["fgUrl"] in warning and "missing" in warning for warning in loaded.warnings)


def test_a_broken_manifest_costs_its_pack_only(pack: Path, demo_pack: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "pairs-manifest.v0.json").write_text('{"pack":"other","pairs":[', encoding="utf-8")
    loaded = load([other, demo_pack])
    assert list(loaded.catalog.packs) == ["demo"]
    assert any("left out" in w and str(other / "pairs-manifest.v0.json") in w for w in loaded.warnings)
    with pytest.raises(AivjdError, match=r"pairs-manifest\.v0\.json"):
        load([other])


def test_a_folder_that_is_no_pack_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"neither pairs-manifest\.v0\.json nor library-manifest\.json"):
        load([tmp_path])
    with pytest.raises(ManifestError, match="no such pack folder"):
        load([tmp_path / "nowhere"])


def test_qualities_count_beside_a_filtered_manifest_too(pack: Path) -> None:
    """The app looked for them beside `pairs-manifest.v0.json` only."""
    data = manifest(pack)
    kept = data["pairs"][:31]
    (pack / "pairs-manifest.v0.json").unlink()
    filtered = {**data, "pairs": kept, "generatedFrom": "filter v4", "keptPairs": 31, "totalPairs": 96}
    text = "\ufeff" + json.dumps(filtered)
    (pack / "pairs-manifest.filtered.current.json").write_text(text, encoding="utf-8")
    quality = {"pack": "demo", "pairs": [{"pair": p["pair"], "quality01": 0.5} for p in kept]}
    (pack / "pairs-quality.v0.json").write_text(json.dumps(quality), encoding="utf-8")
    table = load([pack]).catalog.packs["demo"].pairs
    assert len(table) == 31
    assert set(table.quality.tolist()) == {500_000}


def test_of_filtered_manifests_the_current_one_counts_and_its_stamp_is_none(pack: Path) -> None:
    data = manifest(pack)
    (pack / "pairs-manifest.v0.json").unlink()
    for name, kept in (("current", 31), ("v3", 20), ("v9", 10)):
        filtered = json.dumps({**data, "pairs": data["pairs"][:kept]})
        (pack / f"pairs-manifest.filtered.{name}.json").write_text(filtered, encoding="utf-8")
    (pack / "pairs-manifest.filtered.current.stamp.json").write_text(
        '{"currentVersion":"v4"}', encoding="utf-8"
    )
    assert len(load([pack]).catalog.packs["demo"].pairs) == 31
    (pack / "pairs-manifest.filtered.current.json").unlink()
    assert len(load([pack]).catalog.packs["demo"].pairs) == 10


def test_qualities_of_another_pack_are_ignored_with_a_word(pack: Path) -> None:
    (pack / "pairs-quality.v0.json").write_text('{"pack":"else","pairs":[]}', encoding="utf-8")
    assert any("made for pack 'else'" in warning for warning in load([pack]).warnings)


def test_configured_folders_are_found_beside_the_file_or_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "etc" / "mine").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert places(["mine"], tmp_path / "etc") == [tmp_path / "etc" / "mine"]
    assert places(["elsewhere"], tmp_path / "etc") == [Path("elsewhere")]
