"""A playlist at full speed: the figures are those of what was shown, the page holds them all."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from daemon.cli import main
from daemon.rank_correlation import spearman


@pytest.fixture(scope="module")
def playlist(tmp_path_factory: pytest.TempPathFactory, music: Callable[..., np.ndarray]) -> list[Path]:
    """A stretch with a breakdown, and a quiet one at another rate."""
    folder = tmp_path_factory.mktemp("playlist")
    files = [folder / "one <b>.wav", folder / "two.wav"]
    soundfile.write(files[0], music(34, 32) << 8, 48000, subtype="PCM_24")
    soundfile.write(files[1], music(0, 24, 44100) << 8, 44100, subtype="PCM_24")
    return files


def rehearsed(
    playlist: list[Path], pack: Path, capsys: pytest.CaptureFixture[str], *more: str | Path
) -> dict[str, object]:
    files = [str(path) for path in playlist]
    assert main(["rehearse", *files, "--pack", str(pack), "--json", *map(str, more)]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_figures_are_those_of_what_was_shown(
    playlist: list[Path], demo_pack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "page.html"
    told = rehearsed(playlist, demo_pack, capsys, "-o", out)
    shown = told["shown"]
    assert [track["name"] for track in told["tracks"]] == ["one <b>.wav", "two.wav"]
    assert told["seconds"] == pytest.approx(56, abs=0.1)
    assert told["statistics"]["shown"] == len(shown) == sum(told["perMinute"]) >= 4
    assert told["picksPerMinute"] == pytest.approx(60 * len(shown) / told["seconds"], abs=0.01)
    times = [row[0] for row in shown]
    assert times == sorted(times)
    assert any(second > 33 for second in times)  # the second track goes on, it does not begin anew
    assert sum(row[3] in ("start", "fallback:no-audio") for row in shown) == 1
    stays = [b - a for a, b in zip(times, [*times[1:], told["seconds"]], strict=True)]
    assert told["statistics"]["dwell"]["max"] == pytest.approx(max(stays), abs=0.01)
    assert sum(row["picks"] for row in told["bySection"]) == len(shown)
    assert sum(row["seconds"] for row in told["bySection"]) == pytest.approx(told["seconds"], abs=0.5)
    assert told["statistics"]["pool"] == 96
    page = out.read_text(encoding="utf-8")
    assert page.count("<circle") == len(shown)
    assert "one &lt;b&gt;.wav" in page
    assert "<b>.wav" not in page
    assert "http" not in re.sub(r'http-equiv="Content-Security-Policy"', "", page)
    assert "<script" not in page


def test_the_same_playlist_gives_the_same_figures_and_another_seed_others(
    playlist: list[Path], demo_pack: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two, other = (rehearsed(playlist[:1], demo_pack, capsys, "--seed", seed) for seed in ("1", "1", "2"))
    assert one == two
    assert one["shown"] != other["shown"]


def test_what_cannot_be_played_is_said(
    demo_pack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rehearse", str(tmp_path / "none.wav"), "--pack", str(demo_pack)]) == 2
    assert "no such file" in capsys.readouterr().err


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=3, max_size=40))
def test_spearman_is_the_correlation_of_mean_ranks(pairs: list[tuple[int, int]]) -> None:
    def ranks(values: list[int]) -> list[float]:
        return [sum(o < v for o in values) + (sum(o == v for o in values) + 1) / 2 for v in values]

    one, other = [a for a, _ in pairs], [b for _, b in pairs]
    found = spearman(one, other)
    if len(set(one)) == 1 or len(set(other)) == 1:
        assert found is None
    else:
        assert found == pytest.approx(np.corrcoef(ranks(one), ranks(other))[0, 1], abs=1e-3)
        assert spearman(one, one) == 1.0
