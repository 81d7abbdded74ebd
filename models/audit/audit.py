"""Is this artefact waste? For every file and every metric of a pack: a class, the evidence, the remedy.

- **A**: the show reads it, it changes what is picked (or is what is shown), and the pack's provenance names
  it as it is.
- **B**: as A, but its provenance is missing or another: nobody could make it again.
- **C**: the show does not read it; it is evidence of something that is (provenance, tables, pictures, the
  source's manifest).
- **waste**: nothing reads it, or it decides nothing, or it is not what it looks like.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from models.audit import decisions, embeddings, scores
from models.audit.sameness import Sameness, look
from models.errors import PackError
from models.measure.publish import METRICS_FILE, TIMINGS_FILE, inside
from models.measure.verdict import JUDGED
from models.packs.aidata import KEPT_AS
from models.packs.canonical import sha256_hex
from models.packs.formats import LIBRARY_FILE, PAIRS_FILE, PROVENANCE_FILE
from selector.manifests import parse_library, parse_pairs

CLASSES = ("A", "B", "C", "waste")
EVIDENCE = {"raw01": "pack gate", "u01": "pack gate"}
"""Numbers that are no scores of their own but show what another one is worth, and what reads them."""
_SUPPORT = {
    PROVENANCE_FILE: "says where everything comes from",
    KEPT_AS: "the source's own manifest",
    METRICS_FILE: "all that was measured, for training and for gates",
    TIMINGS_FILE: "how long measuring took",
}


@dataclass(frozen=True)
class Finding:
    """One artefact.

    Attributes:
        kind: file or metric.
        name: path in the pack, or `<manifest>: <metric>`.
        grade: one of `CLASSES`.
        evidence: what was found.
        remedy: what to do; empty for A and C.
    """

    kind: str
    name: str
    grade: str
    evidence: str
    remedy: str = ""


@dataclass
class Audit:
    """What was found of a pack. `faults` are sentences for which the audit fails."""

    pack: str
    findings: list[Finding] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    sameness: Sameness | None = None

    def to_json(self) -> dict[str, Any]:
        """All of it, with counts by class."""
        counts = {grade: sum(one.grade == grade for one in self.findings) for grade in CLASSES}
        return asdict(self) | {"counts": counts}


def audit(folder: Path) -> Audit:
    """Look at every file and metric of the pack in `folder`.

    Raises:
        PackError: it holds no manifest that can be read.
    """
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    try:
        raw = {name: (folder / name).read_bytes() for name in decisions.MANIFESTS if name in files}
        manifests = decisions.load(raw)
        shown = _shown(folder, raw)
    except (OSError, ValueError, AttributeError) as error:
        raise PackError(f"a manifest cannot be read ({error})", where=str(folder), fix="check it") from error
    if not shown:
        raise PackError(
            "there is no manifest of pairs or presets here", where=str(folder), fix="sync it first"
        )
    found = Audit(folder.name)
    proven = _proven(folder, files)
    for manifest, metric, rows in decisions.metrics(manifests):
        found.findings.append(_metric(found, folder.name, manifests, manifest, metric, rows, proven))
    quality = manifests.get(decisions.QUALITY_FILE)
    if quality is not None:
        values = [row["quality01"] for row in quality.get("pairs") or [] if _is_number(row, "quality01")]
        found.faults += [
            f"{decisions.QUALITY_FILE}: quality01 is {fault}" for fault in scores.faults(quality, values)
        ]
    _files(found, folder, files, shown, proven, manifests)
    found.sameness = look(folder / name for name in sorted(shown) if name in files)
    found.notes += found.sameness.faults()
    return found


def _shown(folder: Path, raw: Mapping[str, bytes]) -> set[str]:
    """Paths of the preset files that the pack's manifests name."""
    urls: set[str] = set()
    if PAIRS_FILE in raw:
        for pair in parse_pairs(raw[PAIRS_FILE], PAIRS_FILE).pairs:
            urls |= {pair.fg_url, pair.bg_url}
    if LIBRARY_FILE in raw:
        urls |= {preset.url for preset in parse_library(raw[LIBRARY_FILE], LIBRARY_FILE).presets}
    return {inside(url) for url in urls}


