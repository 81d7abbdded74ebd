"""The demo pack: made from the presets that come with the browser's renderer, on the user's machine.

No preset is part of this project; the pack is built from the installed npm package, and building it twice
gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.errors import PackError
from models.measure.rig import Seen
from models.measure.run_manifest import RUN_FILE, counts, run_row
from models.measure.table import TABLE, key, read_table
from models.packs.butterchurn import Preset
from models.packs.canonical import readable_json, sha256_hex
from models.packs.choose import BANDS, Choice, Pair, choose
from models.packs.differences import DEFINITIONS
from models.packs.folder import write_folder
from models.packs.formats import (
    LIBRARY_FILE,
    PAIRS_FILE,
    PROVENANCE_FILE,
    PackedPreset,
    library_manifest,
    pairs_manifest,
    place,
    preset_id,
    slug,
)
from models.packs.source import PRESETS_FOLDER, Progress, Scan, SourcePackage, open_package, scan

RENDERER = {"package": "butterchurn", "version": "3.0.0-beta.5"}
PAIRS = 96
SINGLES = 200


@dataclass(frozen=True)
class Build:
    """What a build did.

    Attributes:
        folder: the pack.
        pairs: number of pairs.
        singles: number of single presets.
        scanned: preset files looked at.
        refused: file name and reason of those that cannot be shown.
    """

    folder: Path
    pairs: int
    singles: int
    scanned: int
    refused: list[tuple[str, str]]


def build_demo(
    source: Path,
    out: Path,
    *,
    pairs: int = PAIRS,
    singles: int = SINGLES,
    seed: int = 1,
    tool_version: str = "0",
    progress: Progress | None = None,
) -> Build:
    """Build the pack `out` from an installed `butterchurn-presets`.

    Args:
        source: folder of the npm package, such as `daemon/web/node_modules/butterchurn-presets`.
        out: folder of the pack; its name is the pack's name. A pack built before is replaced in one step.
        pairs: number of pairs.
        singles: number of presets to be shown alone.
        seed: chooses among equally good ones.
        tool_version: version of this program, for the provenance.
        progress: called with (steps done, steps in all, what is being done).

    Raises:
        PackError: no such package, too few presets in it, or `out` cannot be written.
    """
    pack = out.name
    if pack != slug(pack):
        raise PackError(
            f"{pack!r} is no name for a pack", where=str(out), fix="use a-z, 0-9 and single dashes"
        )
    report = progress or _silent
    package = open_package(source)
    table = read_table()
    found = scan(package, table, report)
    report(0, 2, "choosing pairs")
    choice = choose(found.presets, table, pairs=pairs, singles=singles, seed=seed)
    report(1, 2, "writing the pack")
    parameters: dict[str, int | str] = {
        "pairs": pairs,
        "singles": singles,
        "seed": seed,
        "strengthBands": BANDS,
        "usable": len(found.presets),
        "measured": sum(1 for preset in found.presets if key(preset) in table),
        "measurements": sha256_hex(TABLE.read_bytes()),
    }
    write_folder(out, _files(pack, package, found, choice, table, parameters, tool_version))
    report(2, 2, "done")
    return Build(out, len(choice.pairs), len(choice.singles), found.scanned, found.refused)


def _files(
    pack: str,
    package: SourcePackage,
    found: Scan,
    choice: Choice,
    table: Mapping[str, Seen],
    parameters: dict[str, int | str],
    tool_version: str,
) -> dict[str, bytes]:
    paired = [(pair, place(pair.fg, "fg"), place(pair.bg, "bg")) for pair in choice.pairs]
    singles = [place(preset, "single") for preset in choice.singles]
    packed = [layer for _, fg, bg in paired for layer in (fg, bg)] + singles
    source = f"{package.label}/{PRESETS_FOLDER}"

    licence_path = f"LICENSE.{package.name}"
    files = {layer.path: layer.preset.to_bytes() for layer in packed}
    files[PAIRS_FILE] = readable_json(pairs_manifest(pack, paired))
    files[LIBRARY_FILE] = readable_json(library_manifest(pack, singles, source=source, scanned=found.scanned))
    files[RUN_FILE] = readable_json(_run_manifest(pack, paired, singles, table))
    files[licence_path] = package.licence_text
    files[PROVENANCE_FILE] = readable_json(
        {
            "version": "v0",
            "pack": pack,
            "tool": {"name": "aivjd", "version": tool_version},
            "command": f"aivjd pack build --seed {parameters['seed']}",
            "parameters": parameters,
            "definitions": {**DEFINITIONS, "distribution": _distribution(choice)},
            "renderer": RENDERER,
            "inputs": _inputs(package, packed, licence_path),
            "refused": [{"path": f"{PRESETS_FOLDER}/{name}", "reason": why} for name, why in found.refused],
            "outputs": [{"path": path, "sha256": sha256_hex(files[path])} for path in sorted(files)],
        }
    )
    return files


def _run_manifest(
    pack: str,
    paired: Sequence[tuple[Pair, PackedPreset, PackedPreset]],
    singles: Sequence[PackedPreset],
    table: Mapping[str, Seen],
) -> dict[str, Any]:
    """What the table of measured presets says of those in the pack."""
    layers = [
        (f"coupled:{pack}:{number}:{side}", layer)
        for number, (_, fg, bg) in enumerate(paired)
        for side, layer in (("fg", fg), ("bg", bg))
    ]
    layers += [(preset_id(pack, layer.path), layer) for layer in singles]
    rows = [
        run_row(name, f"{pack}/{layer.path}", {"avgLuma": seen.luma, "motion": seen.motion})
        for name, layer in layers
        if (seen := table.get(key(layer.preset))) is not None
    ]
    return {
        "version": "v0",
        "runName": TABLE.name,
        "indexPath": "",
        "outDir": "",
        "counts": counts(rows, len(rows)),
        "time": {"earliest": "", "latest": ""},
        "renderer": RENDERER,
        "presets": rows,
    }


def _inputs(
    package: SourcePackage, packed: Sequence[PackedPreset], licence_path: str
) -> list[dict[str, Any]]:
    used: dict[str, Preset] = {layer.preset.name: layer.preset for layer in packed}
    return [
        {
            "package": package.name,
            "version": package.version,
            "path": f"{PRESETS_FOLDER}/{name}.json",
            "sha256": used[name].source_sha256,
            "licence": package.licence,
            "licenceText": licence_path,
        }
        for name in sorted(used)
    ]


def _distribution(choice: Choice) -> dict[str, dict[str, float]]:
    """Of each difference in this pack: its quantiles, nearest rank."""
    columns = {
        "warp_diff": sorted(pair.warp_diff for pair in choice.pairs),
        "cx_diff": sorted(pair.cx_diff for pair in choice.pairs),
    }
    return {
        name: {f"p{q}": round(column[(len(column) - 1) * q // 100], 6) for q in (0, 5, 25, 50, 75, 95, 100)}
        for name, column in columns.items()
        if column
    }


def _silent(_done: int, _total: int, _what: str) -> None:
    return None
