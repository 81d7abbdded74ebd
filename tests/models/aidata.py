"""A folder as the app's generator leaves it: pairs, a `manifest.jsonl` of foreign paths, faults."""

from __future__ import annotations

import json
from pathlib import Path

from models.milk.made import made_preset
from models.milk.writer import write_milk


def make_pack(folder: Path, pairs: int, *, first: int = 0, windows: bool = False) -> Path:
    """A pack of `pairs` pairs; of every 50 one file is missing; BOM, a blank and two broken lines."""
    base = f"D:\\aidata\\{folder.name}\\" if windows else f"/mnt/d/aidata/{folder.name}/"
    lines = ["\ufeff" + json.dumps(_row(first, base, windows, 0))]
    for at in range(pairs):
        for side, number in (("fg", 2 * at), ("bg", 2 * at + 1)):
            place = folder / side / f"coupled_{first + at:05}_20260101_000000_{side}.milk"
            place.parent.mkdir(parents=True, exist_ok=True)
            if at % 50 != 7 or side == "fg":
                place.write_bytes(write_milk(made_preset(2 * first + number)))
        if at:
            lines.append(json.dumps(_row(first + at, base, windows, at)))
    lines[3:3] = ["", "{broken", json.dumps({"pair": 5})]
    (folder / "manifest.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "stats.json").write_text("{}", encoding="utf-8")
    return folder


def _row(pair: int, base: str, windows: bool, at: int) -> dict:
    def path(side: str) -> str:
        slash = "\\" if windows else "/"
        return f"{base}{side}{slash}coupled_{pair:05}_20260101_000000_{side}.milk"

    row = {"pair": pair, "fg": path("fg"), "bg": path("bg")}
    return row | {"warp_diff": 0.001 + at * 0.0001 % 0.17, "cx_diff": 0.003 + at * 37 % 600 / 5000}
