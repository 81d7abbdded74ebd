"""What a MilkDrop preset says, free of how its file was written.

Names are MilkDrop's own, in lower case, since its reader does not tell cases apart. Numbers have the nine
digits that a 32-bit float can hold, which is what MilkDrop keeps of them. Code is text with a line
feed between lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

PRESET_CODE = ("per_frame_init", "per_frame", "per_pixel")
"""Code of a whole preset, in EEL, in the order in which it is written."""
SHADERS = ("warp", "comp")
"""Pixel shaders, in HLSL."""
WAVE_CODE = ("init", "per_frame", "per_point")
SHAPE_CODE = ("init", "per_frame")

MOST_PARTS = 16
"""Waves, and shapes, that a file may number: MilkDrop 2 has 4 of each, MilkDrop 3 has 16."""


@dataclass(frozen=True)
class Part:
    """A custom wave or a custom shape.

    Attributes:
        index: its number in the file, 0 to `MOST_PARTS` - 1.
        values: parameters by name, without the prefix (`enabled`, `sides`, ...).
        code: by `WAVE_CODE` or `SHAPE_CODE`; only what there is.
    """

    index: int
    values: Mapping[str, float] = field(default_factory=dict)
    code: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class MilkPreset:
    """One preset.

    Attributes:
        header: versions named before the section (`milkdrop_preset_version`, `psversion`, ...).
        values: parameters by name (`fdecay`, `zoom`, ...).
        code: by `PRESET_CODE` and `SHADERS`; only what there is.
        waves: custom waves, by rising index.
        shapes: custom shapes, by rising index.
    """

    header: Mapping[str, float] = field(default_factory=dict)
    values: Mapping[str, float] = field(default_factory=dict)
    code: Mapping[str, str] = field(default_factory=dict)
    waves: tuple[Part, ...] = ()
    shapes: tuple[Part, ...] = ()

    @property
    def version(self) -> int:
        """Format: 100 for MilkDrop 1, which names none, 200 and above for MilkDrop 2 and 3."""
        return int(self.header.get("milkdrop_preset_version", 100))


@dataclass(frozen=True)
class DoublePreset:
    """A `.milk2` file of MilkDrop 3: two presets that are shown at once.

    Attributes:
        header: `blending_pattern` and what else stands before the first preset, as written.
        names: names of the two presets; empty where the file gives none.
        presets: the two.
    """

    header: Mapping[str, str]
    names: tuple[str, str]
    presets: tuple[MilkPreset, MilkPreset]


@dataclass(frozen=True)
class Repair:
    """Something in a file that was not as MilkDrop writes it, and what was made of it.

    Attributes:
        line: line of the file, from 1; 0 for the file as a whole.
        kind: one word, one of `REPAIRS`.
        text: a sentence.
    """

    line: int
    kind: str
    text: str

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        return f"{place}{self.text}"


REPAIRS = {
    "bom": "a byte order mark is left out",
    "utf-16": "the file is UTF-16 and is read as such",
    "latin-1": "bytes that are no UTF-8 are read as Latin-1",
    "line-end": "single carriage returns end lines",
    "no-section": "there is no [preset00], so the whole file is read as one",
    "other-section": "what follows another section's name is left out",
    "no-equals": "a line without = is left out",
    "no-number": "a value that does not begin with a number is left out",
    "number-tail": "what follows a number is left out",
    "duplicate": "the first of two values of one name counts, as in MilkDrop",
    "duplicate-line": "the first of two code lines of one number counts, as in MilkDrop",
    "disorder": "code lines are put in the order of their numbers",
    "gap": "code goes on behind a missing line number (MilkDrop itself would stop there)",
    "late-value": "a value that stands behind code counts",
    "no-backtick": "a shader line without its backtick is taken as it is",
    "too-many-parts": "a wave or shape of a number above 15 is left out",
}
"""Every kind of repair. None changes what a file means that MilkDrop wrote."""


def number(value: float) -> float:
    """`value` with the nine digits that count; never minus zero."""
    return float(f"{value:.9g}") + 0.0
