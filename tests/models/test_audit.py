"""The audit of a pack: what is in use gets an A, what is planted is named."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from aidata import make_pack

from daemon import packs as live_packs
from daemon.cli import main
from models.audit.audit import Audit, audit
from models.audit.page import page
from models.convert.preset import Shaders
from models.packs.canonical import draw64, sha256_hex
from models.packs.check import check_pack
from models.packs.layer import Reader
from models.packs.sync import Plan, sync


def grades(found: Audit, kind: str = "metric") -> dict[str, str]:
    return {one.name: one.grade for one in found.findings if one.kind == kind}


def synced(tmp_path: Path, name: str, pairs: int, *, windows: bool = False) -> Path:
    source = make_pack(tmp_path / "aidata" / name, pairs, first=1000 * len(name), windows=windows)
    out = tmp_path / "packs" / name
    sync(
        Plan(source),
        out,
        Reader(Shaders(None)),
        dry_run=False,
        tool_version="t",
        progress=lambda done, total, what: None,
    )
    return out


def write(pack: Path, name: str, top: object, *, proven: bool = True) -> None:
    """A manifest as a command of ours would leave it: named in the provenance."""
    data = json.dumps(top).encode()
    (pack / name).write_bytes(data)
    if proven:
        path = pack / "pack-provenance.v0.json"
        about = json.loads(path.read_bytes())
        about["outputs"].append({"path": name, "sha256": sha256_hex(data)})
        path.write_text(json.dumps(about))


def pairs_of(pack: Path) -> list[dict]:
    return json.loads((pack / "pairs-manifest.v0.json").read_bytes())["pairs"]


def run_manifest(pack: Path, **planted: float) -> dict:
    rows = [
        {
            "presetId": f"coupled:{pack.name}:{row['pair']}:{side}",
            "relPath": row[f"{side}Url"].removeprefix("/presets/"),
            "status": "ok",
            "tier": "strict",
            "metrics": {
                "avgLuma": draw64(row["pair"], side, "luma") % 1000 / 1000,
                "motion": 0.0004 if row["pair"] % 3 == 0 else 0.03,
                **planted,
            },
            "reasons": [],
            "score": 0.2,
        }
        for row in pairs_of(pack)
        for side in ("fg", "bg")
    ]
    return {"version": "v0", "runName": "r", "presets": rows}


def quality(pack: Path, scores: list[float], **stats: object) -> dict:
    rows = [
        {"pair": row["pair"], "quality01": scores[at % len(scores)]} for at, row in enumerate(pairs_of(pack))
    ]
    return {"version": "v0", "pack": pack.name, "qualityStats": stats, "pairs": rows}


def sines(count: int) -> bytes:
    """The app's vectors: sines of a rating and two parameters."""
    rows = []
    for at in range(count):
        seed = 1000 * (2 + draw64(at, "rating") % 4) + 100 * (draw64(at, "warp") % 97 / 97)
        row = [(1000 * math.sin(seed + 0.1 * i)) % 1 for i in range(512)]
        rows.append(np.array(row) / math.sqrt(sum(v * v for v in row)))
    return np.array(rows, dtype="<f4").tobytes()


