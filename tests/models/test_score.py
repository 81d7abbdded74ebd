"""The scores mean what they say: a perfect tracker, and ones with one known fault each."""

from __future__ import annotations

import json
import sys
from functools import partial

import msgspec
import numpy as np
import pytest
import soundfile

from daemon.cli import main
from dsp.settings import DspSettings

# Not a development requirement: it brings scipy, which numba would load into the live process too.
pytest.importorskip("mir_eval", reason="needs the extra aivjd[models]")

from models.beatnet.metrics import Heard, f_measure, score, time_to_lock
from models.beatnet.score import ask, differences, hear, read_rows, score_folder, summary, table
from models.errors import ModelsError
from models.music.clip import Truth

PERIOD = 0.5
BEATS = [0.5 + PERIOD * i for i in range(60)]


def truth(**more) -> Truth:
    return Truth(
        **{
            "id": "a",
            "category": "four_floor",
            "duration": 31.0,
            "beats": BEATS,
            "downbeats": BEATS[::4],
            "onsets": BEATS,
            "changes": [0.5],
            **more,
        }
    )


def heard(times, ahead=0.06, kind="beat") -> list[Heard]:
    return [Heard(type=kind, time=t, emitted_at=t - ahead) for t in times]


def test_a_perfect_tracker_gets_everything():
    events = heard(BEATS) + heard(BEATS[::4], kind="downbeat") + heard(BEATS, ahead=-0.004, kind="onset")
    events += [Heard(type="tempo", time=1.0, emitted_at=1.0, bpm=120.0)]
    events += [Heard(type="stats", cpu_s=0.31, maxrss_mb=100.0)]
    got = score(truth(), events)
    names = (
        "F_live",
        "F_claim",
        "F25_live",
        "F_level",
        "CMLt",
        "AMLt",
        "tAcc1",
        "tAcc2",
        "F_down",
        "ahead50",
    )
    assert {name: got[name] for name in names} == dict.fromkeys(names, 1.0)
    assert got["On50_live"] == got["On25_live"] == 1.0
    assert got["lock0_s"] == 0.0
    assert got["err_ms"] == pytest.approx(0, abs=1e-6)
    assert got["lag_ms"] == pytest.approx(-60)
    assert got["on_lag_ms"] == pytest.approx(4)
    assert got["cpu"] == pytest.approx(0.01)
    assert not {"relock_s", "F_breakdown", "false_per_min"} & got.keys()


def test_a_beat_counts_when_it_came_out():
    """Claiming the right time 100 ms too late helps nobody; 40 ms too late is in time but loses F25."""
    late, close = score(truth(), heard(BEATS, ahead=-0.1)), score(truth(), heard(BEATS, ahead=-0.04))
    assert (late["F_claim"], late["F_live"]) == (1.0, 0.0)
    assert (close["F_live"], close["F25_live"], close["ahead50"]) == (1.0, 0.0, 0.0)
    assert close["err_ms"] == pytest.approx(40)


@pytest.mark.parametrize(
    ("times", "cmlt", "tacc1"),
    [
        (BEATS[::2], 0.0, 0.0),  # half time
        ([t + PERIOD / 2 for t in BEATS], 0.0, 1.0),  # off the beat: the tempo is right all the same
        (sorted(BEATS + [t + PERIOD / 2 for t in BEATS]), 0.0, 0.0),  # double
    ],
)
def test_another_level_is_told_from_bad_timing(times, cmlt, tacc1):
    got = score(truth(), heard(times))
    assert got["F_live"] < 0.7
    assert got["F_level"] > 0.97
    assert got["AMLt"] > 0.97
    assert got["CMLt"] == cmlt
    assert got["tAcc1"] == pytest.approx(tacc1)
    assert got["tAcc2"] == 1.0


def test_the_tempo_is_the_one_known_at_the_time():
    tempi = [Heard(type="tempo", emitted_at=at, bpm=bpm) for at, bpm in ((16.1, 60.0), (1.0, 124.0))]
    got = score(truth(), heard(BEATS) + tempi)
    judged = [t for t in BEATS[1:] if t >= 5]
    assert got["tAcc1"] == pytest.approx(sum(t <= 16.1 for t in judged) / len(judged))
    assert got["tAcc2"] == 1.0
    assert score(truth(), [*heard(BEATS), Heard(type="tempo", emitted_at=1.0, bpm=125.0)])["tAcc1"] == 0.0


def test_masked_beats_and_the_first_seconds_are_not_judged():
    events = heard([t for t in BEATS if t >= 5 and not 10 <= t < 15])
    assert score(truth(mask=[(10.0, 15.0)]), events)["F_live"] == 1.0
    assert score(truth(), events)["F_live"] < 0.95


