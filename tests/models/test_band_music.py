"""Band music: what truth says is what sounds, and validation shares no material with training."""

from __future__ import annotations

import numpy as np
import pytest

from models.music import band, negatives
from models.music.clip import Clip, random_for
from models.music.machine import FONTS, MissingPackageError, espeak, fluidsynth, font_path
from models.music.score.composer import compose
from models.music.score.styles import DRUM_KEYS, Style
from models.music.score.tempo import TempoMap
from models.music.score.train import TRAIN
from models.music.score.valid import VALID
from models.music.soundfont import DRUMS, Note, Synth, Voice


@pytest.fixture(scope="module")
def _sounds() -> None:
    try:
        fluidsynth()
        espeak()
        for font in FONTS:
            font_path(font)
    except MissingPackageError as error:
        pytest.skip(f"made music: {error}")


def _ids(styles: tuple[Style, ...]) -> list[str]:
    return [style.name for style in styles]


def test_steady_tempo_puts_beats_where_arithmetic_says() -> None:
    tempo = TempoMap(np.full(9, 120.0), 1.0)
    assert [tempo.time(beat) for beat in (-1, 0, 0.5, 3, 8, 9)] == pytest.approx([0.5, 1, 1.25, 2.5, 5, 5.5])
    assert tempo.segments() == [(1.0, 5.0, 120.0, 120.0)]


def test_a_ramp_is_linear_in_time_and_holds_its_number_of_beats() -> None:
    tempi = np.linspace(60.0, 140.0, 5)
    tempo = TempoMap(tempi, 0.0)
    for start, end, first, last in tempo.segments():
        assert (end - start) * (first + last) / 2 / 60 == pytest.approx(1.0)
    inside = np.array([tempo.time(beat) for beat in np.linspace(1.0, 2.0, 101)])
    rates = 0.01 / np.diff(inside) * 60
    assert rates[0] == pytest.approx(80.0, rel=5e-3)
    assert rates[-1] == pytest.approx(100.0, rel=5e-3)
    assert np.all(np.diff(rates) > 0)


@pytest.mark.parametrize(("level", "beat", "place"), [(1, 0.5, 0.66), (2, 0.25, 0.33), (2, 0.5, 0.5)])
def test_swing_moves_off_beats_only(level: int, beat: float, place: float) -> None:
    tempo = TempoMap(np.full(3, 60.0), 0.0, swing=0.66, swing_level=level)
    assert tempo.time(beat) == pytest.approx(place)
    assert tempo.time(1.0) == pytest.approx(1.0)


def test_splits_share_no_style_font_progression_bass_line_or_drum_pattern() -> None:
    def material(styles: tuple[Style, ...]) -> set[object]:
        kits = {tuple(sorted(kit.items())) for style in styles for kit in style.drums if kit}
        chords = {line for style in styles for line in style.progressions}
        lines = {(style.beats, line) for style in styles for line in style.bass}
        return set(_ids(styles)) | kits | chords | lines

    assert material(TRAIN) & material(VALID) == set()
    assert {font.split for font in FONTS} == {"train", "valid"}


@pytest.mark.parametrize("style", TRAIN + VALID, ids=_ids(TRAIN + VALID))
def test_every_pattern_can_be_read_and_the_metre_shows(style: Style) -> None:
    bars = 24
    for number in range(4):
        piece = compose(random_for(number, style.name), style, bars)
        assert len(piece.events) > bars
        assert piece.pickup < style.beats
        assert all(-piece.pickup <= event.beat < bars * style.beats for event in piece.events)
        beats = np.array([event.beat for event in piece.events])
        grid = 24 * beats % 1  # triplets and thirty-seconds of a bar all lie on 24ths of a beat
        assert float(np.mean(np.minimum(grid, 1 - grid) < 1e-6)) > 0.9
    assert all(set(kit) <= set(DRUM_KEYS) for kit in style.drums)


