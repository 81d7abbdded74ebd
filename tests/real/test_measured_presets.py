"""What the table of measured presets says is what the renderer shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from chromium import chromium

from models.measure.rig import see
from models.measure.table import key, read_table
from models.packs.butterchurn import read_preset

pytestmark = [pytest.mark.real, pytest.mark.slow]

MODULES = Path(__file__).parents[2] / "daemon" / "web" / "node_modules"


def test_every_fault_and_some_of_the_others_are_seen_again():
    table = read_table()
    folder = MODULES / "butterchurn-presets" / "presets" / "converted"
    presets = [read_preset(path) for path in sorted(folder.glob("*.json"))]
    faulty = [preset for preset in presets if key(preset) in table and table[key(preset)].fault]
    others = [preset for preset in presets if key(preset) in table and not table[key(preset)].fault][::60]
    assert len(faulty) == 31
    with chromium() as browser:
        seen = {preset.name: see(browser, MODULES, preset) for preset in faulty + others}
    assert {p.name: seen[p.name].fault for p in faulty + others} == {
        p.name: table[key(p)].fault for p in faulty + others
    }
    for preset in others:
        assert seen[preset.name].luma == pytest.approx(table[key(preset)].luma, abs=0.02), preset.name
        assert seen[preset.name].motion == pytest.approx(table[key(preset)].motion, abs=0.005), preset.name
