"""Presets of our own making, in butterchurn's format."""

from __future__ import annotations

import json

WORDS = ("amber", "brook", "cedar", "delta", "ember", "frost", "grove", "haven", "inlet", "junco")


def body(number: int = 1) -> dict:
    """A small valid preset; parameters and code depend on `number`, so no two are alike."""
    code = "\n".join(f"{WORDS[(number + k) % 10]}{number}_{k} = q{1 + k % 8} * {k};" for k in range(12))
    shape = {"baseVals": {"enabled": number % 2, "rad": 0.5}, "init_eqs_eel": "", "frame_eqs_eel": ""}
    return {
        "version": 2,
        "baseVals": {
            "zoom": 1.0 + (number % 17) * 0.01,
            "rot": (number % 5) * 0.02,
            "warp": (number % 13) * 0.7,
            "warpscale": 1.0 + number % 7,
            "cx": 0.5 + (number % 3) * 0.1,
            "decay": 0.9 + (number % 10) * 0.01,
        },
        "shapes": [shape],
        "waves": [],
        "init_eqs_eel": "",
        "frame_eqs_eel": code,
        "pixel_eqs_eel": "",
        "warp": "" if number % 2 else " shader_body { ret = texture (sampler_main, uv).xyz; }",
        "comp": "",
    }


def raw(value: object) -> bytes:
    """`value` as a file holds it."""
    return json.dumps(value).encode("utf-8")
