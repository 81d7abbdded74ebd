"""How varied a show is: what is told live, and what the benchmark finds of a small pack."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.bench import variety as bench
from daemon.cli import main
from daemon.metrics import Metrics
from daemon.variety import STARVED_ROUNDS, WINDOW, Variety, entropy01
from selector.catalog import Catalog, Pack, Row, Table


def catalog(n: int = 4) -> Catalog:
    rows = [Row(ident=i, fg_url="x", author="ab"[i % 2], family="f" if i < 2 else "") for i in range(n)]
    presets = [Row(ident="p", fg_url="x")]
    return Catalog([Pack("p", Table("pair", "p", rows), Table("preset", "p", presets))])


def show(variety: Variety, idents, start: float = 0.0) -> None:
    for k, ident in enumerate(idents):
        variety.shown(
            {"kind": "pair", "pack": "p", "pair": ident, "presetIds": []}, catalog(), start + 10 * k
        )


def test_what_was_shown_is_told() -> None:
    metrics = Metrics()
    variety = Variety(metrics)
    assert variety.state() == {"picks": 0}
    show(variety, [0, 1, 0, 2])
    assert variety.state() == {
        "picks": 4,
        "entropy01": 0.75,
        "different": 3,
        "coverage01": 0.75,
        "starved": 0,
        "unseenSec": 20.0,
        "author": {"name": "a", "share01": 0.75},
        "family": {"name": "f", "share01": 0.75},
    }
    text = metrics.render()
    for line in (
        "aivjd_variety_entropy 0.75",
        "aivjd_variety_different 3",
        "aivjd_variety_coverage 0.75",
        "aivjd_variety_starved 0",
        "aivjd_variety_unseen_seconds 20",
        'aivjd_variety_share{of="author",name="b"} 0.25',
        'aivjd_variety_share{of="family",name="f"} 0.75',
    ):
        assert line in text.splitlines()


def test_what_is_never_shown_starves_and_comes_back() -> None:
    variety = Variety(Metrics())
    show(variety, [0, 1, 2] * 7)
    assert variety.state()["starved"] == 1
    show(variety, [3], 500.0)
    assert variety.state()["starved"] == 0
    show(variety, [3] * 4 * STARVED_ROUNDS, 600.0)
    assert variety.state()["starved"] == 3


def test_shares_of_those_who_are_gone_are_zero() -> None:
    metrics = Metrics()
    variety = Variety(metrics)
    show(variety, [1])
    show(variety, [0] * WINDOW)
    assert 'aivjd_variety_share{of="author",name="b"} 0' in metrics.render()


def test_kinds_are_told_apart_and_what_is_gone_is_passed_over() -> None:
    variety = Variety(Metrics())
    show(variety, [0, 1])
    variety.shown({"kind": "preset", "pack": "p", "pair": None, "presetIds": ["p"]}, catalog(), 30.0)
    assert variety.state() == {
        "picks": 1, "entropy01": 1.0, "different": 1, "coverage01": 1.0, "starved": 0, "unseenSec": 0.0,
        "author": {"name": "a", "share01": 0.3333}, "family": {"name": "f", "share01": 0.6667},
    }  # fmt: skip
    before = variety.state()
    variety.shown({"kind": "pair", "pack": "p", "pair": 77, "presetIds": []}, catalog(), 40.0)
    variety.shown({"kind": "pair", "pack": "gone", "pair": 1, "presetIds": []}, catalog(), 50.0)
    assert variety.state() == before


@given(st.lists(st.integers(0, 30), max_size=200))
def test_entropy_is_a_share(items) -> None:
    assert 0.0 <= entropy01(items, 31) <= 1.0 + 1e-9


def test_entropy_of_each_once_is_one() -> None:
    assert entropy01(range(31), 31) == pytest.approx(1.0)
    assert entropy01([5] * 31, 31) == 0.0


def test_a_small_pack_does_not_feel_like_a_loop(capsys, monkeypatch) -> None:
    """Ten thousand picks of 31 pairs: even, everything seen, more different than chance, authors apart."""
    assert main(["bench", "variety", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    weighted, random, shuffle = (rows[mode] for mode in ("weighted", "random", "shuffle"))
    assert weighted["entropy01"] > 0.97
    assert weighted["coverage01"] == random["coverage01"] == shuffle["coverage01"] == 1.0
    assert random["different12"] + 0.3 < weighted["different12"] < shuffle["different12"]
    assert weighted["againWithin3"] < random["againWithin3"] / 2
    assert weighted["sameAuthor"] < random["sameAuthor"] * 0.8
    assert min(row["soonest"] for row in rows.values()) >= 2
    monkeypatch.setattr(bench, "PICKS", 60)
    assert main(["bench", "variety"]) == 0
    assert "different of 12" in capsys.readouterr().out
