"""Club music made to train with: what its truth says is where its samples are."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile

from models.errors import ModelsError
from models.music import electronic, transitions
from models.music.clip import Clip, Split, Truth, random_for
from models.music.club.drums import Kit
from models.music.club.rhythm import Swing, euclid
from models.music.club.splits import family, share
from models.music.club.styles import STYLES
from models.music.club.synths import METHODS, Instrument
from models.music.club.timeline import Timeline
from models.music.edits import cropped, varispeed
from models.music.make import KINDS, Plan, make_folder, make_planned

RATE = 44100
ROLES = ("kick", "snare", "clap", "hat", "open", "shaker", "ride", "crash", "perc0", "perc1")


def electronic_clip(category: str, seed: int = 1, split: Split = "train") -> Clip:
    return electronic.make(random_for(seed, category), split, category)


def rise_ms(sound: np.ndarray, share_of_peak: float) -> float:
    """When a sound first exceeds a share of the peak of its first 50 ms."""
    level = np.abs(sound[: RATE // 20])
    return float(np.argmax(level > share_of_peak * level.max())) / RATE * 1000


@pytest.mark.parametrize("role", ROLES)
def test_drum_hits_start_at_their_first_sample(role: str) -> None:
    for number in range(1, 60, 5):
        for hit in Kit(number, RATE).layers(role):
            assert np.isfinite(hit).all()
            assert rise_ms(hit, 0.01) <= 0.2
            assert rise_ms(hit, 0.1) <= 2.0


@pytest.mark.parametrize("role", [role for role in METHODS if role != "pad"])
def test_notes_start_at_their_first_sample(role: str) -> None:
    for number in range(1, 60, 5):
        note = Instrument(role, number, RATE).note((45 if role == "bass" else 64,), 0.3, 0.8)
        assert np.isfinite(note).all()
        assert rise_ms(note, 0.01) <= 2.0
        assert rise_ms(note, 0.1) <= 6.0


def test_pads_swell_and_say_so() -> None:
    assert all(Instrument("pad", number, RATE).slow for number in range(1, 60, 5))


@pytest.mark.parametrize("category", electronic.CATEGORIES)
def test_a_clip_of_each_category_is_sound_and_its_truth_consistent(category: str) -> None:
    clip = electronic_clip(category)
    check(clip)
    assert clip.truth.category == category
    assert 0.5 < np.max(np.abs(clip.samples)) <= 1.0


def check(clip: Clip) -> None:
    truth = clip.truth
    assert clip.samples.dtype == np.float32
    assert clip.samples.shape == (round(truth.duration * clip.rate), 2)
    assert np.isfinite(clip.samples).all()
    assert set(truth.downbeats) <= set(truth.beats)
    for times in (
        truth.beats,
        truth.onsets,
        truth.changes,
        truth.onsets_dontcare,
        *truth.onsets_by_class.values(),
    ):
        assert times == sorted(times)
        assert all(0 <= time < truth.duration for time in times)
    for a, b in zip(truth.beats[:-1], truth.beats[1:], strict=True):  # pieces may change right after a beat
        changing = any(a < change <= b for change in truth.changes)
        assert b - a > 0.25 or changing or any(start < b < end for start, end in truth.mask)
    for before, after in zip(truth.tempo[:-1], truth.tempo[1:], strict=True):
        assert before[1] <= after[0] + 1e-6
    assert all(0 <= start < end <= truth.duration + 1e-9 for start, end in (*truth.mask, *truth.silent))


def test_beats_follow_the_stated_tempo() -> None:
    for category in ("four_floor", "tempo_ramp", "live"):
        truth = electronic_clip(category).truth
        for a, b in zip(truth.beats[:-1], truth.beats[1:], strict=True):
            spans = [span for span in truth.tempo if span[0] <= 0.5 * (a + b) < span[1]]
            start, end, first, last = spans[0]
            bpm = first + (last - first) * (0.5 * (a + b) - start) / (end - start)
            assert 60 / (b - a) == pytest.approx(bpm, rel=0.02)


def test_kicks_of_four_on_the_floor_fall_on_beats() -> None:
    truth = electronic_clip("four_floor", seed=3).truth
    kicks, beats = np.array(truth.onsets_by_class["kick"]), np.array(truth.beats)
    away = np.min(np.abs(kicks[:, None] - beats), axis=1)
    assert np.mean(away < 0.004) > 0.7  # the others are ghosts and fills


def test_a_breakdown_is_followed_by_a_change() -> None:
    truth = electronic_clip("breakdown").truth
    names = [name for _, name in truth.sections]
    drop = next(time for time, name in truth.sections if name == "drop")
    assert names.index("breakdown") < names.index("drop")
    assert any(abs(drop - change) < 1e-6 for change in truth.changes)
    assert any(drop - 0.7 < beat < drop for beat in truth.beats), "beats go on through the breakdown"


def test_the_splits_share_no_family() -> None:
    for kind, names in (("kick", STYLES["breakbeat"][0].kicks), ("bass", STYLES["four_floor"][0].basses)):
        assert share("train", kind, names)
        assert share("valid", kind, names)
        assert not set(share("train", kind, names)) & set(share("valid", kind, names))
    rng = random_for(1)
    train, valid = ({family(rng, split) % 5 for _ in range(50)} for split in ("train", "valid"))
    assert valid == {0}
    assert 0 not in train


def test_the_same_numbers_make_the_same_samples_and_others_do_not() -> None:
    plan = Plan(5, "train", ("electronic",), clean=True)
    first, again, other = make_planned(plan, 2), make_planned(plan, 2), make_planned(plan, 3)
    assert np.array_equal(first.samples, again.samples)
    assert first.truth == again.truth
    assert other.truth.beats != first.truth.beats


@pytest.mark.parametrize("category", transitions.CATEGORIES)
def test_changes_between_pieces_keep_truth_consistent(category: str) -> None:
    pieces = [electronic_clip("four_floor", seed) for seed in (1, 2)]
    for seed in range(6):
        rng = random_for(seed, category)
        clip = transitions.make(rng, category, lambda rng: pieces[int(rng.integers(2))])
        check(clip)
        assert len(clip.truth.changes) >= 1
        if category == "music_gap":
            (start, end), *_ = clip.truth.silent
            assert not any(start <= time < end for time in (*clip.truth.beats, *clip.truth.onsets))
            assert any(change > end for change in clip.truth.changes)


def test_cropping_and_varispeed_move_truth_with_the_samples() -> None:
    clip = electronic_clip("four_floor", seed=3)
    kick = next(time for time in clip.truth.onsets_by_class["kick"] if time > 3)
    later = cropped(clip, 2.0, 20.0)
    assert min(abs(time - (kick - 2.0)) for time in later.truth.onsets_by_class["kick"]) < 1e-6
    at = round(kick * clip.rate)
    assert np.array_equal(clip.samples[at : at + 100], later.samples[at - 2 * clip.rate :][:100])
    faster = varispeed(clip, 1.1)
    assert min(abs(time - kick / 1.1) for time in faster.truth.onsets_by_class["kick"]) < 1e-6
    assert faster.truth.tempo[0][2] == pytest.approx(1.1 * clip.truth.tempo[0][2])


def test_a_timeline_inverts_a_ramp() -> None:
    line = Timeline.ramp(120, 132, 5.0, 10.0, 1.0)
    # 4 s at 2 beats a second, 10 s at 2.1 on average, then 2.2.
    assert line.seconds(np.array([0.0, 8.0, 29.0, 31.2])) == pytest.approx([1.0, 5.0, 15.0, 16.0])


def test_swing_moves_the_second_of_a_pair_alone() -> None:
    swing = Swing(pair=1.0, ratio=2 / 3)
    assert [swing.warp(beat) for beat in (0.0, 0.5, 1.0, 1.5)] == pytest.approx([0.0, 2 / 3, 1.0, 5 / 3])
    assert euclid(3, 8, 0) == "x..x..x."


def test_a_folder_is_resumed_and_refuses_another_plan(tmp_path: Path) -> None:
    plan = Plan(1, "valid", ("electronic",), clean=True)
    manifest = make_folder(tmp_path, plan, 2 * 46 / 3600)
    assert (manifest.clips, manifest.split) == (2, "valid")
    truth = msgspec.json.decode((tmp_path / "00001.json").read_bytes(), type=Truth)
    samples, rate = soundfile.read(tmp_path / "00001.flac", dtype="float32")
    assert len(samples) == round(truth.duration * rate)
    assert np.max(np.abs(samples - make_planned(plan, 1).samples)) < 1e-4
    stamp = (tmp_path / "00000.flac").stat().st_mtime_ns
    (tmp_path / "00001.json").unlink()
    assert make_folder(tmp_path, plan, 2 * 46 / 3600) == manifest
    assert (tmp_path / "00000.flac").stat().st_mtime_ns == stamp
    with pytest.raises(ModelsError, match="holds clips of seed 1"):
        make_folder(tmp_path, Plan(2, "valid", ("electronic",), clean=True), 0.01)


def test_unknown_kinds_and_categories_are_refused() -> None:
    with pytest.raises(ModelsError, match="kinds of clips"):
        make_planned(Plan(1, "train", ("whales",)), 0)
    with pytest.raises(ModelsError, match="no category 'polka'"):
        electronic.make(random_for(1), "train", "polka")
    assert sum(KINDS.values()) == pytest.approx(1.0)
