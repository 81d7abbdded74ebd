"""Shared by all tests: the kernel cache before anything of `dsp` is imported, and the demo pack."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon import kernel_cache

kernel_cache.activate()

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def demo_pack() -> Path:
    """The pack that `make setup` built."""
    pack = ROOT / "build" / "packs" / "demo"
    assert (pack / "pairs-manifest.v0.json").exists(), "run `make setup` first"
    return pack
