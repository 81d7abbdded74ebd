"""The app's manifest formats, as they are written into a pack.

Field names, URL and id schemes are those of newliveweb's `pairs-manifest.v0.json` and
`library-manifest.json`. The app's writers add `generatedAt`; its readers do not ask for it, and leaving
it out is what makes the same inputs give the same bytes.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from models.packs.butterchurn import Preset
from models.packs.choose import Pair

PAIRS_FILE = "pairs-manifest.v0.json"
LIBRARY_FILE = "library-manifest.json"
PROVENANCE_FILE = "pack-provenance.v0.json"


@dataclass(frozen=True)
class PackedPreset:
    """A preset and its place in the pack: `path` is relative to the pack's folder, with slashes."""

    preset: Preset
    path: str


def slug(text: str, longest: int = 48) -> str:
    """`text` as a safe file name: ASCII lower case, everything else to single dashes; never empty."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    words = re.sub(r"[^a-z0-9]+", "-", ascii_text.lower()).strip("-")
    return words[:longest].strip("-") or "preset"


def place(preset: Preset, folder: str) -> PackedPreset:
    """Give `preset` its file in `folder`; eight digits of its content keep equal titles apart."""
    return PackedPreset(preset, f"{folder}/{slug(preset.name)}-{preset.content_id[:8]}.json")


def url(pack: str, path: str) -> str:
    """Root-relative address of a file of the pack."""
    return f"/presets/{pack}/{path}"


def preset_id(pack: str, path: str) -> str:
    """The app's id of a library preset: slugs and eight digits of the MD5 of `<pack>/<path>`."""
    rel_path = f"{pack}/{path}"
    digest = hashlib.md5(rel_path.encode("utf-8"), usedforsecurity=False).hexdigest()
    return f"{slug(pack, 80)}-{slug(rel_path, 80)}-{digest[:8]}"


def pairs_manifest(pack: str, pairs: Sequence[tuple[Pair, PackedPreset, PackedPreset]]) -> dict[str, Any]:
    """`pairs-manifest.v0.json`; pairs are numbered from 0 in the order given, differences in micro-units."""
    rows = [
        {
            "pair": number,
            "label": fg.preset.name,
            "fgUrl": url(pack, fg.path),
            "bgUrl": url(pack, bg.path),
            "warp_diff": round(pair.warp_diff, 6),
            "cx_diff": round(pair.cx_diff, 6),
        }
        for number, (pair, fg, bg) in enumerate(pairs)
    ]
    return {"version": "v0", "pack": pack, "pairs": rows}


def library_manifest(
    pack: str, singles: Sequence[PackedPreset], *, source: str, scanned: int
) -> dict[str, Any]:
    """`library-manifest.json` v0.

    Args:
        pack: name of the pack.
        singles: presets to be shown alone.
        source: where they come from, such as "butterchurn-presets@3.0.0-beta.4/presets/converted".
        scanned: how many files were looked at.
    """
    rows = [
        {
            "id": preset_id(pack, packed.path),
            "label": packed.preset.name,
            "relPath": f"{pack}/{packed.path}",
            "url": url(pack, packed.path),
            "pack": pack,
            "fileName": packed.path.rsplit("/", 1)[-1],
            "fileSize": len(packed.preset.to_bytes()),
            "meta": {"title": packed.preset.title, "author": packed.preset.author},
        }
        for packed in singles
    ]
    return {
        "version": "v0",
        "sourceRoot": source,
        "totalFilesScanned": scanned,
        "totalPresetsIncluded": len(rows),
        "presets": rows,
    }
