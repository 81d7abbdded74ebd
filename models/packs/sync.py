"""A folder of preset files, or the app's `manifest.jsonl`, into a pack.

Nothing is changed in the source, nothing below it is looked at unless asked, and what cannot be used is
reported and left out. A run that was interrupted goes on where it was; a pack appears whole or not at all.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import quote

from models.errors import PackError, PresetError
from models.packs.aidata import KEPT_AS, MANIFEST, SourcePair, read_manifest
from models.packs.butterchurn import split_name
from models.packs.canonical import sha256_hex
from models.packs.differences import DEFINITIONS, cx_diff, displacement, warp_diff
from models.packs.folder import Staging
from models.packs.formats import LIBRARY_FILE, PAIRS_FILE, PROVENANCE_FILE, preset_id, slug, url
from models.packs.hygiene import UNREAD, Blacklist, Sampling, find, sample
from models.packs.journal import Journal
from models.packs.layer import Layer, Reader
from models.packs.reasons import Reasons
from models.packs.source_paths import PathMap, inside, locate
from models.packs.stream import write_object

Progress = Callable[[int, int, str], None]

_UNSAFE = re.compile(r"[\\:?#\x00-\x1f\x7f]")
_SIDES = ("fg", "bg")


@dataclass(frozen=True)
class Plan:
    """What is to be synced, and how.

    Attributes:
        source: a folder of preset files, or one with a `manifest.jsonl` of pairs.
        stage: True: as JSON that the stage runs; False: as they are, for the app.
        recurse: take files of folders below, too.
        sampling: which of them.
        blacklist: which of them never.
        maps: where the paths of a manifest lie here.
        strict: fail where a file is missing or cannot be used.
    """

    source: Path
    stage: bool = True
    recurse: bool = False
    sampling: Sampling = field(default_factory=Sampling)
    blacklist: Blacklist = field(default_factory=Blacklist)
    maps: tuple[PathMap, ...] = ()
    strict: bool = False

    def parameters(self) -> dict[str, Any]:
        """For the provenance, and to know an interrupted run of the same plan."""
        return {
            "as": "stage" if self.stage else "milk",
            "recurse": self.recurse,
            "sample": self.sampling.how,
            "limit": self.sampling.limit,
            "seed": self.sampling.seed,
            "listed": sha256_hex("\n".join(sorted(self.sampling.names)).encode()),
            "blacklist": sha256_hex("\n".join(sorted(self.blacklist.names)).encode()),
            "maps": [f"{one.start}={one.folder}" for one in self.maps],
        }


@dataclass
class Report:
    """What a sync did.

    Attributes:
        found: items in the source: files, or lines of the manifest.
        chosen: those that the sampling took.
        pairs: in the pack.
        presets: in the pack, to be shown alone.
        shaders: of both, those that have shaders.
        resumed: items that an earlier run had done.
        refused: why others are not in it, by reason.
        notes: repairs and losses, by kind.
    """

    found: int = 0
    chosen: int = 0
    pairs: int = 0
    presets: int = 0
    shaders: int = 0
    resumed: int = 0
    refused: Reasons = field(default_factory=Reasons)
    notes: Reasons = field(default_factory=Reasons)


def sync(
    plan: Plan, out: Path, reader: Reader, *, dry_run: bool, tool_version: str, progress: Progress
) -> Report:
    """Make the pack `out` by `plan`; with `dry_run`, only report what would be in it.

    Raises:
        PackError: the source cannot be read, `out` cannot be written, nothing is usable, or, when strict,
            something is not.
    """
    if not dry_run and (_UNSAFE.search(out.name) or "/" in out.name or not out.name):
        raise PackError(f"{out.name!r} is no name for a pack", where=str(out), fix="use letters and digits")
    if not plan.source.is_dir():
        raise PackError("there is no such folder", where=str(plan.source), fix="name a folder of presets")
    report = Report()
    items = list(_items(plan, report))
    report.chosen = len(items)
    work = _Work(plan, out.name, reader, report)
    if dry_run:
        for at, item in enumerate(items, 1):
            _tally(report, work.row(item, _forget))
            progress(at, len(items), "reading")
        _finish(plan, report)
        return report
    known = plan.parameters() | {"source": str(plan.source), "tool": tool_version}
    with Staging(out, resume=True) as staging, Journal(staging.place, known) as journal:
        if journal.done == 0:
            _empty(staging.place)
        report.resumed = journal.done
        for row in journal.rows():
            work.remember(row)
        for at, item in enumerate(items[journal.done :], journal.done + 1):
            journal.add(work.row(item, staging.write))
            progress(at, len(items), "syncing")
        for row in journal.rows():
            _tally(report, row)
        try:
            _finish(plan, report)
        except PackError:
            staging.discard()
            raise
        _write_manifests(staging.place, plan, out.name, journal, report, tool_version)
        journal.remove()
        staging.publish()
    return report


def _items(plan: Plan, report: Report) -> Iterator[SourcePair | str]:
    """What the sampling takes: pairs of a manifest, or paths below the source."""
    manifest = plan.source / MANIFEST
    if not manifest.is_file():
        names = [str(path.relative_to(plan.source)) for path in find(plan.source, recurse=plan.recurse)]
        report.found = len(names)
        allowed = [name for name in names if name not in plan.blacklist]
        for name in names:
            if name in plan.blacklist:
                report.refused.add(name, "blacklisted")
        yield from sample(allowed, plan.sampling)
        return
    pairs: dict[str, SourcePair] = {}
    for line, pair in read_manifest(manifest):
        report.found += 1
        if isinstance(pair, str):
            report.refused.add(f"{MANIFEST}:{line}", pair)
        elif str(pair.pair) in pairs:
            report.refused.add(f"{MANIFEST}:{line}", "pair number given twice")
        elif pair.fg.replace("\\", "/") in plan.blacklist or pair.bg.replace("\\", "/") in plan.blacklist:
            report.refused.add(f"{MANIFEST}:{line}", "blacklisted")
        else:
            pairs[str(pair.pair)] = pair
    for number in sample(pairs, plan.sampling):
        yield pairs[number]


class _Work:
    """Turns items into journal rows, and writes their files."""

    def __init__(self, plan: Plan, pack: str, reader: Reader, report: Report) -> None:
        self._plan, self._pack, self._reader = plan, pack, reader
        self._report = report
        self._seen: dict[str, str] = {}
        self._places: dict[str, str] = {}

    def remember(self, row: dict[str, Any]) -> None:
        """Know what an earlier run wrote."""
        if "refused" in row:
            return
        if row["kind"] == "preset":
            self._seen.setdefault(row["content"], row["source"])
        for layer in row["layers"]:
            self._places[layer["path"]] = layer["sha256"]

    def row(self, item: SourcePair | str, write: Callable[[str, bytes], None]) -> dict[str, Any]:
        """What becomes of `item`; its files are written."""
        source = item if isinstance(item, str) else f"pair {item.pair}"
        try:
            row = self._single(item, write) if isinstance(item, str) else self._pair(item, write)
        except PresetError as error:
            return {"source": error.where or source, "refused": error.what}
        self.remember(row)
        return row

    def _single(self, name: str, write: Callable[[str, bytes], None]) -> dict[str, Any]:
        layer = self._reader.read(self._plan.source / name, name)
        if (twin := self._seen.get(layer.content_id)) is not None:
            raise PresetError(f"same content as {twin!r}", where=name)
        double = len(layer.presets) == 2 or (not layer.presets and name.lower().endswith(".milk2"))
        sides = _SIDES if double else ("",)
        layers = [
            self._write(layer, at, side, f"{side}/{name}".lstrip("/"), write) for at, side in enumerate(sides)
        ]
        row = {
            "kind": "pair" if double else "preset",
            "source": name,
            "sha256": layer.sha256,
            "content": layer.content_id,
            "name": layer.name,
            "layers": layers,
            "shaders": layer.shaders,
            "notes": layer.notes,
        }
        if double and layer.presets:
            a, b = (displacement(preset.parameters) for preset in layer.presets)
            row |= {"warp_diff": round(warp_diff(a, b), 6), "cx_diff": round(cx_diff(a, b), 6)}
        return row

    def _pair(self, pair: SourcePair, write: Callable[[str, bytes], None]) -> dict[str, Any]:
        source, pack = self._plan.source, self._plan.source.name
        layers, notes, inputs = [], [], []
        read = []
        for side, path in zip(_SIDES, (pair.fg, pair.bg), strict=True):
            file = locate(path, source, pack, side, self._plan.maps)
            layer = self._reader.read(file, str(file))
            if len(layer.presets) > 1:
                raise PresetError("a double preset as one layer", where=str(file))
            read.append((side, inside(path, pack, side), layer))
            inputs.append({"path": path, "sha256": layer.sha256})
        # Both are good before either is written.
        for side, place, layer in read:
            layers.append(self._write(layer, 0, side, place, write))
            notes += layer.notes
        row: dict[str, Any] = {"kind": "pair", "pair": pair.pair, "source": f"pair {pair.pair}"}
        row |= {"inputs": inputs, "layers": layers, "notes": notes}
        row["shaders"] = any(layer.shaders for _, _, layer in read)
        row |= {k: v for k in ("warp_diff", "cx_diff") if (v := getattr(pair, k)) is not None}
        return row

    def _write(
        self, layer: Layer, at: int, side: str, place: str, write: Callable[[str, bytes], None]
    ) -> dict[str, Any]:
        if layer.presets:
            content = layer.presets[at].to_bytes()
            folder, _, file = place.rpartition("/")
            folder = folder or "single"
            place = f"{folder}/{slug(Path(file).stem, 80)}-{sha256_hex(content)[:8]}.json"
        else:
            content = layer.milks[at]
            if place.lower().endswith(".milk2"):
                place = f"{place[:-1]}"
        place = "/".join(_UNSAFE.sub("-", segment) for segment in place.split("/"))
        digest = sha256_hex(content)
        if self._places.get(place, digest) != digest:
            stem, dot, suffix = place.rpartition(".")
            place = f"{stem}-{digest[:8]}{dot}{suffix}"
        if place not in self._places:
            write(place, content)
        return {"path": place, "sha256": digest, "bytes": len(content)}


def _forget(_path: str, _content: bytes) -> None:
    return None


def _empty(place: Path) -> None:
    """Remove what an interrupted run of another plan left."""
    for old in place.iterdir():
        if old.is_dir():
            shutil.rmtree(old)


def _tally(report: Report, row: dict[str, Any]) -> None:
    if "refused" in row:
        report.refused.add(row["source"], row["refused"])
        return
    report.pairs += row["kind"] == "pair"
    report.presets += row["kind"] == "preset"
    report.shaders += row["shaders"]
    for note in row["notes"]:
        report.notes.add(row["source"], note.partition(": ")[2] or note)


def _finish(plan: Plan, report: Report) -> None:
    if plan.strict and report.refused.total():
        path, reason = next(iter(report.refused.examples.values()))
        raise PackError(
            f"{report.refused.total()} of {report.found} cannot be used, the first because: {reason}",
            where=path,
            fix="mend them, or leave out --strict",
        )
    if not report.pairs and not report.presets:
        raise PackError("nothing here can be used", where=str(plan.source), fix="see the reasons")


def _write_manifests(
    place: Path, plan: Plan, pack: str, journal: Journal, report: Report, tool_version: str
) -> None:
    def rows(kind: str) -> Iterator[dict[str, Any]]:
        return (row for row in journal.rows() if row.get("kind") == kind)

    # Pairs that come from double presets have no number of their own: they go on behind the others.
    first_free = 1 + max((row["pair"] for row in rows("pair") if "pair" in row), default=-1)

    def pairs() -> Iterator[dict[str, Any]]:
        free = first_free
        for row in rows("pair"):
            fg, bg = row["layers"]
            number = row.get("pair", free)
            free += "pair" not in row
            yield {
                "pair": number,
                "fgUrl": _url(pack, fg["path"]),
                "bgUrl": _url(pack, bg["path"]),
                **{key: row[key] for key in ("warp_diff", "cx_diff") if key in row},
            }

    if report.pairs:
        write_object(place / PAIRS_FILE, {"version": "v0", "pack": pack}, {"pairs": pairs()})
    if report.presets:
        head = {
            "version": "v0",
            "sourceRoot": str(plan.source),
            "totalFilesScanned": report.found,
            "totalPresetsIncluded": report.presets,
            "sampleMode": plan.sampling.how,
            "seed": plan.sampling.seed,
        }
        write_object(
            place / LIBRARY_FILE, head, {"presets": (_library_row(pack, row) for row in rows("preset"))}
        )
    outputs = {name for name in (PAIRS_FILE, LIBRARY_FILE) if (place / name).is_file()}
    if (plan.source / MANIFEST).is_file():
        shutil.copyfile(plan.source / MANIFEST, place / KEPT_AS)
        outputs.add(KEPT_AS)
    written = [{"path": name, "sha256": sha256_hex((place / name).read_bytes())} for name in sorted(outputs)]
    head = {
        "version": "v0",
        "pack": pack,
        "tool": {"name": "aivjd", "version": tool_version},
        "command": "aivjd pack sync",
        "parameters": plan.parameters() | {"source": str(plan.source)},
        "definitions": DEFINITIONS if not (plan.source / MANIFEST).is_file() else {},
        "refusedByReason": dict(sorted(report.refused.counts.items())),
    }
    lists = {
        "inputs": _inputs(journal),
        "refused": ({"path": r["source"], "reason": r["refused"]} for r in journal.rows() if "refused" in r),
        "outputs": chain(written, _outputs(journal)),
    }
    write_object(place / PROVENANCE_FILE, head, lists)


def _inputs(journal: Journal) -> Iterator[dict[str, Any]]:
    for row in journal.rows():
        if "refused" not in row:
            yield from row.get("inputs") or [{"path": row["source"], "sha256": row["sha256"]}]


def _outputs(journal: Journal) -> Iterator[dict[str, Any]]:
    seen: set[str] = set()
    for row in journal.rows():
        for layer in row.get("layers", ()):
            if layer["path"] not in seen:
                seen.add(layer["path"])
                yield {"path": layer["path"], "sha256": layer["sha256"]}


def _library_row(pack: str, row: dict[str, Any]) -> dict[str, Any]:
    layer = row["layers"][0]
    author, title = split_name(row["name"])
    return {
        "id": preset_id(pack, layer["path"]),
        "label": row["name"],
        "relPath": f"{pack}/{layer['path']}",
        "url": _url(pack, layer["path"]),
        "pack": pack,
        "fileName": layer["path"].rsplit("/", 1)[-1],
        "fileSize": layer["bytes"],
        "meta": {"title": title, "author": author, "source": row["source"], "contentId": row["content"]},
    }


def _url(pack: str, path: str) -> str:
    return url(quote(pack), quote(path))


def summary(report: Report) -> list[tuple[str, str]]:
    """The report's numbers: name and value; shares are of what differs in content."""
    twins = sum(n for why, n in report.refused.counts.items() if why.startswith("same content"))
    unread = sum(report.refused.counts[why] for why in UNREAD)
    failed = report.refused.total() - twins - unread
    shader = sum(
        n for why, n in report.refused.counts.items() if why.startswith(("warp shader", "comp shader"))
    )
    made = report.pairs + report.presets
    rows = [("found", report.found), ("chosen", report.chosen), ("done by an earlier run", report.resumed)]
    rows += [("not read", unread), ("same content as another", twins), ("differ in content", made + failed)]
    text = [(name, str(value)) for name, value in rows if value or name == "found"]
    text.append(("usable", _share(made, made + failed)))
    if report.shaders + shader:
        text.append(("usable of those with shaders", _share(report.shaders, report.shaders + shader)))
    return [*text, ("pairs", str(report.pairs)), ("presets", str(report.presets))]


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({100 * part / max(whole, 1):.2f} %)"
