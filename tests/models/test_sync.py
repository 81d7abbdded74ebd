"""Folders of presets into packs: the app's manifests, faults, sampling, interruption."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from aidata import make_pack

from daemon import packs as live_packs
from models.convert.preset import Shaders
from models.errors import PackError
from models.milk.made import made_name, made_preset
from models.milk.preset import DoublePreset
from models.milk.writer import write_milk, write_milk2
from models.packs.check import check_pack
from models.packs.hygiene import Blacklist, Sampling
from models.packs.layer import Reader
from models.packs.source_paths import PathMap, inside, locate, plain
from models.packs.sync import Plan, Report, sync


def run(plan: Plan, out: Path, *, dry_run: bool = False, reader: Reader | None = None) -> Report:
    shaders = Shaders(None) if plan.stage else None
    return sync(
        plan,
        out,
        reader or Reader(shaders),
        dry_run=dry_run,
        tool_version="test",
        progress=lambda done, total, what: None,
    )


def folder_of(place: Path, count: int, first: int = 0) -> Path:
    place.mkdir(parents=True, exist_ok=True)
    for at in range(first, first + count):
        (place / f"{made_name(at)}.milk").write_bytes(write_milk(made_preset(at)))
    return place


def manifest(pack: Path, name: str, key: str) -> list[dict]:
    return json.loads((pack / name).read_bytes())[key]


@pytest.mark.parametrize("windows", [False, True], ids=["wsl", "windows"])
@pytest.mark.parametrize("stage", [True, False], ids=["stage", "milk"])
def test_a_pack_of_the_app_becomes_one_that_plays(tmp_path, windows, stage):
    source = make_pack(tmp_path / "aidata" / "ai_pairs", 120, windows=windows)
    report = run(Plan(source, stage=stage), tmp_path / "ai_pairs")
    assert report.pairs == 117
    assert dict(report.refused.counts) == {"missing": 3, "broken line": 1, "line without fg or bg": 1}
    assert check_pack(tmp_path / "ai_pairs") == []
    loaded = live_packs.load([tmp_path / "ai_pairs"])
    table = loaded.catalog.packs["ai_pairs"].pairs
    assert len(table) == 117
    assert not loaded.warnings
    assert (table.warp > 0).all()
    kept = (tmp_path / "ai_pairs" / "manifest.source.jsonl").read_bytes()
    assert kept == (source / "manifest.jsonl").read_bytes()
    suffix = ".json" if stage else ".milk"
    assert all(
        row["fgUrl"].endswith(suffix)
        for row in manifest(tmp_path / "ai_pairs", "pairs-manifest.v0.json", "pairs")
    )


def test_files_lie_where_a_path_map_says(tmp_path):
    source = make_pack(tmp_path / "a" / "pack", 3)
    (source / "fg").rename(tmp_path / "fg")
    (source / "bg").rename(tmp_path / "bg")
    with pytest.raises(PackError, match="nothing here can be used"):
        run(Plan(source), tmp_path / "out")
    mapped = PathMap.parse(f"D:\\aidata\\pack={tmp_path}")
    assert run(Plan(source, maps=(mapped,)), tmp_path / "out").pairs == 3


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/mnt/d/aidata/Pack/fg/x.milk", "fg/x.milk"),
        ("D:\\aidata\\pack\\fg\\x.milk", "fg/x.milk"),
        ("/elsewhere/x.milk", "fg/x.milk"),
        ("/mnt/d/pack/../../etc/passwd", "fg/passwd"),
        ("x.milk", "fg/x.milk"),
    ],
)
def test_a_path_of_another_machine_has_its_place_inside_the_pack(path, expected):
    assert inside(path, "pack", "fg") == expected


def test_a_path_is_found_as_it_is_before_the_pack_is_searched(tmp_path):
    (tmp_path / "there.milk").write_bytes(b"x")
    assert (
        locate(str(tmp_path / "there.milk"), tmp_path / "pack", "pack", "fg", ()) == tmp_path / "there.milk"
    )
    assert plain("E:\\a\\b") == plain("/mnt/E/a/b") == "/mnt/e/a/b"


def test_a_folder_of_presets_becomes_a_library_and_nothing_below_it_is_touched(tmp_path):
    source = folder_of(tmp_path / "source", 30)
    folder_of(source / "below", 5, first=100)
    (source / "twin.milk").write_bytes(next(source.glob("*.milk")).read_bytes())
    (source / "empty.milk").write_bytes(b"")
    (source / "large.milk").write_bytes(b"a=1\n" * 100_000)
    (source / "binary.milk").write_bytes(b"MZ\0\0")
    (source / "none.milk").write_bytes(b"no preset")
    (source / "readme.txt").write_text("not a preset")
    (source / "away.milk").symlink_to(tmp_path / "nowhere.milk")
    report = run(Plan(source), tmp_path / "lib")
    assert report.presets == 30
    assert report.refused.total() == 5
    assert {"empty", "large", "binary-nul"} <= set(report.refused.counts)
    assert check_pack(tmp_path / "lib") == []
    assert run(Plan(source, recurse=True), tmp_path / "lib").presets == 35


def test_a_double_preset_becomes_a_pair(tmp_path):
    source = folder_of(tmp_path / "source", 2)
    double = DoublePreset({"blending_pattern": "side"}, ("a", "b"), (made_preset(7), made_preset(8)))
    (source / "double.milk2").write_bytes(write_milk2(double))
    for stage in (True, False):
        report = run(Plan(source, stage=stage), tmp_path / "pack")
        assert (report.pairs, report.presets) == (1, 2)
        assert check_pack(tmp_path / "pack") == []


def test_samples_are_the_same_in_any_order_and_a_list_is_followed(tmp_path):
    source = folder_of(tmp_path / "source", 40)
    names = sorted(path.name for path in source.glob("*.milk"))

    def sampled(sampling: Sampling) -> list[str]:
        run(Plan(source, sampling=sampling), tmp_path / "out")
        rows = manifest(tmp_path / "out", "library-manifest.json", "presets")
        return [row["meta"]["source"] for row in rows]

    assert sampled(Sampling("first", 5)) == names[:5]
    drawn = sampled(Sampling("reservoir", 10, seed=3))
    assert drawn == sampled(Sampling("reservoir", 10, seed=3))
    assert drawn != sampled(Sampling("reservoir", 10, seed=4))
    (source / "zzz.milk").write_bytes(write_milk(made_preset(999)))
    assert len(set(drawn) & set(sampled(Sampling("reservoir", 10, seed=3)))) >= 9
    listed = frozenset({names[3].lower(), names[9].lower()})
    assert sampled(Sampling("list", names=listed)) == [names[3], names[9]]


def test_a_blacklist_of_the_app_is_followed(tmp_path):
    source = folder_of(tmp_path / "source", 4)
    names = sorted(path.name for path in source.glob("*.milk"))
    (tmp_path / "black.json").write_text(
        json.dumps({"version": "v0", "badSourceRelPaths": [f"./{names[0]}"]})
    )
    (tmp_path / "black.txt").write_text(f"# mine\n{names[1]}\n")
    blacklist = Blacklist()
    blacklist.add_file(tmp_path / "black.json")
    blacklist.add_file(tmp_path / "black.txt")
    report = run(Plan(source, blacklist=blacklist), tmp_path / "out")
    assert report.presets == 2
    assert report.refused.counts["blacklisted"] == 2


def test_strict_publishes_nothing_and_a_dry_run_writes_nothing(tmp_path):
    source = make_pack(tmp_path / "pack", 20)
    with pytest.raises(PackError, match="3 of 22 cannot be used"):
        run(Plan(source, strict=True), tmp_path / "out")
    assert not (tmp_path / "out").exists()
    report = run(Plan(source), tmp_path / "dry", dry_run=True)
    assert report.pairs == 19
    assert not list(tmp_path.glob("*dry*"))


class Dying(Reader):
    """A reader that dies at its n-th file."""

    def __init__(self, left: int) -> None:
        super().__init__(Shaders(None))
        self.left = left

    def read(self, path: Path, where: str):
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        return super().read(path, where)


@pytest.mark.parametrize("tear", [0, 9], ids=["whole", "torn"])
def test_an_interrupted_sync_goes_on_and_ends_in_the_same_bytes(tmp_path, tear):
    source = folder_of(tmp_path / "source", 30)
    run(Plan(source), tmp_path / "a" / "pack")
    with pytest.raises(KeyboardInterrupt):
        run(Plan(source), tmp_path / "b" / "pack", reader=Dying(20))
    assert not (tmp_path / "b" / "pack").exists()
    journal = next((tmp_path / "b").rglob(".sync-journal.jsonl"))
    if tear:
        journal.write_bytes(journal.read_bytes()[:-tear])
    counting = Dying(10 + (tear > 0))
    report = run(Plan(source), tmp_path / "b" / "pack", reader=counting)
    assert counting.left == 0
    assert report.resumed == (20 if not tear else 19)
    assert contents(tmp_path / "a" / "pack") == contents(tmp_path / "b" / "pack")


def test_another_plan_does_not_go_on_with_what_was_interrupted(tmp_path):
    source = folder_of(tmp_path / "source", 10)
    with pytest.raises(KeyboardInterrupt):
        run(Plan(source), tmp_path / "pack", reader=Dying(5))
    report = run(Plan(source, sampling=Sampling("first", 8)), tmp_path / "pack")
    assert (report.resumed, report.presets) == (0, 8)
    assert len(list((tmp_path / "pack" / "single").iterdir())) == 8


def test_what_was_not_built_here_is_never_replaced(tmp_path):
    source = folder_of(tmp_path / "source", 2)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(PackError, match="no pack that was built here"):
        run(Plan(source), tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").exists()


def test_names_that_no_url_may_hold_get_others(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for at, name in enumerate(("a?b#c", "back\\slash", "50% off", "ümläut 雨")):
        (source / f"{name}.milk").write_bytes(write_milk(made_preset(at)))
    for stage in (True, False):
        run(Plan(source, stage=stage), tmp_path / "out")
        assert check_pack(tmp_path / "out") == []
        assert len(live_packs.load([tmp_path / "out"]).catalog.packs["out"].presets) == 4


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
