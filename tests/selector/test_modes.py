"""What is drawn: the modes, the factors, the rules."""

from __future__ import annotations

import itertools
import json
from collections import Counter

import msgspec
import numpy as np
import pytest
from band import LOUD, QUIET, Band, make_catalog, make_presets, make_selector, make_table, situation
from hypothesis import given
from hypothesis import strategies as st

from selector import weights
from selector.catalog import Catalog, Pack, Row, Table, build_pack
from selector.choice import Chooser
from selector.events import Ack
from selector.filter_settings import FilterSettings
from selector.fixedpoint import MICRO, MISSING
from selector.intensity import Intensity, sound01
from selector.kin import Ladders
from selector.manifests import parse_pairs, parse_quality
from selector.settings import SelectSettings
from selector.vocabulary import Command

S = SelectSettings()


def picks(table, count, settings=S, seed=5, **changes):
    chooser = Chooser(settings, seed)
    return [chooser.choose(table, situation(**changes), n).index for n in range(count)]


# -- factors ------------------------------------------------------------------------------------


def suiting(table, section, intensity=500_000, shown=None):
    """Match, visible, too strong and variety of every entry, int64[n, 6]."""
    moment = situation(section=section, intensity=intensity, shown_strength=shown)
    strata = Chooser(S, 1).strata(table, moment)
    return np.array([strata.suiting(i) for i in range(len(table))])


def test_match_prefers_strength_like_the_intensity():
    fit = suiting(make_table(101), "groove", 700_000)[:, 0]
    assert int(np.argmax(fit)) == 70
    assert fit[70] == MICRO
    assert fit[82] == fit[58] == 606_531


def test_unknown_strength_and_quality_weigh_one():
    table = Table("pair", "p", [Row(ident=1, fg_url="a"), Row(ident=2, fg_url="b", warp=5, cx=5, quality=0)])
    columns = weights.Columns.of(table)
    assert weights.quality(columns, S).tolist() == [MICRO, 200_000]
    assert weights.measured(columns, "pair", True, S)[0] == MICRO
    for section in ("peak", "calm"):
        assert suiting(table, section, 0, 500_000)[0].tolist() == [MICRO] * 6


def test_quality_by_rank_spreads_what_lies_close():
    table = make_table(31)
    columns = weights.Columns.of(table)
    raw, ranked = (weights.quality(columns, SelectSettings(quality_scale=s)) for s in ("raw", "rank"))
    assert raw.max() / raw.min() < 1.1
    assert (ranked.min(), ranked.max()) == (200_000, MICRO)
    assert (np.argsort(raw, kind="stable") == np.argsort(ranked, kind="stable")).all()


def test_quality_by_softmax_falls_by_e_at_its_temperature():
    rows = [Row(ident=i, fg_url="x", quality=q) for i, q in enumerate([770_000, 820_000, 720_000, MISSING])]
    columns = weights.Columns.of(Table("pair", "p", rows))
    settings = SelectSettings(quality_scale="softmax", quality_floor=0.0, quality_temperature=0.05)
    assert weights.quality(columns, settings).tolist() == [367_879, MICRO, 135_335, MICRO]
    assert weights.quality(columns.at([2]), settings).tolist() == [135_335]
    floored = SelectSettings(quality_scale="softmax", quality_temperature=0.05)
    assert weights.quality(columns, floored).tolist() == [494_303, MICRO, 308_268, MICRO]


def test_limits_are_those_of_the_section():
    settings = SelectSettings(visible_floor={"peak": 0.5}, too_strong_ceiling={"calm": 0.2, "peak": 0.9})
    chooser, table = Chooser(settings, 1), make_table(11)
    at = {}
    for section in ("peak", "calm", "groove"):
        strata = chooser.strata(table, situation(section=section))
        at[section] = [strata.suiting(i)[1:3] for i in range(11)]
    assert at["groove"] == [(MICRO, MICRO)] * 11
    assert [visible for visible, _ in at["peak"][:6]] == [400_000 + 120_000 * k for k in range(6)]
    assert [strong for _, strong in at["peak"][8:]] == [MICRO, MICRO, 200_000]
    assert [strong for _, strong in at["calm"][2::4]] == [MICRO, 600_000, 200_000]


