"""The same bytes whatever the block size, threads, processes, numpy's variants, place and hash seed.

A quick subset of `make matrix`, each row in processes of its own; the rest compiles kernels for others.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from daemon.bench import abroad
from daemon.bench.circumstances import Row, environment, rows
from daemon.bench.determinism import Result, differing, excerpt, run, table, write_between
from daemon.errors import UsageError

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture(scope="module")
def drop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session around the first drop of the demo track."""
    return excerpt(tmp_path_factory.mktemp("drop"), (56, 68))


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory, drop: Path) -> list[Result]:
    """The quick rows over a golden session and an excerpt of the demo track."""
    scratch = tmp_path_factory.mktemp("matrix")
    return run([row for row in rows(scratch) if row.quick], [GOLDEN / "device", drop], scratch / "kernels")


def test_every_row_gives_the_same_bytes(results: list[Result]) -> None:
    assert {"block", "threads", "numpy", "place", "Python"} <= {result.group for result in results}
    for result in results:
        assert result.good, (result.name, result.failed, result.differs)
        assert result.said or result.missing, result.name


def test_the_reference_is_the_recorded_one(results: list[Result]) -> None:
    told = json.loads((GOLDEN / "hashes.json").read_text(encoding="ascii"))
    device = [one for one in results[0].said if one["session"] == "device"]
    found = differing(device, told)
    assert all(found_part.endswith("state") for found_part in found), "see `make golden`"


def test_what_was_varied_really_was(results: list[Result]) -> None:
    """Each process says what it saw, so that a variable that nobody reads any more is noticed."""
    seen = {f"{result.group} {result.name}": result for result in results}
    for name, result in seen.items():
        if result.missing:
            continue
        if "numpy" in name:
            assert "numpyDispatch none" in result.evidence
        if "de_DE" in name:
            assert "decimalPoint ','" in result.evidence
            assert "CE" in result.evidence
    assert len(seen["threads two engines in two threads"].said) == 4


def test_a_difference_is_found_and_named(results: list[Result], drop: Path, tmp_path: Path) -> None:
    """A row that differs: here its session has another seed."""
    other = tmp_path / "excerpt"
    shutil.copytree(drop, other)
    text = (other / "session.json").read_text(encoding="utf-8")
    (other / "session.json").write_text(text.replace('"seed": 5', '"seed": 6'), encoding="utf-8")
    truth = {one["session"]: one for one in results[0].said}
    wrong = run([Row("x", "another seed")], [other], tmp_path)[0]
    wrong.differs = differing(wrong.said, truth)
    assert wrong.differs == ["excerpt: picks, state"]  # what is heard is the same
    assert not wrong.good
    assert "| **differ** in excerpt: picks, state |" in table([results[0], wrong])


def test_a_process_that_fails_is_no_success(tmp_path: Path) -> None:
    failed = run([Row("reference", "no such session")], [tmp_path / "nothing"], tmp_path)[0]
    assert not failed.good
    assert "no session here" in failed.failed


def test_rows_run_in_an_environment_of_their_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NUMBA_OPT", "1")
    monkeypatch.setenv("PYTHONHASHSEED", "5")
    monkeypatch.setenv("LC_ALL", "C")
    plain = environment(Row("reference", "a"), tmp_path)
    assert {"NUMBA_OPT", "PYTHONHASHSEED", "LC_ALL"}.isdisjoint(plain)
    own = environment(Row("numba", "b", {"NUMBA_OPT": "2"}, kernels="opt2"), tmp_path)
    assert (own["NUMBA_OPT"], own["NUMBA_CACHE_DIR"]) == ("2", str(tmp_path / "opt2"))


def test_the_table_goes_between_its_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- matrix -->\nold\n<!-- end of matrix -->\nafter\n", encoding="utf-8")
    write_between(page, "matrix", "new")
    assert page.read_text(encoding="utf-8") == "before\n<!-- matrix -->\nnew\n<!-- end of matrix -->\nafter\n"
    with pytest.raises(UsageError, match="no place"):
        write_between(page, "arm", "new")


def test_two_machines_are_compared(
    results: list[Result], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As tools/arm.sh does: what this machine told, once as it is and once with another snapshot."""
    conditions = {
        **dict.fromkeys(("machine", "python", "numpy", "numba", "numbaCpu"), "x"),
        "numpyDispatch": [],
    }
    told = {"conditions": conditions, "cpuSec": 1.0, "outputs": results[0].said}
    here, there = tmp_path / "here.json", tmp_path / "there.json"
    here.write_text(json.dumps(told), encoding="utf-8")
    there.write_text(json.dumps(told), encoding="utf-8")
    assert abroad.main([str(here), str(there)]) == 0
    other = [{**results[0].said[0], "snapshots": "0" * 64}, *results[0].said[1:]]
    there.write_text(json.dumps({**told, "outputs": other}), encoding="utf-8")
    assert abroad.main([str(here), str(there)]) == 1
    assert "| device | same | same | **differs** | same |" in capsys.readouterr().out
