"""Confusions and drops are counted as a reader would count them by hand."""

from __future__ import annotations

import numpy as np
import pytest

from models.beatnet.sections_eval import SECTIONS, Track, evaluate, report, true_sections
from models.music.clip import Truth

STEP = 0.1


def said(*parts: tuple[str, float]) -> Track:
    """A track that says each section for so many seconds."""
    names = np.concatenate([np.full(round(s / STEP), SECTIONS.index(name)) for name, s in parts])
    seconds = STEP * np.arange(1, len(names) + 1)
    return Track(seconds, names, np.where(names == SECTIONS.index("build"), 0.5, 0.0))


def truth(*starts: tuple[float, str], silent: list[tuple[float, float]] | None = None) -> Truth:
    return Truth(id="x", category="x", duration=60.0, sections=list(starts), silent=silent or [])


def test_a_drop_in_time_a_late_one_and_a_false_one():
    clips = [
        (truth((0.0, "breakdown"), (10.0, "drop")), said(("breakdown", 10.4), ("drop", 20))),
        (truth((0.0, "breakdown"), (10.0, "drop")), said(("breakdown", 13.0), ("drop", 20))),
        (truth((0.0, "groove")), said(("groove", 5), ("drop", 5), ("groove", 5))),
    ]
    result = evaluate(clips)
    assert result.delays == [pytest.approx(0.5, abs=STEP)]
    assert (result.missed, result.false, result.minutes) == (1, 2, 3.0)
    assert "drops: 1 of 2 found, 2 false in 3 min" in report(result)


def test_time_by_true_and_said_section():
    result = evaluate([(truth((0.0, "build"), (4.0, "groove")), said(("build", 3), ("groove", 7)))])
    build, groove = SECTIONS.index("build"), SECTIONS.index("groove")
    assert result.seconds[build, build] == pytest.approx(3.0, abs=2 * STEP)
    assert result.seconds[build, groove] == pytest.approx(1.0, abs=2 * STEP)
    assert result.seconds.sum() == pytest.approx(10.0)
    assert result.buildup[build].tolist() == [0.5, 0.5]
    assert result.buildup[groove].tolist() == [0.0, 0.0]


def test_before_the_music_and_in_its_gaps_silence_is_right():
    labels = true_sections(truth((2.0, "groove"), silent=[(5.0, 6.0)]), np.array([1.0, 3.0, 5.5, 7.0]))
    assert [SECTIONS[k] for k in labels] == ["silence", "groove", "silence", "groove"]


def test_noise_has_no_sections_and_its_drops_are_false():
    result = evaluate([(truth(), said(("silence", 3), ("drop", 3)))])
    assert (result.false, result.missed) == (1, 0)