def test_differences_too_small_to_see_lose_weight_in_loud_sections():
    rows = [
        Row(ident=i, fg_url="x", warp=w, cx=c) for i, (w, c) in enumerate([(0, 9), (5000, MISSING), (9, 9)])
    ]
    table = Table("pair", "p", rows)
    settings = SelectSettings(warp_min=0.01, cx_min=0.000_009)
    assert weights.effect(weights.Columns.of(table), settings).tolist() == [400_000, 700_000, 400_540]
    loud, quiet = (
        Chooser(settings, 1).choose(table, situation(section=section), 1).entry.factors
        for section in ("groove", "calm")
    )
    assert "effect" in loud
    assert "effect" not in quiet


@pytest.mark.parametrize("mode", ["weighted", "random", "shuffle", "public_v0"])
def test_what_a_filter_leaves_out_is_never_drawn_but_may_be_asked_for(mode):
    rows = [
        Row(ident=0, fg_url="x", quality=600_000, luma=300_000, motion=50_000),
        Row(ident=1, fg_url="x", quality=500_000, luma=300_000, motion=50_000),
        Row(ident=2, fg_url="x", quality=900_000, luma=139_999, motion=50_000),
        Row(ident=3, fg_url="x", quality=900_000, luma=950_001, motion=50_000),
        Row(ident=4, fg_url="x", quality=900_000, luma=300_000, motion=19),
        Row(ident=5, fg_url="x"),
    ]
    limits = FilterSettings(luma_min=0.14, luma_max=0.95, motion_min=2e-5, score_min=0.6)
    settings, table = SelectSettings(filter=limits), Table("pair", "p", rows)
    assert set(picks(table, 60, settings, mode=mode)) == {0, 5}
    choice = Chooser(settings, 1).choose(table, situation(mode=mode), 1)
    assert choice.candidates == (1 if mode == "shuffle" else 2)
    if mode != "shuffle":
        assert choice.entry.factors["filtered"] == MICRO
    assert Chooser(settings, 1).choose(table, situation(mode=mode, asked=3), 1).index == 3


def test_presets_are_filtered_by_their_predicted_score():
    rows = [Row(ident=f"p{i}", fg_url="x", score=100_000 * i) for i in range(10)]
    settings = SelectSettings(filter=FilterSettings(score_min=0.75))
    assert set(picks(Table("preset", "p", rows), 60, settings)) == {8, 9}


def test_loud_sections_want_visible_and_quiet_ones_gentle_pictures():
    table = make_table(101)
    peak, calm = suiting(table, "peak"), suiting(table, "calm")
    assert peak[0, 1] == 400_000
    assert peak[12, 1] == MICRO
    assert (calm[:, 1] == MICRO).all()
    assert calm[100, 2] == 200_000
    assert calm[70, 2] == MICRO
    assert (peak[:, 2] == MICRO).all()


def test_what_is_as_strong_as_what_is_on_screen_is_less_of_a_change():
    variety = suiting(make_table(101), "groove", shown=500_000)[:, 3]
    assert variety[50] == 700_000
    assert (variety[[38, 62, 0, 100]] == MICRO).all()


def test_dark_bright_and_still_pictures_lose_weight():
    rows = [
        Row(ident=i, fg_url="x", luma=luma, motion=motion, dark=dark)
        for i, (luma, motion, dark) in enumerate(
            [
                (400_000, 50_000, 0),
                (40_000, 50_000, 0),
                (990_000, 50_000, 0),
                (400_000, 0, 0),
                (400_000, 50_000, 1),
            ]
        )
    ]
    columns = weights.Columns.of(Table("pair", "p", rows))
    loud = weights.measured(columns, "pair", True, S)
    quiet = weights.measured(columns, "pair", False, S)
    assert loud[0] == MICRO
    assert (loud[1:] < MICRO).all()
    assert loud[1] == 200_000
    assert quiet[3] == quiet[4] == MICRO


def test_the_window_recovers_and_never_covers_more_than_half():
    recent = [0, 1, 2, 3, 4, 5]
    factor = Ladders.weighted(8, S).steps[0]
    assert factor.tolist() == [0, 250_000, 437_500, 625_000, 812_500, *[MICRO] * 8][: len(factor)]
    choice = Chooser(S, 1).choose(make_table(8), situation(recent=recent, shown=5), 1)
    told = {e.index: e.factors["repeat"] for e in (choice.entry, *choice.runners_up)}
    expected = {0: MICRO, 1: MICRO, 2: 812_500, 3: 625_000, 4: 437_500, 6: MICRO, 7: MICRO}
    assert told.items() <= expected.items()
    assert len(told) == 6