@pytest.mark.slow
def test_a_synthetic_aidata_folder_syncs_plays_checks_and_its_plants_are_found(tmp_path):
    """Five packs, 3,000 pairs, WSL and Windows paths, missing files, BOM, broken lines."""
    packs = [
        synced(tmp_path, f"ai_{word}", 600, windows=at % 2 == 1)
        for at, word in enumerate(("v2", "final", "quality", "coupled", "premium_x"))
    ]
    assert all(check_pack(pack) == [] for pack in packs)
    loaded = live_packs.load(packs)
    assert sum(len(pack.pairs) for pack in loaded.catalog.packs.values()) == 5 * 588
    assert loaded.warnings == []

    good, planted = packs[0], packs[1]
    write(good, "run-manifest.json", run_manifest(good))
    found = audit(good)
    assert found.faults == []
    assert grades(found) == {
        "pairs-manifest.v0.json: cx_diff": "A",
        "pairs-manifest.v0.json: warp_diff": "A",
        "run-manifest.json: avgLuma": "A",
        "run-manifest.json: motion": "A",
    }
    assert set(grades(found, "file").values()) == {"A", "C"}

    write(planted, "run-manifest.json", run_manifest(planted, glow01=0.5))
    spread = [0.7 + 0.1 * (draw64(at, "q") % 1000 / 1000) for at in range(588)]
    write(
        planted, "pairs-quality.v0.json", quality(planted, spread, std=0.0306, calibration="std_stretch.v0")
    )
    (planted / "embeddings.npy").write_bytes(sines(60))
    (planted / "old.log").write_text("left behind")
    found = audit(planted)
    text = "\n".join(found.faults)
    assert "run-manifest.json: glow01: nothing reads it" in text
    assert "quality01 is stretched: calibration 'std_stretch.v0'" in text
    assert "embeddings.npy: pseudo-embedding" in text
    assert grades(found)["run-manifest.json: glow01"] == "waste"
    assert grades(found)["run-manifest.json: motion"] == "A"
    assert grades(found, "file")["old.log"] == "waste"
    assert page(found).count("<tr") > 8


def test_what_has_no_provenance_is_no_a(tmp_path):
    pack = synced(tmp_path, "ai_x", 60)
    write(pack, "run-manifest.json", run_manifest(pack), proven=False)
    assert grades(audit(pack))["run-manifest.json: motion"] == "B"
    (pack / "pack-provenance.v0.json").unlink()
    assert set(grades(audit(pack)).values()) == {"B"}


@pytest.mark.parametrize(
    ("scores", "stats", "fault"),
    [
        ([0.77], {}, "collapsed"),
        ([0.7746 + 0.0001 * n for n in range(60)], {}, "collapsed"),
        ([0.72 + n / 560 for n in range(60)], {"rawStd": 0.019}, "stretched"),
        ([0.1 * (n % 4) for n in range(60)], {}, "collapsed"),
        ([n / 60 for n in range(60)], {}, None),
        ([n / 60 for n in range(60)], {"rawStd": 0.29, "calibration": "isotonic"}, None),
    ],
)
def test_scores_that_say_nothing_are_told_from_others(tmp_path, scores, stats, fault):
    pack = synced(tmp_path, "ai_x", 60)
    write(pack, "pairs-quality.v0.json", quality(pack, scores, **stats))
    faults = [one for one in audit(pack).faults if "quality01 is" in one]
    assert (fault is None) == (faults == [])
    assert fault is None or any(fault in one for one in faults)


def test_vectors_that_differ_by_content_are_no_pseudo_embedding(tmp_path):
    from models.audit.embeddings import faults

    spread = np.array([[draw64(at // 8, str(i)) % 1000 - 500 for i in range(512)] for at in range(80)])
    noise = np.array([[draw64(at, "n", str(i)) % 100 for i in range(512)] for at in range(80)])
    (tmp_path / "real.npy").write_bytes((spread + noise).astype("<f4").tobytes())
    assert faults(tmp_path / "real.npy") == []
    (tmp_path / "nan.npy").write_bytes(np.full((10, 512), np.nan, dtype="<f4").tobytes())
    assert "hold what is no number" in faults(tmp_path / "nan.npy")[0]
    (tmp_path / "odd.npy").write_bytes(b"123")
    assert "no rows" in faults(tmp_path / "odd.npy")[0]


def test_the_command_fails_when_something_decides_nothing(tmp_path, capsys):
    pack = synced(tmp_path, "ai_x", 60)
    assert main(["pack", "audit", str(pack)]) == 0
    write(pack, "run-manifest.json", run_manifest(pack, glow01=0.5))
    assert main(["pack", "audit", str(pack), "--json", "--html", str(tmp_path / "a.html")]) == 1
    out = capsys.readouterr().out
    assert json.loads(out[out.index("{") :])["counts"]["waste"] == 1
    assert "glow01" in (tmp_path / "a.html").read_text(encoding="utf-8")
