"""`aivjd models train-quality`: trains, judges, and writes a model only if it passes its gate.

Written into the folder: `report.json`, `CARD.md` and `families.json` always; `model.json` only for
targets that pass. The same
rows and seed give the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.features.vector import names, schema_sha256
from models.gates.bootstrap import REPLICATES
from models.packs.canonical import canonical_json, readable_json, sha256_hex
from models.quality.boosting import Boosting, Growth
from models.quality.data import Rows
from models.quality.evaluate import SHIPPED, Judged, judge_rows, ranks01
from models.splits import file_families, fold

REPORT_FILE, CARD_FILE, MODEL_FILE = "report.json", "CARD.md", "model.json"
LEDGER_FILE = "families.json"
"""Under which name each preset's family was first filed; kept from training to training."""


def train(
    rows: Rows, out: Path, *, seed: int = 1, replicates: int = REPLICATES, growth: Growth | None = None
) -> dict[str, Any]:
    """Judge on unseen authors and unseen families, train on all rows what passed; gives the report.

    Args:
        rows: measured presets.
        out: folder; what a training before left there is replaced, but for the ledger of families.
        seed: of models and intervals.
        replicates: of the bootstrap.
        growth: how trees are grown.
    """
    out.mkdir(parents=True, exist_ok=True)
    by_author = np.array([fold(name) for name in rows.authors])
    by_family = _family_folds(rows, out / LEDGER_FILE)
    judge = partial(judge_rows, rows, seed=seed, replicates=replicates, growth=growth)
    by = {
        "author": judge(by_author, rows.author_numbers),
        "family": judge(by_family, rows.families),
    }
    passed = [name for name, judged in by["author"].items() if judged.verdict.passed]
    report = {
        "presets": len(rows.content_ids),
        "authors": len(set(rows.authors)),
        "families": len(set(rows.families.tolist())),
        "features": len(names()),
        "featureSchema": schema_sha256(),
        "corpus": sha256_hex("\n".join(rows.content_ids).encode("utf-8")),
        "origin": dict(rows.origin),
        "heldApart": int((by_family < 0).sum()),
        "seed": seed,
        "replicates": replicates,
        "passed": passed,
        "splits": {split: {n: _told(j) for n, j in judged.items()} for split, judged in by.items()},
    }
    (out / MODEL_FILE).unlink(missing_ok=True)
    if passed:
        made = {
            name: Boosting(rows.inputs, ranks01(rows.targets[name]), growth, seed).to_json()
            | {"halfWidth": by["author"][name].half_width}
            for name in passed
        }
        top = {
            "version": "v0",
            "featureSchema": schema_sha256(),
            "origin": dict(rows.origin),
            "targets": made,
        }
        (out / MODEL_FILE).write_bytes(canonical_json(top))
    (out / REPORT_FILE).write_bytes(readable_json(report))
    (out / CARD_FILE).write_text(card(report), encoding="utf-8")
    return report


def card(report: Mapping[str, Any]) -> str:
    """The model card, Markdown."""
    lines = [
        "# Preset quality from text and simulated equations",
        "",
        f"{report['presets']} presets of {report['authors']} authors, {report['families']} families; "
        f"{report['features']} features (schema `{report['featureSchema'][:16]}`).",
        "Measured by " + ", ".join(f"{key}: {value}" for key, value in report["origin"].items()) + ".",
        "Rank correlation with the measurement, 95 % interval with authors (families) drawn anew; "
        "every fold holds authors (families) that training did not see.",
        "",
    ]
    for split, targets in report["splits"].items():
        models = next(iter(targets.values()))["models"]
        lines += [f"## Unseen: {split}", "", "| model | " + " | ".join(targets) + " |"]
        lines.append("|---" * (1 + len(targets)) + "|")
        for model in models:
            lines.append(f"| {model} | " + " | ".join(t["models"][model] for t in targets.values()) + " |")
        for model in next(iter(targets.values()))["ahead"]:
            cells = " | ".join(target["ahead"][model] for target in targets.values())
            lines.append(f"| {SHIPPED} ahead of {model} by | {cells} |")
        lines.append("")
    lines += ["## Gate", ""]
    for name, target in report["splits"]["author"].items():
        lines.append(f"- {name}: {'passes' if name in report['passed'] else 'does not pass'}")
        lines += [f"  - {rule['rule']}: {rule['found']}" for rule in target["gate"] if not rule["passed"]]
    return "\n".join(lines) + "\n"


def _family_folds(rows: Rows, ledger: Path) -> NDArray[np.int64]:
    before = json.loads(ledger.read_bytes()) if ledger.is_file() else {}
    members: dict[int, list[str]] = {}
    for name, number in zip(rows.content_ids, rows.families.tolist(), strict=True):
        members.setdefault(number, []).append(name)
    folds, filed = file_families(list(members.values()), before)
    ledger.write_bytes(canonical_json(filed))
    return np.array([folds[name] for name in rows.content_ids])


def _told(judged: Judged) -> dict[str, Any]:
    return {
        "models": {name: str(found) for name, found in judged.models.items()},
        "ahead": {name: str(found) for name, found in judged.ahead.items()},
        "halfWidth": round(judged.half_width, 6),
        "gate": [{"rule": f.rule, "passed": f.passed, "found": f.text} for f in judged.verdict.findings],
    }
