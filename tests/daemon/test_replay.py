"""The same samples and inputs give the same bytes, however they are cut and wherever they are computed."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile

from daemon.config import Config
from daemon.engine import Engine, log_records
from daemon.packs import load
from daemon.replay import drive
from selector.canonical import canonical

RATE = 48000
INPUTS = [
    {"type": "command", "sample": 256 * 3000, "verb": "next", "origin": "test"},
    {"type": "device", "sample": 256 * 4000, "state": "stalled", "detail": "test"},
    {"type": "device", "sample": 256 * 4100, "state": "live", "detail": "test"},
    {"type": "command", "sample": 256 * 5000, "verb": "hold", "arg": True, "origin": "test"},
    {"type": "command", "sample": 256 * 6000, "verb": "hold", "arg": False, "origin": "test"},
]


@pytest.fixture(scope="module")
def stretch(music: Callable[..., np.ndarray]) -> np.ndarray:
    """40 s around the first drop of the demo track, int32 (n, 2)."""
    return music(50, 40)


def logs(
    pack: Path, blocks: Iterator[np.ndarray], block: int | None = None, seed: int = 3
) -> dict[str, bytes]:
    engine = Engine(Config(), load([pack]).catalog, seed=seed, rate=RATE)
    written = {"picks": b"", "events": b""}
    for hop in drive(engine, blocks, INPUTS, block=block):
        for log, record in log_records(hop):
            written[log] += canonical(record) + b"\n"
    return written


def test_the_block_size_changes_nothing(demo_pack: Path, stretch: np.ndarray) -> None:
    reference = logs(demo_pack, iter([stretch]))
    assert reference["picks"].count(b'"type":"pick"') >= 3
    assert reference["events"].count(b'"type":"beat"') >= 20
    for block in (7, 441, 512, 4096):
        assert logs(demo_pack, iter([stretch]), block) == reference, block


def test_another_seed_picks_differently(demo_pack: Path, stretch: np.ndarray) -> None:
    one, other = (logs(demo_pack, iter([stretch]), seed=seed)["picks"] for seed in (3, 4))
    pairs = [[json.loads(line).get("pair") for line in log.splitlines()] for log in (one, other)]
    assert pairs[0] != pairs[1]


@pytest.mark.slow
def test_three_minutes_give_one_hash(
    demo_pack: Path, tmp_path: Path, music: Callable[..., np.ndarray]
) -> None:
    """Blocks of 1, 441, 512 and 4096 samples, twice each, and numba's generic target."""
    audio = tmp_path / "music.flac"
    soundfile.write(audio, music(0, 180) << 8, RATE, subtype="PCM_24")
    generic = {
        "NUMBA_CPU_NAME": "generic",
        "NUMBA_CPU_FEATURES": "",
        "NUMBA_CACHE_DIR": str(tmp_path / "generic"),
    }
    ways = [(f"{block}-{turn}", block, {}) for block in (1, 441, 512, 4096) for turn in (1, 2)]

    def one(way: tuple[str, int, dict[str, str]]) -> str:
        name, block, env = way
        replay(audio, tmp_path / name, demo_pack, block, env)
        return sha256(tmp_path / name / "picks.jsonl")

    with ThreadPoolExecutor(2) as pool:
        hashes = list(pool.map(one, [*ways, ("generic", 4096, generic)]))
    assert len(hashes) == 9
    assert len(set(hashes)) == 1, hashes
    assert (tmp_path / "1-1" / "picks.jsonl").read_bytes().count(b'"type":"pick"') >= 8


def replay(audio: Path, out: Path, pack: Path, block: int, env: dict[str, str]) -> None:
    command = [sys.executable, "-m", "daemon.cli", "replay", str(audio), "--out", str(out)]
    command += ["--pack", str(pack), "--seed", "5", "--block", str(block)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, **env})


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
