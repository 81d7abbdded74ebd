"""Settings document themselves, and their defaults obey their own ranges."""

from __future__ import annotations

from typing import get_args, get_type_hints

import msgspec
import pytest

from selector.settings import SelectorSettings


def groups(group):
    """It and the groups in it."""
    inner = [hint for hint in get_type_hints(group).values() if isinstance(hint, type)]
    return [group, *(g for kind in inner if issubclass(kind, msgspec.Struct) for g in groups(kind))]


@pytest.mark.parametrize("group", groups(SelectorSettings)[1:])
def test_every_key_says_what_it_is(group):
    for name, hint in get_type_hints(group, include_extras=True).items():
        if hint in groups(group):
            continue
        meta = get_args(hint)[1]
        assert meta.description.endswith("."), name
        assert meta.extra.keys() == {"unit", "hot"}, name
        if get_args(hint)[0] in (int, float):
            assert meta.ge < meta.le, name


def test_defaults_are_valid():
    plain = msgspec.to_builtins(SelectorSettings())
    assert msgspec.convert(plain, SelectorSettings) == SelectorSettings()


@pytest.mark.parametrize(
    "bad",
    [
        {"select": {"sigma": 0.0}},
        {"select": {"gamma": 1.0}},
        {"select": {"mode": "best"}},
        {"select": {"visible_floor": {"chorus": 0.1}}},
        {"select": {"too_strong_ceiling": {"calm": 1.5}}},
        {"select": {"filter": {"luma_min": -0.1}}},
        {"director": {"flash_gap_sec": 0.1}},
        {"director": {"min_dwell_sec": 60.0}},
        {"director": {"dwell": {"calm": [30.0, 20.0]}}},
        {"select": {"quarantine_sec": 80000.0}},
        {"select": {"energy_low": 0.9}},
        {"drawing": {}},
    ],
)
def test_what_is_unknown_out_of_range_or_contradictory_is_refused(bad):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(bad, SelectorSettings)
