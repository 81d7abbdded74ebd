"""The stage and control pages in real Chromium against a daemon that fails on purpose."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[2]


def test_the_pages_survive_what_a_daemon_can_do_to_them() -> None:
    """Walks through picks, faults, reconnects and layouts; the walk says what went wrong."""
    walk = subprocess.run(
        [
            sys.executable,
            str(ROOT / "daemon/web/test/browser_check.py"),
            "--shots",
            str(ROOT / "test-results/pages"),
        ],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert walk.returncode == 0, walk.stdout + walk.stderr
    assert "all good" in walk.stdout
