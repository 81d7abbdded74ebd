"""Where Debian's `projectm-data` has its presets: 4,189 files by many authors, none of them ours to keep."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path("/usr/share/projectM/presets")


def milk_files() -> list[Path]:
    """All of them, in a fixed order."""
    files = sorted(path for path in FOLDER.rglob("*") if path.suffix.lower() == ".milk")
    assert files, "install the package projectm-data (tools/system-packages.sh test)"
    return files
