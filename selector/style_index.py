"""`aivj-style-index.v0.json` as the app writes it: author, style and band of each preset."""

from __future__ import annotations

from msgspec import Struct

from selector.manifests import list_in, load_object, text_in
from selector.style import BANDS, STYLES

_BAND_TAG = "band:"


class StyleEntry(Struct, frozen=True):
    """Of one preset; empty where the index does not say."""

    author: str
    style: str
    band: str


def parse_style_index(raw: bytes, where: str) -> dict[str, StyleEntry]:
    """Entries by preset id; of two the first counts, and what cannot be used is passed over.

    Raises:
        BadManifest: it is no JSON object with a list of entries.
    """
    entries: dict[str, StyleEntry] = {}
    for row in list_in(load_object(raw, where), "entries", where):
        if not isinstance(row, dict) or not (name := text_in(row.get("presetId"))):
            continue
        style, tags = text_in(row.get("energy")), row.get("tags")
        bands = [text_in(tag).removeprefix(_BAND_TAG) for tag in tags] if isinstance(tags, list) else []
        entries.setdefault(
            name,
            StyleEntry(
                text_in(row.get("authorKey")),
                style if style in STYLES else "",
                next((band for band in bands if band in BANDS), ""),
            ),
        )
    return entries
