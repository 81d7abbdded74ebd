"""`pairs-quality.v0.json`: read by the app and by the show, refused when the score means nothing."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scores import COLLAPSED, HONEST, QUICK, ROWS, evidence

from daemon.cli import main
from models.errors import GateError
from models.pairs.evidence import EVIDENCE
from models.pairs.quality_file import COMPONENTS, ScoredPair, quality_manifest, write_quality
from models.tables.parquet import write_table
from selector.manifests import parse_quality


def scored(raw: np.ndarray, published: np.ndarray) -> list[ScoredPair]:
    parts = dict.fromkeys(COMPONENTS, 0.5)
    return [
        ScoredPair(pair, float(raw[pair]), float(published[pair]), 0.1, parts)
        for pair in reversed(range(ROWS))
    ]


def manifest(raw: np.ndarray, published: np.ndarray) -> dict:
    made, _ = quality_manifest(
        "demo",
        scored(raw, published),
        evidence(raw),
        calibration="none",
        created_from={"model": "test"},
        thresholds=QUICK,
    )
    return made


def evidence_rows(predicted: np.ndarray) -> dict:
    found = evidence(predicted)
    return {
        "fg": [f"fg{i:04d}" for i in range(ROWS)],
        "bg": [f"bg{i:04d}" for i in range(ROWS)],
        "fgFamily": found.families[:, 0].tolist(),
        "bgFamily": found.families[:, 1].tolist(),
        "measured": found.measured.tolist(),
        "predicted": found.predicted.tolist(),
        "static": found.baselines["static"].tolist(),
        "linear": found.rivals["boosting"].tolist(),
        "boosting": found.rivals["boosting"].tolist(),
        "renderer": ["butterchurn 3"] * ROWS,
        "rig": ["0" * 64] * ROWS,
        "stimulus": ["beat"] * ROWS,
    }


def test_what_is_written_is_what_the_show_reads(tmp_path):
    write_quality(tmp_path, manifest(HONEST, HONEST))
    raw = (tmp_path / "pairs-quality.v0.json").read_bytes()
    read = parse_quality(raw, "file")
    assert read.pack == "demo"
    assert read.qualities == {pair: round(float(HONEST[pair]), 6) for pair in range(ROWS)}
    top = json.loads(raw)
    stats = top["qualityStats"]
    for key in ("min", "p50", "p95", "max", "mean", "std", "iqr", "rawStd", "rankCorr", "stdRatio"):
        assert 0.0 <= stats[key] <= 1.1, key
    low, high = stats["rankCorrCI"]
    assert low < stats["rankCorr"] < high
    assert stats["calibration"] == "none"
    assert list(top["pairs"][0]) == ["pair", "quality01", "raw01", "u01", "components"]
    assert [row["pair"] for row in top["pairs"]] == list(range(ROWS))
    assert tuple(top["pairs"][0]["components"]) == COMPONENTS
    assert {row["rule"] for row in top["gate"] if row["passed"]} == {row["rule"] for row in top["gate"]}


@pytest.mark.parametrize("name", COLLAPSED)
def test_a_collapsed_score_is_not_written(name):
    raw, published, rule = COLLAPSED[name]
    with pytest.raises(GateError, match=rule):
        manifest(raw, published)


def test_gate_command(tmp_path, capsys):
    pack = tmp_path / "demo"
    pack.mkdir()
    table = tmp_path / "evidence.parquet"
    write_table(table, EVIDENCE, evidence_rows(HONEST))
    gate = ["pack", "gate", str(pack), "--evidence", str(table)]
    assert main(gate) == 1  # no scores yet
    write_quality(pack, manifest(HONEST, HONEST))
    assert main(gate) == 0
    assert "FAILS" not in capsys.readouterr().out

    _, published, _ = COLLAPSED["constant stretched"]
    theirs = {
        "pack": "demo",
        "pairs": [{"pair": i, "quality01": q} for i, q in enumerate(published.tolist())],
    }
    (pack / "pairs-quality.v0.json").write_text(json.dumps(theirs), encoding="utf-8")
    write_table(table, EVIDENCE, evidence_rows(published))
    assert main([*gate, "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert {row["rule"] for row in found["rules"] if not row["passed"]} >= {"agreement", "scale"}
    assert main([*gate[:-1], str(tmp_path / "none.parquet")]) == 2


def test_evidence_of_two_renderers_is_refused(tmp_path, capsys):
    rows = evidence_rows(HONEST)
    rows["renderer"][3] = "projectM 3"
    write_table(tmp_path / "evidence.parquet", EVIDENCE, rows)
    write_quality(tmp_path, manifest(HONEST, HONEST))
    assert main(["pack", "gate", str(tmp_path), "--evidence", str(tmp_path / "evidence.parquet")]) == 2
    assert "2 origins" in capsys.readouterr().err
