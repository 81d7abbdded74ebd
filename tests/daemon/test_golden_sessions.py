"""Three recorded shows replay to the recorded bytes: whoever changes a byte of a pick sees it here."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from daemon.bench.outputs import outputs
from daemon.session import SessionReader
from daemon.verify import verify

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"
NAMES = ("steady", "tempo", "device")
ADVICE = (
    "\nSomething that decides was changed. `make golden` shows which picks that changes; "
    "if it is what you mean, `make golden GOLDEN_ARGS=--yes` records the sessions anew."
)


def records(name: str, log: str) -> list[dict]:
    return SessionReader(GOLDEN / name).records(log)


@pytest.mark.parametrize("name", NAMES)
def test_it_replays_to_the_same_bytes(name: str) -> None:
    """Also under other code than recorded it, as long as that code gives the same bytes."""
    verdict = verify(SessionReader(GOLDEN / name))
    assert verdict.identical, f"{name}: {verdict.cause} at {verdict.where}: {verdict.message}{ADVICE}"
    assert verdict.clean_end
    assert not verdict.unverified


@pytest.mark.parametrize("name", NAMES)
def test_every_snapshot_and_the_state_behind_them_are_the_same(name: str) -> None:
    told = json.loads((GOLDEN / "hashes.json").read_text(encoding="ascii"))[name]
    found = msgspec.structs.asdict(outputs(SessionReader(GOLDEN / name), block=441))
    if SessionReader(GOLDEN / name).header.code != code():
        told.pop("state"), found.pop("state")  # other code may keep other things in mind
    differ = [part for part in told if told[part] != found[part]]
    assert not differ, f"{name}: other {', '.join(differ)}{ADVICE}"


def code() -> str:
    from daemon.fingerprint import code_sha256

    return code_sha256()


def test_they_are_small_and_all_there() -> None:
    assert sorted(path.parent.name for path in GOLDEN.glob("*/session.json")) == sorted(NAMES)
    assert sum(path.stat().st_size for path in GOLDEN.rglob("*") if path.is_file()) < 3_200_000


def test_they_still_hold_what_they_are_for() -> None:
    """Where the network hears better or worse, these must still be sessions about something."""
    for name in NAMES:
        picks = [record for record in records(name, "picks") if record["type"] == "pick"]
        assert len(picks) >= 6, name
        assert sum(record["type"] == "beat" for record in records(name, "events")) >= 40, name
    steady = {record["section"] for record in records("steady", "events") if record["type"] == "section"}
    assert {"breakdown", "drop"} <= steady
    beats = [r["tempoBpm"] for r in records("tempo", "events") if r["type"] == "beat" and r["trusted"]]
    assert min(beats) < 115
    assert max(beats) > 134
    inputs = records("device", "inputs")
    kinds = Counter(record["type"] for record in inputs)
    assert min(kinds[kind] for kind in ("command", "ack", "report", "device", "overflow", "state")) >= 1
    assert {"hold", "ban", "mode"} <= {record.get("verb") for record in inputs}
    assert "failed" in {record.get("phase") for record in inputs}
    outcomes = {(r["outcome"], r.get("reason")) for r in records("device", "picks") if r["type"] == "outcome"}
    assert {("failed", "no such file"), ("failed", "dark")} <= outcomes
    states = {record.get("audioState") for record in records("device", "events")}
    assert {"live", "stalled"} <= states


def test_other_code_with_the_same_bytes_is_noted_and_fine(tmp_path: Path) -> None:
    folder = tmp_path / "steady"
    shutil.copytree(GOLDEN / "steady", folder)
    header = json.loads((folder / "session.json").read_bytes())
    header["code"] = "0" * 64
    (folder / "session.json").write_text(json.dumps(header), encoding="utf-8")
    verdict = verify(SessionReader(folder))
    assert verdict.identical
    assert any("recorded by other code" in note for note in verdict.notes)


def test_other_picks_are_shown_before_they_are_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Here the old session has another seed, as if draws had been changed."""
    from tests.golden.regenerate import main, record
    from tests.golden.scenes import SCENES

    old = tmp_path / "steady"
    record(SCENES[0]._replace(seed=77), old)
    before = (old / "picks.jsonl").read_bytes()
    assert main(["steady", "--into", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert " x " in said
    assert "% the same" in said
    assert "Nothing was written" in said
    assert (old / "picks.jsonl").read_bytes() == before
    assert main(["steady", "--into", str(tmp_path), "--yes"]) == 0
    assert f"written to {old}" in capsys.readouterr().out
    assert (old / "picks.jsonl").read_bytes() == (GOLDEN / "steady" / "picks.jsonl").read_bytes(), ADVICE
    assert main(["steady", "--into", str(tmp_path)]) == 0
    assert "the same bytes as before" in capsys.readouterr().out
