from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.packs.differences import DEFAULTS, FULL_SCALE, cx_diff, displacement, warp_diff

# As wide as real presets go, and wider.
RANGES = {
    "warp": (0, 100),
    "warpscale": (0, 100),
    "warpanimspeed": (0, 100),
    "zoom": (0, 20),
    "zoomexp": (0, 100),
    "sx": (-2, 2),
    "sy": (-2, 2),
    "cx": (-2, 2),
    "cy": (-2, 2),
    "dx": (-2, 2),
    "dy": (-2, 2),
    "rot": (-20, 20),
}
parameters = st.fixed_dictionaries(
    {}, optional={key: st.floats(low, high) for key, (low, high) in RANGES.items()}
)


@pytest.mark.parametrize("difference", [warp_diff, cx_diff])
@given(a=parameters, b=parameters)
def test_symmetric_bounded_and_nought_for_equals(difference, a, b):
    first, second = displacement(a), displacement(b)
    value = difference(first, second)
    assert 0.0 <= value < FULL_SCALE
    assert value == difference(second, first)
    assert difference(first, first) == 0.0


def test_defaults_are_filled_in():
    assert displacement({}) == displacement(DEFAULTS)


@pytest.mark.parametrize(
    ("key", "value"),
    [("warp", 3.0), ("warpscale", 4.0), ("warpanimspeed", 5.0), ("sx", 1.1), ("sy", 0.9)],
)
def test_deformation_shows_in_warp_diff_alone(key, value):
    plain, changed = displacement({}), displacement({key: value})
    assert warp_diff(plain, changed) > 0.0
    assert cx_diff(plain, changed) == 0.0


@pytest.mark.parametrize(("key", "value"), [("zoom", 1.05), ("rot", 0.05), ("dx", 0.01), ("dy", -0.01)])
def test_movement_shows_in_cx_diff_alone(key, value):
    plain, changed = displacement({}), displacement({key: value})
    assert warp_diff(plain, changed) == 0.0
    assert cx_diff(plain, changed) > 0.0


def test_uneven_zoom_is_deformation():
    even, uneven = displacement({"zoom": 1.1}), displacement({"zoom": 1.1, "zoomexp": 3.0})
    assert warp_diff(even, uneven) > 0.0
    assert cx_diff(even, uneven) == 0.0


def test_the_centre_matters_only_where_something_turns_about_it():
    assert cx_diff(displacement({"cx": 0.2}), displacement({"cx": 0.8})) == 0.0
    turning = displacement({"rot": 0.1, "cx": 0.2}), displacement({"rot": 0.1, "cx": 0.8})
    assert cx_diff(*turning) > 0.0


def test_a_whole_turn_is_no_turn():
    still, whole = displacement({}), displacement({"rot": -6 * math.pi})
    assert cx_diff(still, whole) == pytest.approx(0.0, abs=1e-12)


def test_more_of_a_difference_is_never_less():
    still = displacement({"warp": 0.0})
    values = [warp_diff(still, displacement({"warp": w})) for w in (0.01, 0.1, 1.0, 10.0, 100.0)]
    assert values == sorted(values)
    assert len(set(values)) == len(values)


def test_the_knee_is_half_of_full_scale():
    # dx displaces every point by exactly dx, so the root mean square is 0.01, the knee.
    value = cx_diff(displacement({}), displacement({"dx": 0.01}))
    assert value == pytest.approx(FULL_SCALE / 2)


@pytest.mark.parametrize(
    "pair",
    [
        ({"zoom": 1.03}, {"zoom": 0.99, "dx": 0.004}),
        ({"rot": 0.03, "cx": 0.3, "cy": 0.9}, {"zoom": 1.02, "dy": 0.01}),
        ({"rot": -0.02}, {"rot": 0.03, "cx": 0.0}),
    ],
)
def test_movement_against_the_renderer_s_own_formula(pair):
    """The closed form equals the root mean square over a grid of what the renderer computes."""
    total, count, n = 0.0, 0, 60
    for i in range(n):
        for j in range(n):
            x, y = (i + 0.5) / n, (j + 0.5) / n
            (ax, ay), (bx, by) = (_moved(values, x, y) for values in pair)
            total += (ax - bx) ** 2 + (ay - by) ** 2
            count += 1
    exact = math.sqrt(total / count)
    first, second = (displacement(values) for values in pair)
    value = cx_diff(first, second)
    distance = 0.01 * value / (FULL_SCALE - value)
    assert distance == pytest.approx(exact, rel=0.05)


def test_waves_against_the_renderer_s_own_formula():
    """Root mean square of the travelling waves over picture and time, at two strengths."""
    total, count = 0.0, 0
    for step in range(40):
        time = step * 1.7
        f = [
            base + amplitude * math.cos(time * speed + phase)
            for base, amplitude, speed, phase in (
                (11.68, 4.0, 1.413, 10),
                (8.77, 3.0, 1.113, 7),
                (10.54, 3.0, 1.233, 3),
                (11.49, 4.0, 0.933, 5),
            )
        ]
        for i in range(20):
            for j in range(20):
                x, y = (i + 0.5) / 10 - 1, (j + 0.5) / 10 - 1
                u = math.sin(time * 0.333 + x * f[0] - y * f[3]) + math.cos(
                    time * 0.753 - x * f[1] + y * f[2]
                )
                v = math.cos(time * 0.375 - x * f[2] - y * f[1]) + math.sin(
                    time * 0.825 + x * f[0] + y * f[3]
                )
                total += (0.0035 * u) ** 2 + (0.0035 * v) ** 2
                count += 1
    assert displacement({"warp": 1.0}).wave == pytest.approx(math.sqrt(total / count), rel=0.05)


def _moved(values: dict[str, float], x: float, y: float) -> tuple[float, float]:
    """Where butterchurn's mesh samples point (x, y) of a square picture, without waves."""
    zoom, rot = values.get("zoom", 1.0), values.get("rot", 0.0)
    cx, cy = values.get("cx", 0.5), values.get("cy", 0.5)
    u, v = (x - 0.5) / zoom + 0.5, (y - 0.5) / zoom + 0.5
    u, v = u - cx, v - cy
    turned = u * math.cos(rot) - v * math.sin(rot), u * math.sin(rot) + v * math.cos(rot)
    return turned[0] + cx - values.get("dx", 0.0), turned[1] + cy - values.get("dy", 0.0)
