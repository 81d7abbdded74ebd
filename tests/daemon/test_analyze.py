"""`aivjd analyze`: the contract that trackers are judged by."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from daemon.cli import main
from daemon.demo_track import beats

RATE = 44100
START_S, SECONDS = 0.0, 24.0
CUT_S = 15.0


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, music: Callable[..., np.ndarray]) -> Path:
    path = tmp_path_factory.mktemp("clips") / "clip.wav"
    soundfile.write(path, music(START_S, SECONDS, RATE) << 8, RATE, subtype="PCM_16")
    return path


def analyzed(path: Path, capsys: pytest.CaptureFixture[str], *more: str) -> list[dict[str, Any]]:
    assert main(["analyze", "--jsonl", *more, str(path)]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_every_line_keeps_the_contract(clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = analyzed(clip, capsys)
    *events, stats = lines
    assert stats["type"] == "stats"
    assert stats["audio_s"] == pytest.approx(SECONDS, abs=0.01)
    assert stats["cpu_s"] > 0
    assert stats["maxrss_mb"] > 0
    assert {e["type"] for e in events} >= {"beat", "onset", "tempo", "section", "state"}
    assert [e["emitted_at"] for e in events] == sorted(e["emitted_at"] for e in events)
    for event in events:
        if event["type"] in ("beat", "downbeat"):
            assert event["time"] > event["emitted_at"]  # announced ahead
        elif event["type"] == "onset":
            assert 0 <= event["emitted_at"] - event["time"] < 0.03


def test_the_beats_are_those_of_the_track(clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    times = [e["time"] for e in analyzed(clip, capsys) if e["type"] == "beat" and e["trusted"]]
    truth = np.array(beats())
    errors = [float(np.min(np.abs(truth - (START_S + time)))) for time in times]
    assert len(times) >= 15
    assert float(np.median(errors)) < 0.02
    assert np.mean(np.array(errors) < 0.07) > 0.9


def test_it_is_causal_and_does_not_depend_on_blocks(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = analyzed(clip, capsys)[:-1]
    assert analyzed(clip, capsys, "--block", "441")[:-1] == whole
    samples, _ = soundfile.read(clip, dtype="int16")
    cut = tmp_path / "cut.wav"
    soundfile.write(cut, samples[: int(CUT_S * RATE)], RATE, subtype="PCM_16")
    until = CUT_S - 0.05
    early = [e for e in whole if e["emitted_at"] <= until]
    assert len(early) > 50
    assert [e for e in analyzed(cut, capsys)[:-1] if e["emitted_at"] <= until] == early


def test_it_reads_well_without_json(clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", str(clip)]) == 0
    out = capsys.readouterr().out
    assert "beat" in out
    assert "section" in out
    assert out.splitlines()[-1].startswith("stats:")
