"""The same samples give the same bytes, however they are cut, on any instance and any CPU."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

from dsp.analyzer import Analyzer, InputError, quantise
from dsp.events import HopResult
from dsp.settings import DspSettings
from tests.dsp.signals import beat_track, noise, silence, to_int

ROOT = Path(__file__).parents[2]


def digest(results: list[HopResult]) -> str:
    return hashlib.sha256(msgspec.json.encode(results)).hexdigest()


def material(rate: int, seconds: float) -> np.ndarray:
    """Beats, a pause, noise."""
    x, _ = beat_track(126, rate, 0.7 * seconds)
    return np.concatenate((to_int(x), silence(0.2 * seconds, rate), noise(0.1 * seconds, rate, -20)))


def in_blocks(samples: np.ndarray, rate: int, size: int) -> list[HopResult]:
    analyzer = Analyzer(DspSettings(), rate)
    return [r for at in range(0, len(samples), size) for r in analyzer.feed(samples[at : at + size])]


@pytest.fixture(scope="module")
def samples() -> np.ndarray:
    return material(44100, 6.0)


@pytest.fixture(scope="module")
def whole(samples) -> str:
    return digest(in_blocks(samples, 44100, len(samples)))


@pytest.mark.parametrize("size", [7, 441, 512, 4096])
def test_block_size_does_not_matter(samples, whole, size):
    assert digest(in_blocks(samples, 44100, size)) == whole


def test_single_samples():
    samples = material(44100, 1.0)[:20000]
    assert digest(in_blocks(samples, 44100, 1)) == digest(in_blocks(samples, 44100, 20000))


def test_the_past_does_matter(samples, whole):
    analyzer = Analyzer(DspSettings(), 44100)
    analyzer.feed(samples[: 100 * analyzer.hop])
    assert digest(analyzer.feed(samples)) != whole


def test_the_future_does_not(samples):
    """Cut, or followed by noise: what came before is the same."""
    cut = samples[: 150 * 256]
    other = np.concatenate((cut, noise(1.0, 44100, -6)))
    assert digest(in_blocks(samples, 44100, 4096)[:150]) == digest(in_blocks(other, 44100, 4096)[:150])
    assert digest(in_blocks(cut, 44100, 4096)) == digest(in_blocks(other, 44100, 4096)[:150])


def test_the_block_may_be_reused_by_the_caller(samples):
    analyzer, block = Analyzer(DspSettings(), 44100), np.zeros((100, 2), dtype=np.int32)
    results = []
    for at in range(0, 44000, 100):
        block[:] = samples[at : at + 100]
        results += analyzer.feed(block)
    assert digest(results) == digest(in_blocks(samples[:44000], 44100, 4096))


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 32000, 88200, 96000, 192000])
def test_every_rate(rate):
    results = in_blocks(material(rate, 2.0), rate, 1000)
    analyzer = Analyzer(DspSettings(), rate)
    assert len(results) == len(material(rate, 2.0)) // analyzer.hop
    assert 3.0 < 1000 * analyzer.hop / rate < 8.1
    assert any(result.snapshot.kick01 > 0.3 for result in results)


def test_time_is_the_sample_index(samples):
    results = in_blocks(samples, 44100, 777)
    for k, result in enumerate(results):
        assert result.snapshot.t_samples == 256 * (k + 1)
        assert all(event.emitted == result.snapshot.t_samples for event in result.events)


def test_wrong_input_says_what_to_do():
    with pytest.raises(InputError, match="use 8000 to 192000 Hz"):
        Analyzer(DspSettings(), 4000)
    analyzer = Analyzer(DspSettings(), 48000)
    with pytest.raises(InputError, match="use feed"):
        analyzer.step(np.zeros((100, 2), dtype=np.int32))
    with pytest.raises(InputError, match="interleaved stereo"):
        analyzer.feed(np.zeros(100, dtype=np.int32))


def test_quantise_rounds_halves_up_clips_and_drops_nan():
    step = 2.0**-23
    block = np.array(
        [[0.5 * step, -0.5 * step], [1.5, -1.5], [np.nan, np.inf], [1.5 * step, -1.5 * step]],
        dtype=np.float32,
    )
    assert quantise(block).tolist() == [[1, 0], [8388607, -8388608], [0, 8388607], [2, -1]]
    assert quantise(block).dtype == np.int32


@pytest.mark.slow
def test_another_cpu_gives_the_same_bytes(samples, whole, tmp_path):
    """Compiled for a generic CPU and cached apart."""
    np.save(tmp_path / "samples.npy", samples)
    code = (
        "import sys, numpy as np; from tests.dsp.test_streaming import digest, in_blocks;"
        "print(digest(in_blocks(np.load(sys.argv[1]), 44100, 4096)))"
    )
    environment = os.environ | {
        "NUMBA_CPU_NAME": "generic",
        "NUMBA_CPU_FEATURES": "",
        "NUMBA_CACHE_DIR": str(tmp_path / "cache"),
        "PYTHONPATH": str(ROOT),
    }
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "samples.npy")],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
        cwd=ROOT,
    )
    assert run.stdout.strip() == whole
