"""Ten thousand picks in one go: no stall, no leak, everything seen, evenly."""

from __future__ import annotations

import math
import tracemalloc
from collections import Counter
from itertools import pairwise

import msgspec
import pytest
from band import LOUD, RATE, Band, make_catalog, make_selector

from selector.events import Activate, PickLogged
from selector.settings import DirectorSettings, SelectorSettings

PICKS = 10_000
QUICK = DirectorSettings(min_dwell_sec=2.0, max_dwell_sec=2.5, prepare_lead_sec=1.0, bar_quantum=1)


@pytest.mark.slow
def test_ten_thousand_picks():
    band, selector = Band(hop=2048), make_selector(SelectorSettings(director=QUICK), catalog=make_catalog(31))
    shown, last, warm = [], 0, None
    picked = {}
    tracemalloc.start()
    turn = 0
    while len(shown) < PICKS:
        if turn % 1000 == 0:  # the music goes up and down
            energy = 0.35 + 0.53 * (turn // 1000 * 7 % 11) / 10
            band.now = msgspec.structs.replace(LOUD, energy01=energy, energy_slow01=energy)
        turn += 1
        snapshot, events = band.hop()
        for event in selector.step(snapshot, events):
            if isinstance(event, PickLogged):
                picked[event.record["seq"]] = event.record["pair"]
            elif isinstance(event, Activate):
                shown.append(picked.pop(event.seq))
                assert event.sample - last < 8 * RATE  # no stall
                last = event.sample
        if len(shown) == PICKS // 4 and warm is None:
            warm = tracemalloc.get_traced_memory()[0]
    grown = tracemalloc.get_traced_memory()[0] - warm
    tracemalloc.stop()
    assert grown < 1 << 20
    assert len(picked) <= 1
    counts = Counter(shown)
    assert len(counts) == 31
    entropy = -math.fsum(c / PICKS * math.log(c / PICKS) for c in counts.values()) / math.log(31)
    assert entropy > 0.95
    assert all(a != b for a, b in pairwise(shown))
