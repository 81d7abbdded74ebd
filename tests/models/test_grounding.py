"""Made club music tells its beat: in parts that carry it, or else the passage is not judged."""

from __future__ import annotations

import numpy as np
import pytest

from models.music import electronic
from models.music.clip import random_for
from models.music.club import pulse
from models.music.club.arrangement import Span, cast, groove, sparse
from models.music.club.grounding import ground, grounded
from models.music.club.styles import STYLES

ALL = [style for styles in STYLES.values() for style in styles]
OFF = "..x...x...x...x."


def test_a_loop_between_the_beats_gets_what_tells_them() -> None:
    style = STYLES["syncopated"][0]
    rng = random_for(1)
    assert grounded(rng, OFF, "bass", style) == "X.x...x...x...x."
    assert grounded(rng, OFF, "snare", style) == "..x.X.x...x.X.x."
    hat = grounded(rng, "..X...X...X...X.", "hat", style)
    assert [k for k, mark in enumerate(hat) if mark == "X"] == [0, 4, 8, 12]


@pytest.mark.parametrize("style", ALL, ids=[style.name for style in ALL])
def test_backbeats_and_templates_fill_whole_bars(style: object) -> None:
    assert style in ALL
    chosen = ALL[ALL.index(style)]
    width = chosen.bar * chosen.steps
    for line in (*chosen.kicks, *chosen.snares, *chosen.hats):
        assert len(line) % width == 0
    if "X" in chosen.backbeat[:width]:
        assert all(k % chosen.steps == 0 for k, mark in enumerate(chosen.backbeat[:width]) if mark == "X")
    assert all(line[0] != "." for line in chosen.kicks) or chosen.name in ("ska", "funky")


def test_every_passage_but_an_introduction_is_told_or_not_judged() -> None:
    for number in range(80):
        rng = random_for(number, "form")
        style = ALL[int(rng.integers(len(ALL)))]
        spans = sparse(rng, 24) if number % 2 else groove(rng, cast(rng), 24)
        grounding = ground(rng, style, spans)
        for place, span in enumerate(spans):
            carried = span.parts & (grounding.roles | {"kick"})
            assert carried or place in grounding.untold
        pitched_only = [k for k, span in enumerate(spans) if not span.parts - {"pad", "lead", "vocal"}]
        assert grounding.untold <= {0, *pitched_only}


def test_a_pad_alone_tells_nothing() -> None:
    spans = [Span(0, 4, "calm", frozenset({"pad"})), Span(4, 8, "groove", frozenset({"hat", "bass"}))]
    grounding = ground(random_for(1), STYLES["four_floor"][0], spans)
    assert grounding.untold == {0}
    assert {"hat", "bass"} <= grounding.roles


@pytest.mark.parametrize("number", range(12))
def test_beats_of_a_pulse_are_its_hits(number: int) -> None:
    truth = pulse.make(random_for(number), "train").truth
    away = np.abs(np.subtract.outer(truth.beats, truth.onsets)).min(axis=1)
    assert float(away.max()) < 0.02
    assert len(truth.onsets) == len(truth.beats)
    assert pulse.SLOWEST - 1.5 <= 60 / np.median(np.diff(truth.beats)) <= pulse.FASTEST + 4
    assert bool(truth.downbeats) == (truth.beats_per_bar > 0)


def test_plain_grooves_have_a_snare_on_every_second_beat() -> None:
    truth = electronic.make(random_for(4), "train", "plain").truth
    snares, beats = np.array(truth.onsets_by_class["clap"]), np.array(truth.beats)
    on = [bool(np.any(np.abs(snares - beat) < 0.015)) for beat in beats]
    assert np.mean(on[1::2]) > 0.6
    assert np.mean(on[1::2]) > 3 * np.mean(on[::2])