def test_run_manifest_weight_is_the_published_one():
    rows = [
        Row(ident="unknown", fg_url="x"),
        Row(ident="strict", fg_url="x", luma=300_000, motion=80_000),
        Row(ident="dark", fg_url="x", luma=500_000, motion=300_000, dark=1),
        Row(ident="black", fg_url="x", luma=0, motion=100_000),
        Row(ident="no motion", fg_url="x", luma=500_000),
    ]
    expected = [1.0, 1.0 * 0.8 * 0.6, 0.6 * 2.0, 0.0, 0.5]
    columns = weights.Columns.of(Table("preset", "p", rows))
    assert weights.manifest(columns).tolist() == [int(e * MICRO) for e in expected]


columns = st.integers(1, 40).flatmap(
    lambda n: st.lists(
        st.tuples(*[st.one_of(st.just(MISSING), st.integers(0, MICRO)) for _ in range(5)], st.integers(0, 1)),
        min_size=n,
        max_size=n,
    )
)


@given(
    columns,
    st.sampled_from(["pair", "preset"]),
    st.sampled_from(["weighted", "random", "shuffle", "public_v0"]),
    st.integers(0, MICRO),
    st.sampled_from(["silence", "calm", "groove", "drop"]),
    st.data(),
)
def test_weights_are_bounded_and_rules_exclude(rows, kind, mode, intensity, section, data):
    table = Table(
        kind,
        "p",
        [
            Row(ident=i, fg_url="x", warp=w, cx=c, quality=q, luma=lu, motion=m, dark=d)
            for i, (w, c, q, lu, m, d) in enumerate(rows)
        ],
    )
    some = st.lists(st.integers(0, len(table) - 1), max_size=5)
    banned, jailed, recent = data.draw(some), data.draw(some), data.draw(some)
    shown = recent[-1] if recent else None
    choice = Chooser(S, 3).choose(
        table,
        situation(
            mode=mode,
            intensity=intensity,
            section=section,
            banned=banned,
            quarantined=jailed,
            recent=recent,
            shown=shown,
            shown_strength=None if shown is None else int(table.strength[shown]),
        ),
        1,
    )
    if choice is None:
        assert set(range(len(table))) <= {*banned, *jailed, *([shown] if shown is not None else [])}
        return
    assert choice.index not in {*banned, *jailed}
    assert 0 <= choice.draw < choice.total
    assert choice.candidates >= 1 + len(choice.runners_up)
    for entry in (choice.entry, *choice.runners_up):
        assert entry.index not in {*banned, *jailed}
        assert all(0 <= factor <= 4 * MICRO for factor in entry.factors.values())
        assert weights.combine(entry.factors) == entry.weight > 0
    heavy = [entry.weight for entry in choice.runners_up]
    assert heavy == sorted(heavy, reverse=True)
    assert choice.total >= choice.entry.weight + sum(heavy)


def test_an_unknown_factor_cannot_slip_out_of_a_weight():
    with pytest.raises(ValueError, match="'luck'"):
        weights.combine({"luck": MICRO})


def test_exploration_lifts_what_does_not_fit_but_not_what_is_excluded():
    assert weights.combine({"match": 0, "explore": 30_000}) == weights.WEIGHT_ONE * 3 // 100
    assert weights.combine({"match": 0, "explore": 30_000, "banned": 0}) == 0


# -- modes --------------------------------------------------------------------------------------


def test_weighted_follows_the_intensity():
    table = make_table(31)
    low = picks(table, 300, intensity=200_000, section="calm")
    high = picks(table, 300, intensity=900_000, section="peak")
    assert sum(low) / 300 < 10
    assert sum(high) / 300 > 20


def entry_weights(table, settings, **changes):
    """The weight of each entry, each having been asked for in all its factors by drawing it."""
    chooser, found = Chooser(settings, 0), {}
    for number in range(100_000):
        choice = chooser.choose(table, situation(**changes), number)
        found[choice.index] = choice.entry.weight
        if len(found) == len(table):
            return [found[i] for i in range(len(table))]
    raise AssertionError(f"only {len(found)} of {len(table)} were ever drawn")


