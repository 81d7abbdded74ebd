"""Features of a preset that was never rendered: its equations run, and the same numbers come out again."""

from __future__ import annotations

import numpy as np
import pytest
from embedded_presets import text
from packaged_presets import body, raw

from models.features.program import PartProgram, Program, of_json, of_milk
from models.features.simulate import FRAME_VARIABLES, FRAMES, SETTLED, simulate
from models.features.vector import features, names, schema_sha256
from models.milk.reader import read_milk
from models.packs.butterchurn import parse_preset


def column(program: Program, name: str) -> np.ndarray:
    return simulate(program).frame[:, FRAME_VARIABLES.index(name)]


def test_time_and_sound_drive_equations():
    zoom = column(Program(code={"frame": "zoom = 1 + 0.1*sin(time); rot = bass;"}), "zoom")
    expected = 1 + 0.1 * np.sin(np.arange(SETTLED, FRAMES) / 30)
    assert np.allclose(zoom, expected)
    rot = column(Program(code={"frame": "rot = bass"}), "rot")
    kicks = [at for at in range(1, len(rot)) if rot[at] > rot[at - 1]]
    assert np.diff(kicks).tolist() == [14] * (len(kicks) - 1)


def test_variables_of_a_preset_start_anew_each_frame_and_own_ones_stay():
    code = {"init": "mine = 5; q1 = 7;", "frame": "mine += 1; zoom += 1; wave_a = mine; rot = q1; q1 = 9;"}
    program = Program(values={"zoom": 2.0}, code=code)
    assert set(column(program, "zoom")) == {3.0}
    assert column(program, "wave_a").tolist() == list(range(6 + SETTLED, 6 + FRAMES))
    assert set(column(program, "rot")) == {7.0}


def test_mesh_sees_the_frame_and_its_place():
    course = simulate(
        Program(code={"frame": "q1 = 3; zoom = 2;", "pixel": "zoom = zoom + x; rot = q1; dx = rad;"})
    )
    zoom, rot, dx = course.mesh[:, :, 0], course.mesh[:, :, 1], course.mesh[:, :, 5]
    assert sorted(set(np.round(zoom.ravel(), 6))) == [2.1, 2.37, 2.63, 2.9]
    assert set(rot.ravel()) == {3.0}
    assert dx.min() >= 0.0
    assert dx.max() < 1.5


def test_shapes_and_waves_get_q_and_t():
    shape = PartProgram(
        {"enabled": 1.0, "num_inst": 3.0}, {"init": "t1 = 2;", "frame": "rad = q1 * t1; t1 = 9;"}
    )
    wave = PartProgram({"enabled": 1.0}, {"frame": "a = bass;"})
    course = simulate(Program(code={"frame": "q1 = 0.25;"}, waves=(wave,), shapes=(shape,)))
    assert set(course.shapes[0][:, 2]) == {0.5}
    assert course.copies == [3.0]
    assert course.waves[0][:, 0].std() > 0.1


def test_broken_code_is_counted_and_the_rest_runs():
    course = simulate(Program(code={"frame": "zoom = = 3", "pixel": "rot = 1;", "warp": "not eel at all {"}))
    assert course.broken == 1
    assert set(course.mesh[:, :, 1].ravel()) == {1.0}


def test_features_are_finite_named_and_repeat():
    wild = Program(
        values={"zoom": 1e9},
        code={
            "frame": "zoom = 10^300; rot = rand(10); decay = log(0); q3 = 1/0;",
            "warp": "ret *= 0.97 - 0.004;",
        },
    )
    first, again = features(wild), features(wild)
    assert first == again
    assert list(first) == names()
    assert np.isfinite(list(first.values())).all()
    assert first["warp.factor"] == 0.97
    assert first["warp.minus"] == pytest.approx(0.004)
    assert len(schema_sha256()) == 64


def test_both_formats_give_one_program():
    milk, _ = read_milk(text(3, 1).encode(), "milk")
    made = of_milk(milk)
    lines = "\n".join(made.code["frame"].split("\n"))
    json_body = body() | {
        "baseVals": {"decay": 0.909, "zoom": 1.01, "warp": 3, "rot": 0.03, "rating": 5},
        "frame_eqs_eel": lines,
        "warp": "",
        "shapes": [],
    }
    other = of_json(parse_preset(raw(json_body), name="json", where="json"))
    assert other.values == made.values
    assert other.code == made.code
    assert features(other) == features(made)
