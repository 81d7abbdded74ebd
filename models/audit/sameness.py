"""How alike the presets of a pack are: without code, without colour, with the same content."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from models.errors import PresetError
from models.milk.identity import content_id
from models.milk.reader import read_milk
from models.packs.butterchurn import CODE_KEYS, read_preset

MUCH = 0.5
"""Share from which a pack is called homogeneous."""


@dataclass(frozen=True)
class Sameness:
    """Of the presets that can be read: how many, and shares of them."""

    presets: int
    without_code: float
    without_colour: float
    twins: float

    def faults(self) -> list[str]:
        """Sentences about what is homogeneous."""
        shares = {
            "have no code at all": self.without_code,
            "draw their wave without colour and no shape": self.without_colour,
            "show the same as another": self.twins,
        }
        return [f"{share:.0%} of the presets {what}" for what, share in shares.items() if share > MUCH]


def look(files: Iterable[Path]) -> Sameness:
    """Read preset files, JSON or .milk; what cannot be read does not count."""
    count = bare = grey = 0
    seen: set[str] = set()
    for path in files:
        try:
            code, colour, content = _milk(path) if path.suffix == ".milk" else _json(path)
        except (PresetError, OSError):
            continue
        count += 1
        bare += not code
        grey += not colour
        seen.add(content)
    whole = max(count, 1)
    return Sameness(count, bare / whole, grey / whole, (count - len(seen)) / whole)


def _milk(path: Path) -> tuple[bool, bool, str]:
    preset, _ = read_milk(path.read_bytes(), str(path))
    coded = bool(preset.code) or any(part.code for part in (*preset.waves, *preset.shapes))
    shapes = any(part.values.get("enabled") for part in preset.shapes)
    return coded, shapes or any(preset.values.get(f"wave_{c}", 1.0) for c in "rgb"), content_id(preset)


def _json(path: Path) -> tuple[bool, bool, str]:
    preset = read_preset(path)
    parts = (*preset.body["shapes"], *preset.body["waves"])
    coded = any(preset.body[key] for key in CODE_KEYS) or any(
        value for part in parts for key, value in part.items() if key.endswith("_eel")
    )
    shapes = any(part["baseVals"].get("enabled") for part in preset.body["shapes"])
    return coded, shapes or any(preset.parameters.get(f"wave_{c}", 1.0) for c in "rgb"), preset.content_id
