"""A preset package as npm installs it."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaged_presets import WORDS, body, raw


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """`butterchurn-presets` with 72 usable presets and 3 that must be refused."""
    folder = tmp_path / "node_modules" / "butterchurn-presets"
    converted = folder / "presets" / "converted"
    converted.mkdir(parents=True)
    about = {"name": "butterchurn-presets", "version": "9.9.9-test", "license": "MIT"}
    (folder / "package.json").write_bytes(raw(about))
    (folder / "LICENSE").write_text("MIT License\n\nCopyright nobody\n", encoding="utf-8")
    for number in range(72):
        name = f"{WORDS[number % 7].title()} - {WORDS[number % 10]} {WORDS[number // 10]} № {number}"
        (converted / f"{name}.json").write_bytes(raw(body(number)))
    lacking = body(900) | {"warp": "shader_body { ret = texture (sampler_worms, uv).xyz; }"}
    (converted / "Amber - worms.json").write_bytes(raw(lacking))
    (converted / "Zebra - twin.json").write_bytes(raw(body(3)))
    (converted / "broken.json").write_bytes(b"{")
    return folder
