"""Settings document themselves, and their defaults obey their own ranges."""

from __future__ import annotations

from typing import get_args, get_type_hints

import msgspec
import pytest

from selector.settings import DirectorSettings, SelectorSettings, SelectSettings


@pytest.mark.parametrize("group", [SelectSettings, DirectorSettings])
def test_every_key_says_what_it_is(group):
    for name, hint in get_type_hints(group, include_extras=True).items():
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
        {"director": {"flash_gap_sec": 0.1}},
        {"director": {"min_dwell_sec": 60.0}},
        {"select": {"energy_low": 0.9}},
        {"drawing": {}},
    ],
)
def test_what_is_unknown_out_of_range_or_contradictory_is_refused(bad):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(bad, SelectorSettings)
