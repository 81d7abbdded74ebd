"""The lines of the app's log that its own scripts read: `[sel] ...` and `selected preset <id>`.

Forms as documented and as parsed there (`docs/TRAINING_CONTRACT.md`, `scripts/headless-verify.mjs`,
`scripts/aivj/stat-selection-ratio.mjs`): tokens end at white space, `(` or `|`, so that these are
escaped in names, which also keeps a name from forging a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from daemon.pick_stream import PickLine, fates, pick_lines
from daemon.replay import recorded_catalogue
from daemon.session import SessionReader
from selector.canonical import canonical
from selector.catalog import Catalog, Row
from selector.fixedpoint import MICRO, MISSING

_BREAKING: Final = re.compile(r"[\s(|\x00-\x1f\x7f-\x9f\u2028\u2029]")


def log_lines(reader: SessionReader) -> Iterator[str]:
    """Two kinds of lines for each pick that came on screen, in that order.

    Raises:
        SessionError: the pickLog was changed or cannot be read.
    """
    measured = _measured(reader)
    for fate in fates(pick_lines(reader)):
        if not fate.shown:
            continue
        pick = fate.pick
        yield sel_line(pick)
        row = measured.get((pick.catalog, pick.kind, pick.pack, pick.ident))
        for ident in pick.preset_ids:
            yield selected_line(ident, row)


def sel_line(pick: PickLine) -> str:
    """`[sel] mode=<mode> pack=<pack> pair=<int> q=<float|na> presetId=<id> reason=<reason>`.

    A single preset has the form of the app's sequential path: `lib=<pack>` in place of pack, pair and q.
    """
    reason, ident = token(pick.reason), token(pick.preset_ids[0] if pick.preset_ids else "")
    if pick.kind == "preset":
        return f"[sel] mode={token(pick.mode)} lib={token(pick.pack)} presetId={ident} reason={reason}"
    quality = "na" if pick.quality01 is None else f"{pick.quality01:.4f}"
    return (
        f"[sel] mode={token(pick.mode)} pack={token(pick.pack)} pair={pick.pair} q={quality} "
        f"presetId={ident} reason={reason}"
    )


def selected_line(ident: str, row: Row | None) -> str:
    """`[log] selected preset <id>`, with ` m=<motion> tier=<word>` where that was measured."""
    line = f"[log] selected preset {token(ident)}"
    if row is None or row.motion == MISSING:
        return line
    return f"{line} m={row.motion / MICRO:.4f} tier={'dark' if row.dark else 'strict'}"


def token(text: str) -> str:
    """`text` as one token of a log line: what would end it is percent-encoded; nothing is `-`."""
    return _BREAKING.sub(lambda found: quote(found[0], safe=""), text) or "-"


def _measured(reader: SessionReader) -> dict[tuple[str, str, str, int | str], Row]:
    """Every entry by its catalogue (as records name it), kind, pack and name."""
    changes = {record["sha256"] for record in reader.checked("inputs") if record["type"] == "packs"}
    catalogs = [Catalog.from_json(canonical(reader.header.catalog))]
    catalogs += [recorded_catalogue(reader, sha256) for sha256 in changes]
    return {
        (catalog.sha256[:16], table.kind, table.pack, row.ident): row
        for catalog in catalogs
        for pack in catalog.packs.values()
        for table in (pack.pairs, pack.presets)
        for row in table.rows
    }