def test_time_to_lock_needs_eight_beats_with_one_miss_and_two_extras():
    beats = np.array(BEATS)
    assert time_to_lock(beats, beats[10:], 0.5) == 5.0
    assert time_to_lock(beats, np.delete(beats, [3, 20, 40]), 0.5) == 0.0
    two_missing = np.delete(beats, [3, 5])
    assert time_to_lock(beats, two_missing, 0.5) == 2.0  # from beat 4 on one of eight is missing
    extras = np.sort(np.concatenate((beats, beats[2:5] + 0.2)))
    assert time_to_lock(beats, extras, 0.5) == 1.5  # three extras fall between beats 2 and 5
    assert time_to_lock(beats, beats[:5], 0.5) == 30.0


def test_relock_is_the_mean_over_later_changes():
    lost = [t for t in BEATS if not (10 <= t < 12 or 20 <= t < 23)]
    got = score(truth(changes=[0.5, 10.0, 20.0]), heard(lost))
    assert (got["lock0_s"], got["relock_s"]) == (0.0, 2.5)


def test_breakdowns_are_sections_or_the_mask_of_their_category():
    events = heard([t for t in BEATS if not 10 <= t < 20])
    sections = [(0.0, "groove"), (10.0, "breakdown"), (20.0, "drop")]
    assert score(truth(sections=sections), heard(BEATS))["F_breakdown"] == 1.0
    assert score(truth(sections=sections), events)["F_breakdown"] == 0.0
    assert score(truth(category="breakdown", mask=[(15.0, 25.0)]), events)["F_breakdown"] == pytest.approx(
        2 / 3
    )


def test_beats_in_silence_are_counted_by_the_minute():
    null = Truth(id="n", category="null", duration=30.0, silent=[(0.0, 10.0), (20.0, 30.0)])
    assert score(null, heard([1.0, 5.0, 15.0, 29.0])) == {"false_per_min": 9.0}
    assert score(null, []) == {"false_per_min": 0.0}


def test_soft_onsets_are_neither_right_nor_wrong():
    soft = [t + 0.2 for t in BEATS]
    events = heard(BEATS + soft[:30], kind="onset", ahead=0.0)
    assert score(truth(onsets_dontcare=soft), events)["On50_live"] == 1.0
    assert score(truth(), events)["On50_live"] == pytest.approx(2 * 60 / (60 + 90))


def test_no_beats_at_all_score_zero():
    got = score(truth(), [])
    assert [got[name] for name in ("F_live", "F_level", "CMLt", "AMLt", "tAcc1")] == [0.0] * 5
    assert got["lock0_s"] == 30.0
    assert f_measure(np.array([1.0]), np.array([]), 0.07) == 0.0


@pytest.fixture
def folder(tmp_path):
    rate = 44100
    for name, shift in (("00001", 0.0), ("00002", 0.1)):
        samples = np.zeros((4 * rate, 2), dtype=np.float32)
        beats = [0.5 + shift + 0.25 * i for i in range(12)]
        for at in beats:
            click = np.exp(-np.arange(2000) / 300.0) * np.sin(np.arange(2000) * 0.3)
            samples[round(at * rate) :][:2000] = click[:, None].astype(np.float32) * 0.5
        soundfile.write(tmp_path / f"{name}.flac", samples, rate)
        made = truth(id=name, duration=4.0, beats=beats, onsets=beats)
        told = msgspec.to_builtins(made) | {"onsets_dontcare": None}  # null: not known
        (tmp_path / f"{name}.json").write_text(json.dumps(told))
    return tmp_path


def test_our_analyser_is_heard_in_process(folder):
    got = hear(folder / "00002.flac", DspSettings())
    onsets = [e for e in got if e.type == "onset"]
    assert [e.time for e in onsets] == pytest.approx([0.6 + 0.25 * i for i in range(12)], abs=0.01)
    assert all(0 <= e.emitted_at - e.time < 0.03 for e in onsets)
    assert got[-1].cpu_s > 0


def _every_half_second(audio):
    return heard([0.5 * i for i in range(1, 8)]) if audio.stem == "00001" else []


def test_a_folder_is_scored_in_order_by_two_processes(folder):
    rows = score_folder(folder, _every_half_second)
    assert rows == score_folder(folder, _every_half_second, processes=1)
    assert [row["id"] for row in rows] == ["00001", "00002"]
    assert [row["On50_live"] for row in rows] == [0.0, 0.0]


