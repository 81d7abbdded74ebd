"""``kill -9`` at random instants: the recording verifies, less than a second is lost, the show goes on."""

from __future__ import annotations

import os

import pytest
from killing import kill, table

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("AIVJD_KILLS", "10"))


def test_what_is_killed_at_any_instant_has_lost_less_than_a_second() -> None:
    """`AIVJD_KILLS=200` for the long version, or ``python tests/real/killing.py 200``."""
    toll = kill(KILLS, seed=KILLS)
    print(table(toll))
    assert toll.faults == []
    assert len(toll.lost_s) >= KILLS
    assert max(seconds for _, seconds in toll.lost_s) < 1.0, table(toll)
