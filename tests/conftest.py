"""Shared by all tests: the kernel cache before anything of `dsp` is imported, and the demo pack."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from daemon import kernel_cache

kernel_cache.activate()

# A busy machine is no reason to fail: slowness is measured by benchmarks, not by tests.
settings.register_profile("aivjd", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("aivjd")

ROOT = Path(__file__).parent.parent


def demo_music(start_s: float, seconds: float, rate: int = 48000) -> np.ndarray:
    """A stretch of the demo track as the engine takes it: 24-bit integers, int32 (n, 2)."""
    from daemon.demo_track import DemoTrack

    block = DemoTrack(rate).block(int(start_s * rate), int(seconds * rate))
    return block.astype(np.int32) << 8


@pytest.fixture(scope="session")
def music() -> Callable[..., np.ndarray]:
    """`demo_music`."""
    return demo_music


@pytest.fixture(scope="session")
def demo_pack() -> Path:
    """The pack that `make setup` built."""
    pack = ROOT / "build" / "packs" / "demo"
    assert (pack / "pairs-manifest.v0.json").exists(), "run `make setup` first"
    return pack