def _proven(folder: Path, files: list[str]) -> set[str]:
    """Files that the provenance names with the hash that they have."""
    if PROVENANCE_FILE not in files:
        return set()
    try:
        top = json.loads((folder / PROVENANCE_FILE).read_bytes())
        rows = top.get("outputs") or []
        if not top.get("command") or not top.get("inputs"):
            return set()
    except (OSError, ValueError, AttributeError):
        return set()
    known = set(files)
    return {
        row["path"]
        for row in rows
        if row.get("path") in known and sha256_hex((folder / row["path"]).read_bytes()) == row.get("sha256")
    }


def _metric(
    found: Audit,
    pack: str,
    manifests: Mapping[str, dict[str, Any]],
    manifest: str,
    metric: str,
    rows: int,
    proven: set[str],
) -> Finding:
    name = f"{manifest}: {metric}"
    seen = decisions.influence(pack, manifests, manifest, metric)
    if seen.changed:
        evidence = f"in {rows} rows; without it {seen.changed} of {seen.picks} picks are others"
        if manifest in proven:
            return Finding("metric", name, "A", evidence)
        return Finding(
            "metric", name, "B", evidence, "make the file with a command that writes its provenance"
        )
    if metric in EVIDENCE:
        return Finding("metric", name, "C", f"in {rows} rows; {EVIDENCE[metric]} reads it")
    if manifest == decisions.RUN_FILE and metric in JUDGED:
        return Finding("metric", name, "C", f"in {rows} rows; the verdict of measuring is made from it")
    what = "no pick depends on it" if seen.read else "nothing reads it"
    found.faults.append(f"{name}: {what}")
    return Finding(
        "metric",
        name,
        "waste",
        f"in {rows} rows; {what}",
        "let it enter a decision or a gate, or leave it out",
    )


def _files(
    found: Audit,
    folder: Path,
    files: list[str],
    shown: set[str],
    proven: set[str],
    manifests: Mapping[str, dict[str, Any]],
) -> None:
    pictures = {
        name
        for row in manifests.get(decisions.RUN_FILE, {}).get("presets") or []
        for name in (row.get("frames") or [] if isinstance(row, dict) else [])
    }
    for name in files:
        if name in shown or name in manifests:
            what = "is shown" if name in shown else "the show reads it"
            if name in proven:
                found.findings.append(Finding("file", name, "A", f"{what}; named in the provenance as it is"))
            else:
                remedy = "make the pack again with a command that writes its provenance"
                found.findings.append(
                    Finding("file", name, "B", f"{what}; not in the provenance as it is", remedy)
                )
        elif name in _SUPPORT:
            found.findings.append(Finding("file", name, "C", _SUPPORT[name]))
        elif name in pictures:
            found.findings.append(Finding("file", name, "C", "a picture that the run-manifest names"))
        elif name.startswith(("LICENSE", "LICENCE", "COPYING")):
            found.findings.append(Finding("file", name, "C", "terms of what is in the pack"))
        elif name.endswith(".npy"):
            faults = embeddings.faults(folder / name)
            found.faults += [f"{name}: {fault}" for fault in faults]
            evidence = "; ".join(faults) or "vectors; the show does not read them"
            found.findings.append(
                Finding("file", name, "waste", evidence, "leave it out, or use `aivjd models embed`")
            )
        else:
            found.findings.append(Finding("file", name, "waste", "no manifest names it", "remove it"))


def _is_number(row: object, key: str) -> bool:
    return isinstance(row, dict) and isinstance(row.get(key), (int, float)) and not isinstance(row[key], bool)
