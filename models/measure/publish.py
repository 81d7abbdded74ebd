"""A campaign's results into a pack: run-manifest, metrics as Parquet, pictures, provenance.

Files hold nothing that is not the same every time (no times, no durations), so the same pack measured again,
in any order and by any number of workers, gives the same bytes. Durations go to `measure/timings.json`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from models.errors import MissingPackageError, PackError
from models.measure.campaign import Campaign, Task
from models.measure.run_manifest import RUN_FILE, counts, run_row
from models.packs.canonical import readable_json
from models.packs.formats import LIBRARY_FILE, PAIRS_FILE, PROVENANCE_FILE
from models.packs.stream import write_object
from selector.manifests import parse_library, parse_pairs

METRICS_FILE = "measure/metrics.parquet"
TIMINGS_FILE = "measure/timings.json"


@dataclass(frozen=True)
class Entry:
    """One preset file of a pack. `preset_id` is the library's, or of the first pair that shows it."""

    preset_id: str
    path: str
    content: str


def entries(folder: Path) -> tuple[list[Entry], dict[str, Task]]:
    """The pack's preset files, by path, and what is to be measured, by content.

    Raises:
        PackError: the pack has no manifest, or a file cannot be read.
    """
    ids: dict[str, str] = {}
    pack = folder.name
    if (path := folder / LIBRARY_FILE).is_file():
        for preset in parse_library(path.read_bytes(), str(path)).presets:
            ids.setdefault(inside(preset.url), preset.preset_id)
    if (path := folder / PAIRS_FILE).is_file():
        for pair in parse_pairs(path.read_bytes(), str(path)).pairs:
            for side, url in (("fg", pair.fg_url), ("bg", pair.bg_url)):
                ids.setdefault(inside(url), f"coupled:{pack}:{pair.pair}:{side}")
    if not ids:
        raise PackError(
            "there is no manifest of presets here", where=str(folder), fix="sync or build it first"
        )
    found, tasks = [], {}
    for name in sorted(ids):
        try:
            data = (folder / name).read_bytes()
        except OSError as error:
            raise PackError("a preset file is missing", where=str(folder / name), fix="sync again") from error
        content = sha256(data).hexdigest()
        found.append(Entry(ids[name], name, content))
        tasks.setdefault(content, Task(content, data.decode("utf-8", errors="replace")))
    return found, tasks


def publish(folder: Path, found: Sequence[Entry], campaign: Campaign, tool_version: str) -> dict[str, int]:
    """Write what `campaign` saw of the presets `found` into the pack; gives counts by verdict.

    Raises:
        MissingPackageError: pyarrow is not installed.
    """
    rows = [_row(folder.name, entry, campaign) for entry in found]
    told = counts(rows, len({entry.content for entry in found}))
    (folder / "measure").mkdir(exist_ok=True)
    for entry in found:
        for number, picture in enumerate(campaign.thumbs(entry.content)):
            (folder / _thumb(entry, number)).write_bytes(picture)
    _write_parquet(folder / METRICS_FILE, found, campaign)
    timings = {entry.path: campaign.result(entry.content)["timing"] for entry in found}
    (folder / TIMINGS_FILE).write_bytes(readable_json(timings))
    head = {
        "version": "v0",
        "runName": f"{folder.name}:{campaign.key[:16]}",
        "indexPath": METRICS_FILE,
        "outDir": "measure",
        "counts": told,
        "time": {"earliest": "", "latest": ""},
        "rig": campaign.rig.parameters() | {"key": campaign.key},
        "renderer": campaign.renderer,
    }
    write_object(folder / RUN_FILE, head, {"presets": rows})
    _add_provenance(folder, campaign, tool_version)
    return told


def _row(pack: str, entry: Entry, campaign: Campaign) -> dict[str, Any]:
    result = campaign.result(entry.content)
    judged = campaign.rig.stimuli[0]
    return run_row(
        entry.preset_id,
        f"{pack}/{entry.path}",
        result["metrics"].get(judged, {}),
        fault=result["fault"],
        detail=result["detail"],
        frames=[_thumb(entry, number) for number, _ in enumerate(campaign.thumbs(entry.content))],
    )


def _thumb(entry: Entry, number: int) -> str:
    return f"measure/{entry.content[:16]}-{number}.png"


def _write_parquet(path: Path, found: Sequence[Entry], campaign: Campaign) -> None:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingPackageError("Parquet needs pyarrow", fix="install the extra `aivjd[export]`") from error
    names = sorted({name for row in _flat(found, campaign) for name in row["metrics"]})
    columns: dict[str, list[Any]] = {key: [] for key in ("path", "content", "stimulus", "fault", "frames")}
    columns |= {name: [] for name in [*names, "response"]}
    for row in _flat(found, campaign):
        for key in ("path", "content", "stimulus", "fault", "frames", "response"):
            columns[key].append(row[key])
        for name in names:
            columns[name].append(row["metrics"].get(name))
    types = {key: pa.string() for key in ("path", "content", "stimulus", "fault", "frames")}
    fields = [pa.field(name, types.get(name, pa.float64())) for name in columns]
    about = {"rig": campaign.rig.parameters(), "renderer": campaign.renderer, "key": campaign.key}
    schema = pa.schema(fields, metadata={"aivjd": json.dumps(about, sort_keys=True)})
    pq.write_table(pa.table(columns, schema=schema), path, compression="zstd", row_group_size=16384)


def _flat(found: Sequence[Entry], campaign: Campaign) -> Iterator[dict[str, Any]]:
    for entry in found:
        result = campaign.result(entry.content)
        for name in campaign.rig.stimuli:
            yield {
                "path": entry.path,
                "content": entry.content,
                "stimulus": name,
                "fault": result["fault"],
                "frames": result["frames"].get(name, ""),
                "metrics": result["metrics"].get(name, {}),
                "response": result["response"],
            }


def _add_provenance(folder: Path, campaign: Campaign, tool_version: str) -> None:
    """Name what was measured, and how, in the pack's provenance."""
    path = folder / PROVENANCE_FILE
    top: dict[str, Any] = json.loads(path.read_bytes()) if path.is_file() else {"version": "v0"}
    made = [RUN_FILE, METRICS_FILE]
    outputs = [row for row in top.get("outputs", []) if row.get("path") not in made]
    outputs += [{"path": name, "sha256": sha256((folder / name).read_bytes()).hexdigest()} for name in made]
    top["outputs"] = sorted(outputs, key=lambda row: row["path"])
    top["measured"] = {
        "command": "aivjd pack measure",
        "tool": {"name": "aivjd", "version": tool_version},
        "rig": campaign.rig.parameters(),
        "renderer": campaign.renderer,
        "key": campaign.key,
    }
    path.write_bytes(readable_json(top))


def inside(url: str) -> str:
    """The path inside the pack that a URL names."""
    return unquote(url).removeprefix("/presets/").partition("/")[2]
