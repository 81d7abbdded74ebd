"""The table of measured presets: what `rig` saw of a whole package, kept beside the code.

Text of a preset predicts its brightness and motion hardly at all (for 454 presets, rank correlations with
forty features of parameters and shader text stay below 0.16), so packs are made from what was seen.
`python -m models.measure.table daemon/web/node_modules` measures again; it takes about ten minutes.
"""

from __future__ import annotations

import csv
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from models.errors import ModelsError
from models.measure.rig import FLAGS, Seen, see
from models.packs.butterchurn import Preset

TABLE = Path(__file__).with_name("butterchurn-presets.csv")
"""butterchurn-presets 3.0.0-beta.4 as drawn by butterchurn 3.0.0-beta.5."""

_DIGITS = 16
_COLUMNS = ("content", "luma", "motion", "fault")


def key(preset: Preset) -> str:
    """How the table names a preset: the first digits of its content id."""
    return preset.content_id[:_DIGITS]


def read_table(path: Path = TABLE) -> dict[str, Seen]:
    """The table, by `key`."""
    with path.open(encoding="utf-8", newline="") as file:
        return {
            row["content"]: Seen(float(row["luma"]), float(row["motion"]), row["fault"])
            for row in csv.DictReader(file)
        }


def write_table(path: Path, rows: Iterable[tuple[str, Seen]]) -> None:
    """Write `rows` (`key`, what was seen), sorted."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(_COLUMNS)
        for name, seen in sorted(rows, key=lambda row: row[0]):
            table.writerow([name, f"{seen.luma:.3f}", f"{seen.motion:.5f}", seen.fault])


def _measure_package(modules: Path) -> None:
    from playwright.sync_api import sync_playwright

    from models.packs.source import open_package, scan

    chromium = shutil.which("chromium")
    if chromium is None:
        raise ModelsError("Chromium is missing", fix="install the package chromium")
    package = open_package(modules / "butterchurn-presets")
    presets = scan(package, {}, lambda done, total, what: None).presets
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        write_table(TABLE, [(key(preset), see(browser, modules, preset)) for preset in presets])
        browser.close()


if __name__ == "__main__":
    _measure_package(Path(sys.argv[1]))
