"""Sections from energy and the low band."""

from __future__ import annotations

import numpy as np
import pytest

from dsp.sections import NetworkSections, SectionFeatures, Sections
from dsp.settings import DspSettings, SettingsError

HOP, RATE = 2048, 48000


def run(
    sections: Sections,
    seconds: float,
    energy: float,
    low: float,
    rate: float = 2.0,
    high: float = 1e-4,
    network: NetworkSections | None = None,
) -> list[str]:
    """Names in the order they came up."""
    names: list[str] = []
    for _ in range(int(seconds * RATE / HOP)):
        name = sections.step(SectionFeatures(True, energy, rate, low, high, network))
        if not names or names[-1] != name:
            names.append(name)
    return names


@pytest.fixture
def sections() -> Sections:
    return Sections(DspSettings(), HOP, RATE)


def test_energy_decides_calm_groove_peak(sections):
    assert run(sections, 6, 0.2, 1e-3) == ["calm"]
    assert run(sections, 6, 0.5, 1e-3) == ["calm", "groove"]
    assert run(sections, 6, 0.95, 1e-3, rate=4.0) == ["groove", "peak"]
    assert run(sections, 6, 0.5, 1e-3, rate=2.5)[-1] == "groove"


def test_peak_needs_onsets_too(sections):
    assert "peak" not in run(sections, 10, 0.95, 1e-3, rate=0.5)


def test_bass_goes_breakdown_and_comes_back_drop(sections):
    run(sections, 10, 0.6, 1e-2)
    assert run(sections, 8, 0.4, 1e-6, rate=0.5) == ["groove", "breakdown"]
    assert run(sections, 0.5, 0.6, 1e-2) == ["breakdown", "drop"]
    assert run(sections, 20, 0.6, 1e-2) == ["drop", "peak"]
    assert run(sections, 6, 0.45, 1e-2) == ["peak", "groove"]


def test_rising_sound_without_bass_is_a_build(sections):
    run(sections, 10, 0.6, 1e-2)
    run(sections, 4, 0.4, 1e-6, rate=0.5)
    assert sections.buildup01 < 0.01
    names: list[str] = []
    progress = []
    for k in range(60):
        names += run(sections, 0.1, 0.5, 1e-6, rate=0.5 + 0.07 * k, high=1e-4 * 10 ** (k / 30))
        progress.append(sections.buildup01)
    assert names.index("build") < 40
    assert np.diff(progress).min() >= 0.0
    assert sections.buildup01 > 0.9
    assert run(sections, 0.5, 0.8, 1e-2, rate=4.0) == ["build", "drop"]
    assert sections.buildup01 == 0.0


def test_the_same_rise_with_the_bass_in_is_no_build(sections):
    run(sections, 10, 0.6, 1e-2)
    for k in range(60):
        assert "build" not in run(sections, 0.1, 0.6, 1e-2, rate=2.0, high=1e-4 * 10 ** (k / 30))
        assert sections.buildup01 == 0.0


def test_the_bass_back_from_a_fill_is_no_drop(sections):
    run(sections, 10, 0.6, 1e-2)
    assert run(sections, 4, 0.5, 1e-6)[-1] == "breakdown"
    assert "drop" not in run(sections, 6, 0.6, 1e-2)


def test_a_deep_breakdown_is_not_taken_for_calm(sections):
    run(sections, 10, 0.6, 1e-2)
    assert run(sections, 10, 0.0, 1e-7, rate=0.0) == ["groove", "breakdown"]


def test_a_pause_right_before_the_drop(sections):
    run(sections, 10, 0.6, 1e-2)
    run(sections, 8, 0.3, 1e-6)
    for _ in range(int(2 * RATE / HOP)):
        assert sections.step(SectionFeatures(False, 0.0, 0.0, 0.0, 0.0)) == "silence"
    assert run(sections, 0.5, 0.6, 1e-2)[-1] == "drop"


def test_music_after_a_long_silence_is_no_drop(sections):
    run(sections, 10, 0.6, 1e-2)
    run(sections, 8, 0.3, 1e-6)
    for _ in range(int(5 * RATE / HOP)):
        sections.step(SectionFeatures(False, 0.0, 0.0, 0.0, 0.0))
    assert run(sections, 10, 0.6, 1e-2) == ["calm", "groove"]


QUIET = NetworkSections(music=1.0, breakdown=0.0, build=0.0, drop=0.0)


def test_the_network_sees_a_breakdown_that_keeps_its_bass(sections):
    run(sections, 10, 0.6, 1e-2, network=QUIET)
    assert run(sections, 6, 0.5, 1e-2, network=QUIET._replace(breakdown=0.95))[-1] == "breakdown"
    assert run(sections, 3, 0.5, 1e-2, network=QUIET._replace(build=0.95))[-1] == "build"
    assert sections.buildup01 > 0.4
    assert run(sections, 0.2, 0.6, 1e-2, network=QUIET._replace(drop=0.9))[-1] == "drop"


def test_a_network_that_is_wrong_does_not_hide_what_is_plain(sections):
    run(sections, 10, 0.6, 1e-2, network=QUIET)
    assert run(sections, 8, 0.3, 1e-6, network=QUIET)[-1] == "breakdown"
    assert run(sections, 0.5, 0.6, 1e-2, network=QUIET) == ["breakdown", "drop"]


def test_a_network_that_cries_drop_in_a_groove_is_not_heard(sections):
    run(sections, 10, 0.6, 1e-2)
    assert run(sections, 10, 0.6, 1e-2, network=QUIET._replace(drop=1.0)) == ["groove"]


def test_a_short_gap_is_no_breakdown(sections):
    run(sections, 10, 0.6, 1e-2)
    assert run(sections, 1.0, 0.6, 1e-6) == ["groove"]
    assert "drop" not in run(sections, 4, 0.6, 1e-2)


def test_one_loud_moment_changes_nothing(sections):
    run(sections, 6, 0.2, 1e-3)
    assert run(sections, 0.4, 0.9, 1e-3) == ["calm"]


def test_invalid_audio_is_silence_at_once(sections):
    run(sections, 6, 0.6, 1e-3)
    assert sections.step(SectionFeatures(False, 0.6, 2.0, 1e-3, 1e-4)) == "silence"


def test_settings_that_contradict_each_other_are_refused():
    for wrong in (
        {"tempo_min_bpm": 120, "tempo_max_bpm": 100},
        {"beat_trust_leave": 0.9},
        {"section_groove": 0.9},
    ):
        with pytest.raises(SettingsError, match="lower the one or raise the other"):
            DspSettings(**wrong)


def test_levels_are_numbers(sections):
    run(sections, 1, 0.0, 0.0, rate=0.0, high=0.0)
    assert np.isfinite([sections.intensity01, sections.buildup01]).all()
