"""How a real peer is ended: asked first, made to if it does not listen."""

from __future__ import annotations

import subprocess

PATIENCE_S = 5.0


def end(process: subprocess.Popen) -> None:
    """End a process that a test started, and wait until it is gone."""
    process.terminate()
    try:
        process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
