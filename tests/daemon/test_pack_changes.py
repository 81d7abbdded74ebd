"""Packs change while the show runs: an input like any other, so that the session replays and verifies."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from sessions import HOP, RATE, copied, header_of, record
from studio import Studio, judged, until

from daemon import verify as verifying
from daemon.bench.running import RunningDaemon
from daemon.cli import main
from daemon.errors import AivjdError
from daemon.pack_watch import read, signature, watch
from daemon.packs import Loaded, load
from daemon.session import SessionReader
from daemon.settings import RecordSettings
from daemon.verify import verify
from selector.catalog import Catalog, Pack, Table

SECONDS = 24
CHANGES = (7.0, 13.0)  # with a state between them, and folders that begin after each
MANIFEST = "pairs-manifest.v0.json"


def at(second: float) -> int:
    return int(second * RATE) // HOP * HOP


@pytest.fixture(scope="module")
def versions(demo_pack: Path) -> list[Catalog]:
    """The demo pack, half of its pairs with a measured motion, the other half."""
    whole = load([demo_pack]).catalog
    rows = [replace(row, motion=100_000) for row in whole.packs["demo"].pairs.rows]
    halves = [
        Catalog([Pack("demo", Table("pair", "demo", rows[half::2]), whole.packs["demo"].presets)])
        for half in (0, 1)
    ]
    return [whole, *halves]


@pytest.fixture(scope="module")
def inputs(versions: list[Catalog]) -> list[dict[str, Any]]:
    changes = [
        {"type": "packs", "sample": at(second), "sha256": catalog.sha256}
        for second, catalog in zip(CHANGES, versions[1:], strict=True)
    ]
    commands = [
        {"type": "command", "sample": at(second), "verb": "next", "origin": "test"}
        for second in (3, 6, 9, 12, 15, 20)
    ]
    return sorted((*changes, *commands), key=lambda each: int(each["sample"]))


@pytest.fixture(scope="module")
def recorded(
    tmp_path_factory: pytest.TempPathFactory,
    demo_pack: Path,
    versions: list[Catalog],
    inputs: list[dict[str, Any]],
    music: Callable[..., np.ndarray],
) -> list[Path]:
    """One session of two folders; the second begins after both changes."""
    folder = tmp_path_factory.mktemp("packs") / "night"
    header, sound = header_of(demo_pack), music(54, SECONDS)
    return record(folder, header, sound, inputs, state_s=5, rotate_s=16, stock=versions)


@pytest.fixture
def session(recorded: list[Path], tmp_path: Path) -> Path:
    return copied(recorded[0], tmp_path / "session")


def test_picks_come_from_the_packs_as_they_were_then(recorded: list[Path], versions: list[Catalog]) -> None:
    picks = [
        line
        for folder in recorded
        for line in SessionReader(folder).records("picks")
        if line["type"] == "pick"
    ]
    assert len(picks) > 5
    seen = set()
    for pick in picks:
        number = sum(pick["sample"] > at(second) for second in CHANGES)
        seen.add(number)
        assert pick["catalog"] == versions[number].sha256[:16]
        assert versions[number].packs["demo"].pairs.index_of[pick["pair"]] == pick["index"]
    assert seen == {0, 1, 2}


@pytest.mark.parametrize("jobs", [1, 2])
def test_it_verifies_in_one_piece_and_in_stretches(
    recorded: list[Path], versions: list[Catalog], jobs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "WORTH_S", 1.0)
    for folder in recorded:
        verdict = verify(SessionReader(folder), jobs=jobs)
        assert verdict.identical, (verdict.cause, verdict.where, verdict.message)
    assert SessionReader(recorded[1]).header.catalog_sha256 == versions[2].sha256
    assert len(list((recorded[0] / "catalogs").iterdir())) == 2
    assert verdict.states >= 1


@pytest.mark.parametrize("damage", ["edit", "swap", "remove"])
def test_a_catalogue_that_is_not_the_recorded_one_is_named(
    session: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = sorted((session / "catalogs").iterdir())
    match damage:
        case "edit":
            data = json.loads(one.read_bytes())
            data["packs"]["demo"]["pairs"][0]["warp"] += 1
            one.write_text(json.dumps(data))
        case "swap":
            one.write_bytes(other.read_bytes())
        case "remove":
            one.unlink()
    assert main(["verify", "--jobs", "1", str(session)]) == 1
    said = capsys.readouterr().out
    assert "diverged (catalogue)" in said
    assert one.name in said


def test_a_change_of_packs_that_is_left_out_is_seen(session: Path) -> None:
    """The chain is not even needed: without it picks come from what was gone."""
    lines = (session / "inputs.jsonl").read_bytes().splitlines(keepends=True)
    (session / "inputs.jsonl").write_bytes(b"".join(line for line in lines if b'"packs"' not in line))
    assert main(["verify", "--jobs", "1", str(session)]) == 1


def test_a_replay_is_a_session_again_that_verifies(recorded: list[Path], tmp_path: Path) -> None:
    assert main(["replay", str(recorded[0]), "--out", str(tmp_path / "again")]) == 0
    assert (tmp_path / "again" / "picks.jsonl").read_bytes() == (recorded[0] / "picks.jsonl").read_bytes()
    assert len(list((tmp_path / "again" / "catalogs").iterdir())) == 2


def test_other_packs_given_instead_stay(recorded: list[Path], demo_pack: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    assert (
        main(["replay", str(recorded[0]), "--pack", str(demo_pack), "--seed", "5", "--out", str(again)]) == 0
    )
    assert not (again / "catalogs").exists()
    whole = load([demo_pack]).catalog.sha256[:16]
    assert {line["catalog"] for line in SessionReader(again).records("picks") if line["type"] == "pick"} == {
        whole
    }


def test_it_is_compared_exported_and_explained(
    recorded: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diff", str(recorded[0])]) == 0
    assert main(["export", str(recorded[0]), "--what", "log"]) == 0
    log = capsys.readouterr().out
    assert log.count(" m=") > 2, log
    assert main(["explain", str(recorded[0])]) == 0


def test_recorder_and_flight_recorder_keep_what_packs_changed_to(
    tmp_path: Path, demo_pack: Path, versions: list[Catalog], music: Callable[..., np.ndarray]
) -> None:
    """In folders that begin before and after the change, and in the last seconds saved around it."""
    settings = RecordSettings(keep_free_gb=0, state_s=2.0, rotate_min=0.1, flight_min=0.1)
    studio = Studio(demo_pack, tmp_path / "sessions", settings)
    studio.engine.catalogue_of = {catalog.sha256: catalog for catalog in versions}.__getitem__
    sound = music(54, 16)
    for number, second in ((1, 3.0), (2, 11.0)):
        studio.recording.restock(versions[number].to_json())
        change = {"type": "packs", "sample": at(second), "sha256": versions[number].sha256}
        studio.play(sound[(number - 1) * 8 * RATE : number * 8 * RATE], [change])

    async def save() -> None:
        studio.recording.save(tmp_path / "sessions")
        studio.tick()
        while not studio.recording.describe()["saved"]:
            await asyncio.sleep(0.02)

    asyncio.run(save())
    studio.end()
    folders = sorted(
        folder for folder in (tmp_path / "sessions").iterdir() if not folder.name.endswith(".part")
    )
    until(lambda: all(SessionReader(folder).closed for folder in folders))
    assert len(folders) >= 2
    assert any("flight" in folder.name for folder in folders)
    named = set()
    for folder in folders:
        verdict = judged(folder)
        assert verdict.identical, (folder.name, verdict.cause, verdict.where, verdict.message)
        named |= {SessionReader(folder).header.catalog_sha256, *(f.stem for f in folder.glob("catalogs/*"))}
    assert named == {catalog.sha256 for catalog in versions}


# -- the files are watched


@pytest.fixture
def pack(demo_pack: Path, tmp_path: Path) -> Path:
    """A copy of the demo pack that may be changed."""
    return Path(shutil.copytree(demo_pack, tmp_path / "demo"))


def test_a_version_that_cannot_be_used_is_refused_with_its_reason(pack: Path) -> None:
    before = signature([pack])
    (pack / MANIFEST).write_text('{"pack":"demo","pairs":[')
    assert signature([pack]) != before
    with pytest.raises(AivjdError, match=MANIFEST):
        read([pack], ["demo"])


def test_it_is_read_once_it_is_written_and_again_where_nobody_took_it(
    pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.pack_watch.WATCH_S", 0.05)
    taken: list[Loaded] = []
    warnings: list[str] = []

    def restock(loaded: Loaded) -> bool:
        taken.append(loaded)
        return len(taken) > 1

    async def scene() -> None:
        watching = asyncio.create_task(watch([pack], lambda: ["demo"], restock, warnings.append))
        await asyncio.sleep(0.3)
        assert not taken
        good = (pack / MANIFEST).read_bytes()
        (pack / MANIFEST).write_text("{")
        while not warnings:
            await asyncio.sleep(0.02)
        assert not taken
        manifest = json.loads(good)
        manifest["pairs"] = manifest["pairs"][:7]
        (pack / MANIFEST).write_text(json.dumps(manifest))
        while len(taken) < 2:
            await asyncio.sleep(0.02)
        watching.cancel()

    asyncio.run(asyncio.wait_for(scene(), 60))
    assert "those before stay" in warnings[0]
    assert MANIFEST in warnings[0]
    assert [len(loaded.catalog.packs["demo"].pairs) for loaded in taken] == [7, 7]


@pytest.mark.slow
def test_a_running_show_takes_them_up_and_its_session_verifies(pack: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[osc]\nin_port = 0\n[selector.director]\nmin_dwell_sec = 1.0\nmax_dwell_sec = 2.0\n")
    sessions = tmp_path / "sessions"
    with RunningDaemon(
        "--config", str(config), "--input", "demo", "--pack", str(pack), "--record", str(sessions)
    ) as daemon:
        time.sleep(2)
        manifest = json.loads((pack / MANIFEST).read_bytes())
        manifest["pairs"] = manifest["pairs"][::2]
        (pack / MANIFEST).write_text(json.dumps(manifest))
        until(lambda: any("packs have changed" in line for line in daemon.lines), 30)
        time.sleep(6)
    [folder] = sessions.iterdir()
    reader = SessionReader(folder)
    changes = [line for line in reader.records("inputs") if line["type"] == "packs"]
    assert [line["sha256"] for line in changes] == [load([pack]).catalog.sha256]
    after = [
        line
        for line in reader.records("picks")
        if line["type"] == "pick" and line["sample"] > changes[0]["sample"]
    ]
    assert after
    assert {line["catalog"] for line in after} == {changes[0]["sha256"][:16]}
    assert verify(reader).identical
