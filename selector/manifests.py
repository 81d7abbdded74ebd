"""A pack's manifests: bytes in, objects out.

Formats as the newliveweb app defines them, read with their real-world faults: a BOM, unknown fields,
missing warp_diff, cx_diff or quality, filtered variants under any name, numbers written as strings,
Windows and WSL paths. One unusable entry is left out with a warning; a manifest without any usable
entry, or of the wrong shape, raises `BadManifest`.
"""

from __future__ import annotations

import json
import math
from typing import Any
from urllib.parse import unquote

from msgspec import Struct

from selector.errors import BadManifest

LIBRARY_VERSIONS = ("v0", "v1", "v2", "v3")
HARD_FAILURES = (
    "probe-timeout",
    "watchdog",
    "render-failed",
    "preset-load-failed",
    "wasm-abort",
    "probe-error",
)
"""A preset whose measuring failed for one of these reasons is never shown."""


class PairEntry(Struct, frozen=True):
    """One pair. Differences are None where the manifest has none; `label` names its foreground."""

    pair: int
    fg_url: str
    bg_url: str
    warp_diff: float | None
    cx_diff: float | None
    label: str = ""


class PairsManifest(Struct, frozen=True):
    """`pairs-manifest.v0.json`, full or filtered."""

    pack: str
    pairs: tuple[PairEntry, ...]
    warnings: tuple[str, ...]


class QualityManifest(Struct, frozen=True):
    """`pairs-quality.v0.json`: quality01 in [0, 1] by pair."""

    pack: str
    qualities: dict[int, float]


class PresetEntry(Struct, frozen=True):
    """One preset of a library. `score` is `predQualityScore`, `band` is `bandClass`, where there are any."""

    preset_id: str
    label: str
    rel_path: str
    url: str
    score: float | None = None
    band: str = ""


class LibraryManifest(Struct, frozen=True):
    """`library-manifest.json`, v0 to v3."""

    presets: tuple[PresetEntry, ...]
    warnings: tuple[str, ...]


class RunEntry(Struct, frozen=True):
    """What measuring said of one preset. `luma01` and `motion` are None where not measured."""

    preset_id: str
    rel_path: str
    ok: bool
    dark: bool
    luma01: float | None
    motion: float | None
    hard_failure: str


class RunManifest(Struct, frozen=True):
    """`run-manifest.json`."""

    entries: tuple[RunEntry, ...]


def parse_pairs(raw: bytes, where: str) -> PairsManifest:
    """Read a pairs manifest. `where` names the file in messages. Raises `BadManifest`."""
    top = load_object(raw, where)
    pack = _pack(top, where)
    rows = list_in(top, "pairs", where)
    pairs: dict[int, PairEntry] = {}
    warnings: list[str] = []
    for i, row in enumerate(rows):
        place = f"{where}: pairs[{i}]"
        number = _number(row.get("pair")) if isinstance(row, dict) else None
        if number is None or number != int(number):
            warnings.append(f"{place}.pair is not an integer; the pair is left out.")
            continue
        pair = int(number)
        if pair in pairs:
            warnings.append(f"{place}.pair {pair} occurs twice; the first is kept.")
            continue
        try:
            fg, bg = (safe_url(row.get(k), f"{place}.{k}", pack) for k in ("fgUrl", "bgUrl"))
        except BadManifest as error:
            warnings.append(f"{error} The pair is left out.")
            continue
        warp, cx = (_number(row.get(key)) for key in ("warp_diff", "cx_diff"))
        pairs[pair] = PairEntry(pair, fg, bg, warp, cx, text_in(row.get("label")))
    if not pairs:
        raise BadManifest("no pair can be used", where=f"{where}: pairs", fix=_first(warnings))
    return PairsManifest(pack, tuple(pairs.values()), tuple(warnings))


def parse_quality(raw: bytes, where: str) -> QualityManifest:
    """Read a quality manifest; entries that are not finite numbers are skipped. Raises `BadManifest`."""
    top = load_object(raw, where)
    qualities: dict[int, float] = {}
    for row in list_in(top, "pairs", where):
        pair = _number(row.get("pair")) if isinstance(row, dict) else None
        quality = _number(row.get("quality01")) if isinstance(row, dict) else None
        if pair is not None and quality is not None and pair == int(pair):
            qualities[int(pair)] = min(max(quality, 0.0), 1.0)
    return QualityManifest(_pack(top, where), qualities)