def test_weighted_draws_in_proportion():
    table = make_table(12)
    expected = entry_weights(table, S)
    total = sum(expected)
    counts = Counter(picks(table, 6000, seed=11))
    chi2 = sum((counts[i] - 6000 * w / total) ** 2 / (6000 * w / total) for i, w in enumerate(expected))
    assert chi2 < 31.3  # 11 degrees of freedom, one in a thousand


def test_random_is_uniform_and_leaves_out_what_is_shown():
    counts = Counter(picks(make_table(11), 5000, mode="random", shown=4))
    assert counts[4] == 0
    assert sum((c - 500) ** 2 / 500 for c in counts.values()) < 27.9  # 9 degrees of freedom


@pytest.mark.parametrize("n", [1, 2, 3, 7, 31])
def test_shuffle_shows_all_once_a_cycle_and_never_repeats(n):
    chooser, table, shown, order = Chooser(S, 21), make_table(n), None, []
    for number in range(5 * n):
        choice = chooser.choose(table, situation(mode="shuffle", shown=shown), number)
        if n == 1 and number:
            assert choice is None
            return
        order.append(choice.index)
        shown = choice.index
    for cycle in range(5):
        assert sorted(order[cycle * n : (cycle + 1) * n]) == list(range(n))
    assert all(a != b for a, b in itertools.pairwise(order))


def test_shuffle_goes_on_from_its_counter_alone():
    whole = Chooser(S, 21)
    order = [whole.choose(make_table(7), situation(mode="shuffle"), i).index for i in range(20)]
    late = Chooser(S, 21, {"pair:demo": 12})
    assert [late.choose(make_table(7), situation(mode="shuffle"), i).index for i in range(8)] == order[12:]


def app_weights(qualities, gamma, explore, recent, dedup_n, penalty):
    """The published formula, written down with floats as the app has it."""
    result = []
    for i, q in enumerate(qualities):
        w = (1 - explore) * ((0.5 if q is None else q) + 1e-6) ** gamma + explore
        if dedup_n > 0 and penalty > 0 and i in recent[-dedup_n:]:
            w *= 1 - penalty
        result.append(w)
    return result


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 4.0])
@pytest.mark.parametrize(("explore", "dedup_n", "penalty"), [(0.0, 0, 0.0), (0.1, 3, 0.05), (0.05, 2, 1.0)])
def test_public_v0_is_the_published_formula(gamma, explore, dedup_n, penalty):
    qualities = [0.1, 0.9, None, 1.0, 0.5]
    rows = [
        Row(ident=i, fg_url="x", quality=MISSING if q is None else round(q * MICRO))
        for i, q in enumerate(qualities)
    ]
    settings = SelectSettings(
        public_gamma=gamma, public_explore=explore, public_dedup_n=dedup_n, public_dedup_penalty=penalty
    )
    recent = [3, 0, 1, 4]
    table, moment = Table("pair", "p", rows), situation(mode="public_v0", recent=recent)
    expected = app_weights(qualities, gamma, explore, recent, dedup_n, penalty)
    chooser, drawn = Chooser(settings, 1), set()
    for number in range(40):
        choice = chooser.choose(table, moment, number)
        drawn.add(choice.index)
        drawn |= {entry.index for entry in choice.runners_up}
        for entry in (choice.entry, *choice.runners_up):
            assert abs(entry.weight / weights.WEIGHT_ONE - expected[entry.index]) < 3e-6
        assert abs(choice.total / weights.WEIGHT_ONE - sum(expected)) < 2e-5
    assert drawn == {i for i, weight in enumerate(expected) if weight > 0}


def test_absent_gamma_is_one_and_not_zero():
    counts = Counter(
        picks(
            Table(
                "pair",
                "p",
                [Row(ident=0, fg_url="x", quality=100_000), Row(ident=1, fg_url="x", quality=900_000)],
            ),
            2000,
            mode="public_v0",
        )
    )
    assert 0.87 < counts[1] / 2000 < 0.93


