"""`aivjd explain`: why each pick of a session was made, in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from daemon.errors import UsageError
from daemon.session import SessionReader
from selector.explain import explain as in_words


def explain(session: Path, seq: int | None, at: float | None, *, as_json: bool) -> Iterator[str]:
    """Lines to print.

    Args:
        session: folder.
        seq: number of a pick; all of them, a line each, when neither this nor `at` is given.
        at: second of the session; the pick that was on screen then.
        as_json: print the record and its outcomes instead of words.

    Raises:
        UsageError: there is no such pick.
        SessionError: the log cannot be read or was changed.
    """
    reader = SessionReader(session)
    records = reader.records("picks")
    picks = {r["seq"]: r for r in records if r["type"] == "pick"}
    outcomes: dict[int, list[dict[str, Any]]] = {}
    for record in records:
        if record["type"] == "outcome":
            outcomes.setdefault(record["seq"], []).append(record)
    if at is not None:
        seq = _on_screen(outcomes, at * reader.header.rate)
        if seq is None:
            raise UsageError(f"nothing was on screen at {at} s", where=str(session), fix="give a later time")
    if seq is None:
        for record in picks.values():
            if as_json:
                yield json.dumps(record)
            else:
                words = in_words(record)
                yield f"{words.headline} {words.why_now} {words.odds}"
        return
    if seq not in picks:
        known = f"{min(picks)} to {max(picks)}" if picks else "none"
        raise UsageError(f"there is no pick {seq}", where=str(session), fix=f"picks here: {known}")
    if as_json:
        yield json.dumps({"pick": picks[seq], "outcomes": outcomes.get(seq, [])}, indent=1)
        return
    yield in_words(picks[seq]).text()
    for outcome in outcomes.get(seq, []):
        details = {
            k: v
            for k, v in outcome.items()
            if k not in ("type", "v", "seq", "outcome", "sample", "prev", "hash")
        }
        facts = "".join(f", {key} {value}" for key, value in details.items() if value is not None)
        yield f"  {outcome['outcome']} at {outcome['sample'] / reader.header.rate:.2f} s{facts}"


def _on_screen(outcomes: dict[int, list[dict[str, Any]]], sample: float) -> int | None:
    shown = [
        (outcome["sample"], seq)
        for seq, known in outcomes.items()
        for outcome in known
        if outcome["outcome"] == "activated" and outcome["sample"] <= sample
    ]
    return max(shown)[1] if shown else None