@pytest.mark.usefixtures("_sounds")
@pytest.mark.parametrize("font", FONTS, ids=[font.file for font in FONTS])
def test_a_hit_sounds_in_the_block_that_snap_names(font: object) -> None:
    assert font in FONTS
    path = font_path(FONTS[FONTS.index(font)])
    with Synth(path, 44100) as synth:
        synth.choose(Voice(DRUMS, 0))
        attack = synth.attack(DRUMS, 42)
        start = synth.snap(0.5)
        heard = synth.render([Note(start, start + 0.1, DRUMS, 42, 100)], 1.0)
    sounding = np.flatnonzero(np.abs(heard).max(axis=1) > 1e-5)
    assert abs(start - 0.5) <= 0.5 * 64 / 44100 + 1e-9
    assert 0.0 <= sounding[0] / 44100 - start < 0.003
    assert attack.delay < 0.010


def _same(one: Clip, other: Clip) -> bool:
    return one.truth == other.truth and np.array_equal(one.samples, other.samples)


@pytest.mark.usefixtures("_sounds")
def test_the_same_seed_gives_the_same_clip_whatever_was_made_before() -> None:
    first = band.make(random_for(11, "band"), "valid")
    band.make(random_for(12, "band"), "valid")
    assert _same(first, band.make(random_for(11, "band"), "valid"))


@pytest.mark.usefixtures("_sounds")
def test_sound_rises_at_onsets_and_truth_lies_within_the_clip() -> None:
    at_onsets, anywhere = [], []
    for number in range(13, 19):  # legato pieces rise at fewer of their onsets than others
        clip = band.make(random_for(number, "band"), "valid")
        truth, rate = clip.truth, clip.rate
        assert len(clip.samples) == round(truth.duration * rate)
        assert set(truth.downbeats) <= set(truth.beats)
        assert all(0.0 <= time < truth.duration for time in truth.beats + truth.onsets)
        bright = np.abs(np.diff(clip.samples.mean(axis=1)))

        def rises(times: list[float], bright: np.ndarray = bright, rate: int = rate) -> float:
            span = int(0.006 * rate)
            levels = [
                [bright[int(t * rate) : int(t * rate) + span].mean() for t in (time, time - 0.01)]
                for time in times
            ]
            return float(np.mean([level > 1.3 * before for level, before in levels]))

        at_onsets.append(rises([time for time in truth.onsets if time > 0.02]))
        anywhere.append(rises(np.arange(1.0, truth.duration - 1.0, 0.037).tolist()))
    assert np.mean(at_onsets) > 0.4
    assert all(on > 1.8 * off for on, off in zip(at_onsets, anywhere, strict=True))


@pytest.mark.parametrize("style", TRAIN + VALID, ids=_ids(TRAIN + VALID))
def test_passages_that_hide_the_beat_are_said_to(style: Style) -> None:
    for number in range(12):
        piece = compose(random_for(number, style.name), style, 24)
        assert len(piece.untold) <= 1
        told_from = piece.untold[0][1] if piece.untold else 0.0
        for first in np.arange(told_from, 24 * style.beats, 4 * style.beats):
            beats = {
                round(event.beat, 6)
                for event in piece.events
                if first <= event.beat < first + 4 * style.beats
            }
            assert any(beat % 1 == 0 for beat in beats), "something falls on beats in any four bars"


@pytest.mark.usefixtures("_sounds")
@pytest.mark.parametrize("number", range(6))
def test_negatives_have_no_beat_and_are_the_same_again(number: int) -> None:
    clip = negatives.make(random_for(number, "null"), "valid")
    assert clip.truth.category.startswith("null_")
    assert clip.truth.silent == [(0.0, clip.truth.duration)]
    assert clip.truth.beats == []
    assert clip.samples.dtype == np.float32
    assert float(np.abs(clip.samples).max()) <= 1.0
    assert _same(clip, negatives.make(random_for(number, "null"), "valid"))
