"""Writes `pairs-quality.v0.json`: the app's keys, and what shows that the scores mean something.

The app reads `pack`, `pairs[].pair`, `pairs[].quality01` and `qualityStats.std`; every further key is ours.
A score that does not pass the gate is not written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.errors import GateError
from models.gates.ranks import F64, spread
from models.gates.rules import PAIRS, Evidence, Thresholds, Verdict, judge
from models.packs.canonical import readable_json

QUALITY_FILE = "pairs-quality.v0.json"
COMPONENTS = ("luma", "noClip", "visible", "colour", "motion")
"""What makes a composite good, each in [0, 1]: brightness in a band, little clipping, neither layer hidden,
distance of colours, contrast of motion."""


@dataclass(frozen=True)
class ScoredPair:
    """What a model says of one pair.

    Attributes:
        pair: its number in `pairs-manifest.v0.json`.
        raw01: score before calibration.
        quality01: score that is published.
        u01: uncertainty: half the width of its 90 % interval.
        components: by `COMPONENTS`.
    """

    pair: int
    raw01: float
    quality01: float
    u01: float
    components: Mapping[str, float]


def quality_manifest(
    pack: str,
    pairs: Sequence[ScoredPair],
    evidence: Evidence,
    *,
    calibration: str,
    created_from: Mapping[str, Any],
    missing_files: int = 0,
    thresholds: Thresholds = PAIRS,
) -> tuple[dict[str, Any], Verdict]:
    """The manifest and the verdict that allows it.

    Args:
        pack: name of the pack.
        pairs: its pairs, scored; sorted here by number.
        evidence: predictions beside measurements on families that training never saw.
        calibration: name of what leads from `raw01` to `quality01`, such as "none" or "isotonic".
        created_from: hashes and versions of data, model and code.
        missing_files: preset files of the pack that could not be read.
        thresholds: of the gate.

    Raises:
        GateError: a rule does not hold; nothing may be published.
    """
    rows = sorted(pairs, key=lambda row: row.pair)
    raw = np.array([row.raw01 for row in rows])
    published = np.array([row.quality01 for row in rows])
    verdict = judge(raw, published, evidence, thresholds)
    if not verdict.passed:
        broken = "; ".join(f"{f.rule}: {f.text}" for f in verdict.findings if not f.passed)
        raise GateError(f"the score is not published ({broken})", where=pack)
    return {
        "version": "v0",
        "pack": pack,
        "qualityStats": _stats(published, verdict, calibration),
        "stats": {"missingFiles": missing_files},
        "createdFrom": dict(created_from),
        "gate": [{"rule": f.rule, "passed": f.passed, "found": f.text} for f in verdict.findings],
        "pairs": [
            {
                "pair": row.pair,
                "quality01": round(row.quality01, 6),
                "raw01": round(row.raw01, 6),
                "u01": round(row.u01, 6),
                "components": {name: round(row.components[name], 6) for name in COMPONENTS},
            }
            for row in rows
        ],
    }, verdict


def write_quality(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write the manifest into the pack's folder, in one step."""
    scratch = folder / f".{QUALITY_FILE}.new"
    scratch.write_bytes(readable_json(manifest))
    scratch.replace(folder / QUALITY_FILE)


def _stats(published: F64, verdict: Verdict, calibration: str) -> dict[str, Any]:
    found = spread(published)
    agreement = verdict.agreement
    return {
        "n": found.count,
        "min": found.least,
        "max": found.most,
        "mean": round(found.mean, 6),
        "std": round(found.std, 6),
        **{f"p{q:02d}": value for q, value in found.quantiles.items()},
        "iqr": found.iqr,
        "distinct": found.distinct,
        "rawStd": round(verdict.raw_std, 6),
        "rankCorr": round(agreement.value, 6),
        "rankCorrCI": [round(agreement.low, 6), round(agreement.high, 6)],
        "stdRatio": round(verdict.scale, 6),
        "calibration": calibration,
    }


def judge_file(folder: Path, evidence: Evidence, thresholds: Thresholds = PAIRS) -> Verdict:
    """Judge the scores that lie in a pack, whoever wrote them.

    A file that does not say its scores before calibration (`raw01`, as the app's own does not) is judged by
    what it publishes.

    Raises:
        GateError: there is no such file, or it holds no scores.
    """
    path = folder / QUALITY_FILE
    fix = "score the pack first"
    try:
        top = json.loads(path.read_bytes().decode("utf-8-sig"))
        rows = [row for row in top["pairs"] if isinstance(row, dict)]
        published = np.array([row["quality01"] for row in rows], dtype=np.float64)
        raw = np.array([row.get("raw01", row["quality01"]) for row in rows], dtype=np.float64)
        return judge(raw, published, evidence, thresholds)
    except OSError as error:
        raise GateError("there are no scores here", where=str(path), fix=fix) from error
    except (ValueError, KeyError, TypeError) as error:
        raise GateError(f"holds no usable scores ({error})", where=str(path), fix=fix) from error
