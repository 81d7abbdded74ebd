"""Looks a pack over: everything that would make a show go wrong, each as one sentence."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from models.errors import PackError, PresetError
from models.packs.butterchurn import read_preset
from models.packs.canonical import sha256_hex
from models.packs.formats import LIBRARY_FILE, PAIRS_FILE, PROVENANCE_FILE
from models.packs.textures import missing_textures
from selector.errors import BadManifest
from selector.manifests import parse_library, parse_pairs, safe_url

QUALITY_FILE = "pairs-quality.v0.json"
_REBUILD = "build the pack again"
_RESCORE = "score this pack again"


def check_pack(folder: Path) -> list[PackError]:
    """Everything that is wrong with the pack in `folder`; empty when it is fit for a show.

    The entries are not raised: each says, as `str()`, what is wrong, where, and what to do.
    """
    if not folder.is_dir():
        return [PackError("there is no such folder", where=str(folder), fix="build the pack first")]
    manifests = [folder / name for name in (PAIRS_FILE, LIBRARY_FILE) if (folder / name).is_file()]
    if not manifests:
        what = f"holds neither {PAIRS_FILE} nor {LIBRARY_FILE}"
        return [PackError(what, where=str(folder), fix="name the pack's own folder")]
    problems: list[PackError] = []
    urls: dict[str, str] = {}
    pair_ids: set[int] = set()
    for path in manifests:
        top = _load(path, problems)
        if top is None:
            continue
        if path.name == PAIRS_FILE:
            problems.extend(_check_pairs(path, top, folder.name))
            pair_ids = {row["pair"] for row in _rows(top, "pairs") if isinstance(row.get("pair"), int)}
            keys: tuple[str, ...] = ("fgUrl", "bgUrl")
        else:
            problems.extend(_check_library(path, top))
            keys = ("url",)
        for place, row in _placed(path, top):
            urls.update((row[key], f"{place}.{key}") for key in keys if isinstance(row.get(key), str))
    problems.extend(_check_files(folder, urls))
    problems.extend(_check_quality(folder, pair_ids))
    problems.extend(_check_provenance(folder))
    return problems


def _load(path: Path, problems: list[PackError]) -> dict[str, Any] | None:
    try:
        top = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        problems.append(PackError(f"not JSON ({error})", where=str(path), fix=_REBUILD))
        return None
    if not isinstance(top, dict):
        problems.append(PackError("not a JSON object", where=str(path), fix=_REBUILD))
        return None
    return top


def _rows(top: dict[str, Any], key: str) -> list[dict[str, Any]]:
    rows = top.get(key)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _placed(path: Path, top: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    key = "pairs" if path.name == PAIRS_FILE else "presets"
    for index, row in enumerate(_rows(top, key)):
        yield f"{path}: {key}[{index}]", row


def _check_pairs(path: Path, top: dict[str, Any], pack: str) -> Iterator[PackError]:
    """What the selector would refuse, leave out or find nothing to weigh in."""
    try:
        manifest = parse_pairs(path.read_bytes(), str(path))
    except BadManifest as error:
        yield PackError(error.what, where=error.where, fix=error.fix)
        return
    if manifest.pack != pack:
        what = f"is of pack {manifest.pack!r}, and the folder is {pack!r}"
        yield PackError(what, where=f"{path}: pack", fix="rename the folder")
    yield from _left_out(manifest.warnings)
    for place, row in _placed(path, top):
        for key in ("warp_diff", "cx_diff"):
            if not _in_unit_range(row.get(key, 0.0)):
                yield PackError("not a number from 0 to 1", where=f"{place}.{key}", fix=_REBUILD)


def _check_library(path: Path, top: dict[str, Any]) -> Iterator[PackError]:
    try:
        manifest = parse_library(path.read_bytes(), str(path))
    except BadManifest as error:
        yield PackError(error.what, where=error.where, fix=error.fix)
        return
    yield from _left_out(manifest.warnings)
    repeated = Counter(row.get("url") for row in _rows(top, "presets") if isinstance(row.get("url"), str))
    for url, times in repeated.items():
        if times > 1:
            yield PackError(f"{url} is listed {times} times", where=f"{path}: presets", fix=_REBUILD)


def _left_out(warnings: tuple[str, ...]) -> Iterator[PackError]:
    """A reader's warnings are already sentences of the form "where: what; fix."."""
    for warning in warnings:
        yield PackError(warning.rstrip("."))


def _check_files(folder: Path, urls: dict[str, str]) -> Iterator[PackError]:
    for url, where in sorted(urls.items()):
        try:
            safe_url(url, where)
        except BadManifest:
            continue  # already reported by the manifest's reader
        pack, _, inside = unquote(url).removeprefix("/presets/").partition("/")
        if pack != folder.name:
            yield PackError(f"{url} lies in pack {pack!r}", where=where, fix=f"put it under {folder.name!r}")
            continue
        file = folder / inside
        if not file.resolve().is_relative_to(folder.resolve()):
            yield PackError(f"{url} leads out of the pack through a link", where=where, fix=_REBUILD)
        elif not file.is_file():
            yield PackError("there is no such file", where=f"{where}: {file}", fix=_REBUILD)
        elif file.suffix == ".json":
            yield from _check_preset(file)


def _check_preset(file: Path) -> Iterator[PackError]:
    try:
        lacking = missing_textures(read_preset(file))
    except PresetError as error:
        yield PackError(error.what, where=error.where, fix=error.fix)
        return
    if lacking:
        what = f"uses textures that butterchurn has not: {', '.join(lacking)}"
        yield PackError(what, where=str(file), fix="leave the preset out")


def _check_quality(folder: Path, pair_ids: set[int]) -> Iterator[PackError]:
    path = folder / QUALITY_FILE
    if not path.is_file():
        return
    problems: list[PackError] = []
    top = _load(path, problems)
    yield from problems
    if top is None:
        return
    if top.get("pack") != folder.name:
        what = f"is of pack {top.get('pack')!r}, and the folder is {folder.name!r}"
        yield PackError(what, where=f"{path}: pack", fix=_RESCORE)
    for index, row in enumerate(_rows(top, "pairs")):
        place = f"{path}: pairs[{index}]"
        if not _in_unit_range(row.get("quality01")):
            yield PackError("not a number from 0 to 1", where=f"{place}.quality01", fix=_RESCORE)
        pair = row.get("pair")
        if not isinstance(pair, int) or pair not in pair_ids:
            yield PackError(f"pair {pair!r} is not in {PAIRS_FILE}", where=f"{place}.pair", fix=_RESCORE)


def _in_unit_range(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0.0 <= value <= 1.0


def _check_provenance(folder: Path) -> Iterator[PackError]:
    """A pack need not say where it comes from; one that does must be what it says."""
    path = folder / PROVENANCE_FILE
    if not path.is_file():
        return
    problems: list[PackError] = []
    top = _load(path, problems)
    yield from problems
    for row in _rows(top or {}, "outputs"):
        name = str(row.get("path"))
        file = folder / name
        if not file.resolve().is_relative_to(folder.resolve()) or not file.is_file():
            yield PackError(f"names {name}, which is not in the pack", where=str(path), fix=_REBUILD)
        elif sha256_hex(file.read_bytes()) != row.get("sha256"):
            yield PackError(f"{name} was changed after it was built", where=str(path), fix=_REBUILD)