def app_manifest(low, span):
    """The shape of the app's 31-pair filtered manifest with qualities beside it, as it writes both."""
    rows = [
        {
            "pair": 97 * i,
            "fgUrl": f"/presets/ai/fg/coupled_{97 * i:05d}_20260101_000000_fg.milk",
            "bgUrl": f"/presets/ai/bg/coupled_{97 * i:05d}_20260101_000000_bg.milk",
            "warp_diff": 0.00096 + 0.0042 * (i * 7 % 31),
            "cx_diff": 0.0044 + 0.0053 * (i * 11 % 31),
        }
        for i in range(31)
    ]
    pairs = {
        "version": "v0",
        "generatedAt": "2026-02-18T23:14:59.9635091+08:00",
        "generatedFrom": "filter v4: n>=2 avgLuma>=0.14 minLuma>=0.07 avgMotion>=2e-5 avgScore>=0.60",
        "keptPairs": 31,
        "totalPairs": 3000,
        "pack": "ai",
        "pairs": rows,
    }
    quality = {
        "version": "v0",
        "pack": "ai",
        "qualityStats": {"std": span / 3.5},
        "pairs": [{"pair": k, "quality01": low + span * (k % 31) / 30} for k in range(3000)],
    }
    raw = (b"\xef\xbb\xbf" + json.dumps(what).encode() for what in (pairs, quality))
    return build_pack("ai", parse_pairs(next(raw), "filtered.current"), parse_quality(next(raw), "quality"))


