"""`aivjd bench hop` says what it costs, with aubio beside it where there is one."""

from __future__ import annotations

import json
import sys

import pytest

from daemon.bench import hop
from daemon.cli import main


@pytest.fixture(autouse=True)
def short(monkeypatch, demo_pack):
    monkeypatch.setattr(hop, "SECONDS", 4)
    monkeypatch.chdir(demo_pack.parents[2])


def test_hearing_stands_beside_aubio(capsys):
    pytest.importorskip("aubio", reason="needs the extra aivjd[aubio]")
    assert main(["bench", "hop", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    for name in ("hearing", "deciding", "aubio"):
        row = result[name]
        assert 0 < row["p50"] <= row["p99"] <= row["max"]
    # The mean over hops is the share of a core; a median over seconds lies near the quotient of the means.
    means = result["hearing"]["cpuSPerS"] / result["aubio"]["cpuSPerS"]
    assert result["hearingToAubio"] == pytest.approx(means, rel=0.5)
    assert 30 < result["analyze"]["residentMb"] < 1000


def test_without_aubio_there_is_no_comparison(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "aubio", None)
    assert main(["bench", "hop"]) == 0
    printed = capsys.readouterr().out
    assert "aubio is not installed" in printed
    assert "hearing costs" not in printed
    assert "CPU s per s of audio" in printed