def test_another_tracker_is_asked_by_command(folder, tmp_path):
    script = tmp_path / "tracker.py"
    script.write_text(
        "import json, sys, soundfile\n"
        "assert soundfile.info(sys.argv[1]).subtype == 'PCM_16'\n"
        "print('ready')\n"
        "print(json.dumps({'type': 'beat', 'time': 1.5, 'emitted_at': 1.4, 'trusted': True}))\n"
    )
    got = ask(folder / "00001.flac", f"{sys.executable} {script} {{wav}}")
    assert [(e.type, e.time, e.emitted_at) for e in got] == [("beat", 1.5, 1.4)]
    with pytest.raises(ModelsError, match="the tracker failed"):
        ask(folder / "00001.flac", f"{sys.executable} -c raise(SystemExit(1))")
    script.write_text("print('{\"type\": 1}')")
    with pytest.raises(ModelsError, match="not an event"):
        ask(folder / "00001.flac", f"{sys.executable} {script}")


def test_what_is_missing_is_said(folder):
    with pytest.raises(ModelsError, match="no clips here"):
        score_folder(folder / "none", _every_half_second)
    whole = (folder / "00001.flac").read_bytes()
    (folder / "00001.flac").write_bytes(b"fLaC")
    with pytest.raises(ModelsError, match=r"00001\.flac: the audio cannot be read"):
        score_folder(folder, partial(hear, settings=DspSettings()), processes=1)
    (folder / "00001.flac").write_bytes(whole)
    (folder / "00002.json").unlink()
    with pytest.raises(ModelsError, match=r"00002\.json: not the truth"):
        score_folder(folder, _every_half_second)
    (folder / "00001.json").write_text('{"id": 3}')
    with pytest.raises(ModelsError, match=r"00001\.json: not the truth"):
        score_folder(folder, _every_half_second, processes=1)


def test_the_table_has_means_medians_and_categories():
    rows = [
        {"id": str(i), "category": "ab"[i % 2], "F_live": f, "err_ms": e}
        for i, (f, e) in enumerate([(1.0, 0.0), (0.5, 90.0), (0.6, 3.0)])
    ]
    assert summary(rows, "F_live") == pytest.approx(0.7)
    assert summary(rows, "err_ms") == 3.0
    assert summary(rows, "CMLt") is None
    assert list(table(rows)) == [
        "| clips | n | F_live | err_ms |",
        "|---|---|---|---|",
        "| all | 3 | 0.700 | 3.0 |",
        "| a | 2 | 0.800 | 1.5 |",
        "| b | 1 | 0.500 | 90.0 |",
    ]


def test_differences_are_paired_by_clip(tmp_path):
    """Clips differ by far more than trackers: only pairing shows a gain that every clip has."""
    rng = np.random.default_rng(1)
    base = rng.uniform(0.2, 0.8, 40)
    mine = [
        {"id": i, "category": "x", "F_live": f + g, "CMLt": f}
        for i, (f, g) in enumerate(zip(base, rng.uniform(0, 0.1, 40), strict=True))
    ]
    theirs = [
        {"id": i, "category": "x", "F_live": f, "CMLt": f + n}
        for i, (f, n) in enumerate(zip(base, rng.normal(0, 0.1, 40), strict=True))
    ]
    (tmp_path / "theirs.json").write_text(json.dumps(theirs[::-1]))
    gain, noise = differences(
        [*mine, {"id": 99, "category": "x", "F_live": 1.0}], read_rows(tmp_path / "theirs.json")
    )
    assert (gain.column, gain.clips, gain.resolved) == ("F_live", 40, True)
    assert gain.low < gain.mean < gain.high
    assert gain.mean == pytest.approx(0.05, abs=0.01)
    assert not noise.resolved
    with pytest.raises(ModelsError, match="not a file of results"):
        read_rows(tmp_path)


def test_the_command_scores_a_folder_and_compares(folder, tmp_path, capsys):
    script = tmp_path / "tracker.py"
    script.write_text('print(\'{"type": "onset", "time": 0.5, "emitted_at": 0.5}\')')
    other = ["models", "score-beats", str(folder), "--cmd", f"{sys.executable} {script} {{wav}}", "--json"]
    assert main(other) == 0
    theirs = tmp_path / "theirs.txt"
    theirs.write_text(capsys.readouterr().out)
    assert main(["models", "score-beats", str(folder), "--jobs", "1", "--against", str(theirs)]) == 0
    printed = capsys.readouterr().out
    assert "| all | 2 |" in printed
    assert "| On50_live | 2 | +" in printed
    assert main(["models", "score-beats", str(tmp_path / "none")]) == 2
    assert "no clips here" in capsys.readouterr().err
