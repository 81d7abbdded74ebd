"""The real rig: a browser and butterchurn see the same whatever came before, and say what fails."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from models.convert.preset import Shaders, convert
from models.measure.pages import rig_files
from models.measure.probe import Probe, Probed, Rig
from models.milk.made import made_preset

pytestmark = [pytest.mark.real, pytest.mark.slow]

MODULES = Path(__file__).parents[2] / "daemon" / "web" / "node_modules"


def text(at: int, **changes: object) -> str:
    return json.dumps(convert(made_preset(at), Shaders(None), "made").body | changes)


def seen(probed: Probed) -> tuple:
    return probed.fault, probed.metrics, probed.frames, probed.thumbs


def test_presets_look_the_same_in_any_order_and_faults_are_named():
    presets = {
        "plain": text(1),
        "other": text(2),
        # Its own picture is decoded in the background: whether it is there must not be chance.
        "cloud": text(
            3, comp="uniform sampler2D sampler_worms;\n shader_body { ret = texture(sampler_worms, uv).xyz; }"
        ),
        "unlinked": text(4, warp=" shader_body { ret = nothing; }"),
        "unparsed": text(5, frame_eqs_eel="zoom = (1;"),
    }
    rig = Rig(("music",), width=64, height=36, frames=20, settled=8)
    files = rig_files(MODULES)
    with Probe(rig, files) as probe:
        first = {name: seen(probe.see(preset)) for name, preset in presets.items()}
        again = {name: seen(probe.see(presets[name])) for name in reversed(presets)}
        assert probe.describe()["renderer"] == "butterchurn"
    assert again == first
    assert {name: one[0] for name, one in first.items()} == {
        "plain": "",
        "other": "",
        "cloud": "",
        "unlinked": "render-failed",
        "unparsed": "preset-load-failed",
    }
    assert first["plain"][2] != first["other"][2]
    assert first["cloud"][1]["music"]["avgLuma"] > 0.1


def test_a_preset_that_never_ends_is_tried_twice_and_named(monkeypatch):
    rig = Rig(("music",), width=64, height=36, frames=20, settled=8, cpu_s=3.0)
    files = rig_files(MODULES)
    # A renderer that hangs on one preset, by a rig of our own making.
    files["/butterchurn_rig.js"] += b"""
const load = window.aivjdRig.load;
window.aivjdRig.load = (text, job) => {
  if (text === '"hang"') for (;;) {}
  return load(text, job);
};
"""
    with Probe(rig, files) as probe:
        assert probe.see('"hang"').fault == "probe-timeout"
        assert probe.see(text(1)).fault == ""