def of_the_best(settings, pack, mode="weighted", **changes):
    """Share of draws that fall on the upper half of the qualities."""
    table = pack.pairs
    upper = {i for i in range(31) if table.quality_rank[i] > MICRO // 2}
    drawn = picks(table, 3000, settings, mode=mode, **changes)
    return sum(i in upper for i in drawn) / 3000


def test_qualities_beside_a_filtered_manifest_of_the_app_have_their_effect():
    even = SelectSettings(sigma=10.0, visible_floor={}, explore=0.0)  # quality alone tells entries apart
    pack = app_manifest(0.1, 0.9)
    assert len(pack.pairs) == 31
    assert MISSING not in pack.pairs.quality
    upper, lower = (
        sum(
            (0.2 + 0.8 * q / MICRO)
            for q, r in zip(pack.pairs.quality, pack.pairs.quality_rank, strict=True)
            if part(r)
        )
        for part in (lambda r: r > MICRO // 2, lambda r: r <= MICRO // 2)
    )
    assert abs(of_the_best(even, pack) - upper / (upper + lower)) < 0.03
    # The published mode with its parameters left out: gamma 1, not 0 (which would draw uniformly).
    qs = [(q, r) for q, r in zip(pack.pairs.quality.tolist(), pack.pairs.quality_rank, strict=True)]
    public = sum(q for q, r in qs if r > MICRO // 2) / sum(q for q, _ in qs)
    assert abs(of_the_best(SelectSettings(), pack, "public_v0") - public) < 0.03
    assert public > 0.6


def test_narrow_qualities_get_their_effect_by_rank_or_softmax():
    pack = app_manifest(0.7277, 0.0845)
    shares = {
        scale: of_the_best(
            SelectSettings(sigma=10.0, visible_floor={}, explore=0.0, quality_scale=scale), pack
        )
        for scale in ("raw", "rank", "softmax")
    }
    assert shares["raw"] < 0.53 < 0.60 < min(shares["rank"], shares["softmax"])


def test_presets_use_their_measurements():
    choice = Chooser(S, 1).choose(make_presets(12), situation(), 1)
    assert "manifest" in choice.entry.factors
    assert choice.candidates >= 8


# -- the selector's choices ---------------------------------------------------------------------


def records(events):
    return [e.record for e in events if type(e).__name__ == "PickLogged"]


def test_without_sound_weighted_falls_back_to_random_and_says_so():
    record = records(Band(QUIET).play(make_selector(), 1.0))[0]
    assert (record["requestedMode"], record["mode"], record["reason"]) == (
        "weighted",
        "random",
        "fallback:no-audio",
    )
    assert len({f["weight"] for f in record["runnersUp"]} | {record["weight"]}) == 1


def test_a_fallback_still_tells_what_asked_for_the_change():
    band, selector = Band(QUIET), make_selector()
    found = records(band.play(selector, 1.0))
    selector.command(Command("next"), band.sample)
    found += records(band.play(selector, 1.0))
    selector.ack(Ack(seq=2, phase="failed"), band.sample)
    found += records(band.play(selector, 1.0))
    selector.command(Command("pair", "4"), band.sample)
    selector.command(Command("next"), band.sample)
    found += records(band.play(selector, 30.0))
    assert [(r["reason"], r["trigger"]) for r in found] == [
        ("fallback:no-audio", "start"),
        ("fallback:no-audio", "command:next"),
        ("fallback:no-audio", "replace:failed"),
        ("pinned", "command:next"),
        ("silence", "silence"),
        ("dwell:time", "dwell:time"),
    ]


def test_with_sound_the_reason_is_what_asked_for_the_change():
    found = records(Band(hop=1024).play(make_selector(), 60.0))
    assert len(found) > 1
    assert all(r["trigger"] == r["reason"] for r in found)


def test_when_nothing_weighs_anything_it_falls_back_to_random_and_says_so():
    rows = [Row(ident=f"p{i}", fg_url="/presets/p/x", luma=0, motion=100_000) for i in range(4)]
    catalog = Catalog([Pack("p", Table("pair", "p", []), Table("preset", "p", rows))])
    record = records(Band().play(make_selector(catalog=catalog), 1.0))[0]
    assert (record["kind"], record["mode"], record["reason"]) == ("preset", "random", "fallback:no-weight")
    assert record["trigger"] == "start"


def test_a_single_picture_is_shown_once_and_stays():
    catalog = Catalog([Pack("p", make_table(1, "p"), make_presets(0, "p"))])
    band, selector = Band(), make_selector(catalog=catalog)
    assert len(records(band.play(selector, 100.0))) == 1
    assert any("Nothing else can be shown" in w for w in selector.state.warnings)


def test_back_and_forward_are_exact():
    band, selector = Band(hop=1024), make_selector(catalog=make_catalog(200))
    shown = []

    def press(verb, seconds=3.0):
        selector.command(Command(verb), band.sample)
        shown.extend(r["pair"] for r in records(band.play(selector, seconds)))

    shown.extend(r["pair"] for r in records(band.play(selector, 3.0)))
    for _ in range(4):
        press("next")
    first = list(shown)
    assert len(first) == 5
    for _ in range(3):
        press("back")
    assert shown[5:] == [first[3], first[2], first[1]]
    press("next")
    press("next")
    assert shown[8:] == [first[2], first[3]]
    press("next")
    press("next")
    assert shown[10] == first[4]
    assert shown[11] not in first


def test_back_at_the_beginning_says_so():
    selector = make_selector()
    Band().play(selector, 2.0)
    done = selector.command(Command("back"), 0)[0]
    assert not done.ok
    assert "nothing to go back to" in done.message


@pytest.mark.parametrize(
    ("bias", "aim", "expected"),
    [
        (0.0, "follow", 500_000),
        (1.0, "follow", MICRO),
        (-1.0, "follow", 0),
        (0.5, "follow", 750_000),
        (0.0, "drop", 850_000),
        (0.0, "calm", 250_000),
    ],
)
def test_intensity_is_rescaled_biased_and_aimed(bias, aim, expected):
    middle = msgspec.structs.replace(LOUD, energy01=0.615, accent01=0.5, beat_pulse01=0.5)
    intensity = Intensity(S, 48_000)
    intensity.hear(middle)
    assert abs(intensity.micro(bias, aim, QUIET) - expected) <= 1


def test_intensity_is_that_of_about_a_bar():
    loud = msgspec.structs.replace(LOUD, energy01=0.88, accent01=1.0, beat_pulse01=1.0)
    soft = msgspec.structs.replace(LOUD, energy01=0.35, accent01=0.0, beat_pulse01=0.0)
    assert (sound01(loud, S), sound01(soft, S)) == (1.0, 0.0)

    def play(intensity, sound, start, seconds):
        for k in range(1, int(seconds * 100) + 1):
            intensity.hear(msgspec.structs.replace(sound, t_samples=start + 480 * k))
        return intensity.micro(0.0, "follow", sound) / MICRO

    follower = Intensity(S, 48_000)
    assert follower.micro(0.0, "follow", loud) == MICRO  # nothing heard yet: the moment itself
    assert play(follower, soft, 0, 10.0) == 0.0
    assert abs(play(follower, loud, 480_000, S.intensity_sec) - 0.632) < 0.01
    assert abs(play(follower, soft, 576_000, S.intensity_sec) - 0.233) < 0.01
    follower.hear(msgspec.structs.replace(QUIET, t_samples=700_000))
    assert play(follower, loud, 700_000, 0.01) == 1.0
    assert play(Intensity(SelectSettings(intensity_sec=0.0), 48_000), loud, 0, 0.01) == 1.0