def parse_library(raw: bytes, where: str) -> LibraryManifest:
    """Read a library manifest. Raises `BadManifest` for an unknown version or no usable preset."""
    top = load_object(raw, where)
    version = top.get("version")
    if version not in LIBRARY_VERSIONS:
        raise BadManifest(
            f"version {version!r} is unknown", where=f"{where}: version", fix="use one of v0, v1, v2, v3"
        )
    presets: dict[str, PresetEntry] = {}
    warnings: list[str] = []
    for i, row in enumerate(list_in(top, "presets", where)):
        place = f"{where}: presets[{i}]"
        name = row.get("id") if isinstance(row, dict) else None
        if not isinstance(name, str) or not name:
            warnings.append(f"{place}.id is missing; the preset is left out.")
        elif name in presets:
            warnings.append(f"{place}.id {name} occurs twice; the first is kept.")
        else:
            try:
                url = safe_url(row.get("url"), f"{place}.url")
            except BadManifest as error:
                warnings.append(f"{error} The preset is left out.")
                continue
            label, rel = (text_in(row.get(k)) for k in ("label", "relPath"))
            rel = rel or url.removeprefix("/presets/")
            score, band = _number(row.get("predQualityScore")), text_in(row.get("bandClass"))
            presets[name] = PresetEntry(name, label or name, rel, url, score, band)
    if not presets:
        raise BadManifest("no preset can be used", where=f"{where}: presets", fix=_first(warnings))
    return LibraryManifest(tuple(presets.values()), tuple(warnings))


def parse_run(raw: bytes, where: str) -> RunManifest:
    """Read a run manifest. Raises `BadManifest` when it has no list of presets."""
    entries = []
    for row in list_in(load_object(raw, where), "presets", where):
        if not isinstance(row, dict) or not isinstance(row.get("presetId"), str):
            continue
        found = row.get("metrics")
        metrics = found if isinstance(found, dict) else {}
        reasons = row.get("reasons")
        texts = [r for r in reasons if isinstance(r, str)] if isinstance(reasons, list) else []
        entries.append(
            RunEntry(
                preset_id=row["presetId"],
                rel_path=text_in(row.get("relPath")),
                ok=row.get("status") != "failed",
                dark=row.get("tier") == "dark",
                luma01=_number(metrics.get("avgLuma")),
                motion=_number(metrics.get("motion")),
                hard_failure=next((t for t in texts for h in HARD_FAILURES if h in t), ""),
            )
        )
    return RunManifest(tuple(entries))


def safe_url(value: object, where: str, pack: str | None = None) -> str:
    """`value` if it is `/presets/<pack>/<path>` and cannot leave the pack's folder; else `BadManifest`.

    Checked as it is written and percent-decoded: no `..`, `.` or empty segment, no backslash, colon,
    query, fragment or control character.
    """
    fix = "write it as /presets/<pack>/<path inside the pack>"
    if not isinstance(value, str) or not value:
        raise BadManifest("the URL is missing", where=where, fix=fix)
    decoded = unquote(unquote(value))
    segments = decoded.split("/")
    bad = any(c in decoded for c in "\\:") or any(ord(c) < 32 or ord(c) == 127 for c in decoded)
    if bad or any(c in value for c in "?#") or segments[:2] != ["", "presets"] or len(segments) < 4:
        raise BadManifest(f"URL {value!r} is not inside a pack", where=where, fix=fix)
    if any(s in ("", ".", "..") for s in segments[2:]):
        raise BadManifest(f"URL {value!r} is not inside a pack", where=where, fix=fix)
    if pack is not None and segments[2] != pack:
        raise BadManifest(f"URL {value!r} lies outside of pack {pack!r}", where=where, fix=fix)
    return value


def path_key(path: str) -> str:
    """A path as it is compared: forward slashes, lower case, no leading `./`, `/` or `presets/`."""
    key = unquote(path).replace("\\", "/").lower().removeprefix("./").lstrip("/")
    return key.removeprefix("presets/")


def load_object(raw: bytes, where: str) -> dict[str, Any]:
    """The JSON object in a file that may begin with a BOM. Raises `BadManifest`."""
    try:
        top = json.loads(raw.decode("utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise BadManifest(f"is not JSON ({error})", where=where, fix="write the file again") from error
    if not isinstance(top, dict):
        raise BadManifest("is not a JSON object", where=where, fix="write the file again")
    return top


def _pack(top: dict[str, Any], where: str) -> str:
    pack = top.get("pack")
    if not isinstance(pack, str) or not pack or pack in (".", "..") or any(c in pack for c in "/\\:"):
        raise BadManifest(
            f"{pack!r} is no name of a pack", where=f"{where}: pack", fix="name the folder the pack lies in"
        )
    return pack


def list_in(top: dict[str, Any], key: str, where: str) -> list[Any]:
    """The list at `key`. Raises `BadManifest`."""
    rows = top.get(key)
    if not isinstance(rows, list):
        raise BadManifest("is not a list", where=f"{where}: {key}", fix="write the file again")
    return rows


def _number(value: object) -> float | None:
    """A finite number, also when written as a string; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and abs(number) < 1e9 else None


def text_in(value: object) -> str:
    """The text that a value is; empty for anything else."""
    return value if isinstance(value, str) else ""


def _first(warnings: list[str]) -> str:
    return f"the first fault is: {warnings[0].rstrip('.')}" if warnings else "add some"
