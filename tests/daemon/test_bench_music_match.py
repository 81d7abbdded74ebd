"""`aivjd bench music-match`: correlation, spread, intervals, plot."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import soundfile

from daemon.bench.scatter import MOST_POINTS, Cloud, scatter
from daemon.cli import main
from daemon.rank_correlation import spearman

RATE = 48_000


def test_rank_correlation_is_that_of_ranks_with_ties_in_the_middle():
    x = np.array([1.0, 2.0, 2.0, 5.0])
    assert spearman(x, np.exp(x)) == pytest.approx(1.0)
    assert spearman(x, -x) == pytest.approx(-1.0)
    # By hand: ranks 1, 2.5, 2.5, 4 against 2, 1, 3, 4.
    assert spearman(x, np.array([20.0, 10.0, 30.0, 40.0])) == pytest.approx(0.6324555, abs=1e-6)


def test_points_are_drawn_in_their_panels():
    svg = scatter(
        [Cloud("a", [(0.0, 1.0)]), Cloud("b", [(0.5, 0.5)] * (2 * MOST_POINTS))], across="x", up="y"
    )
    assert svg.count("<circle") == 1 + MOST_POINTS
    assert '<circle cx="0.0" cy="0.0"' in svg
    assert '<circle cx="150.0" cy="150.0"' in svg
    assert svg.startswith("<svg ")
    assert svg.rstrip().endswith("</svg>")


def test_a_minute_of_loud_and_soft_is_told_with_intervals(tmp_path, demo_pack, capsys):
    """Two files of different rates, half a minute each: clicks that grow."""
    for name, rate in (("a", RATE), ("b", 44_100)):
        t = np.arange(30 * rate) / rate
        clicks = np.sin(2 * np.pi * 60 * t) * np.exp(-20 * (t % 0.5)) * (0.02 + 0.9 * (t // 10) / 2)
        soundfile.write(tmp_path / f"{name}.flac", np.column_stack((clicks, clicks)), rate, subtype="PCM_24")
    config = tmp_path / "quick.toml"
    config.write_text("[selector.director]\nmin_dwell_sec = 2.0\nmax_dwell_sec = 3.0\nbeatless_sec = 2.0\n")
    plot = tmp_path / "plot.svg"
    arguments = ["--audio", str(tmp_path), "--pack", str(demo_pack), "--config", str(config), "--seeds", "2"]
    main(["bench", "music-match", *arguments, "--plot", str(plot), "--json"])
    result = json.loads(capsys.readouterr().out)
    for mode in ("weighted", "random"):
        row = result[mode]
        assert all(picks > 10 for picks in row["picks"])
        for name in ("shown", "chosen", "hop", "spread"):
            number, low, high = row[name]
            assert low <= number <= high or math.isnan(number)
    assert result["weighted"]["chosen"][0] > result["random"]["chosen"][0]
    assert plot.read_text().count("<circle") == sum(
        sum(row["picks"]) for row in (result["weighted"], result["random"])
    )
    main(["bench", "music-match", *arguments])
    assert "spread over seeds" in capsys.readouterr().out
