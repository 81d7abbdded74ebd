"""A record in plain words, and the proof that its weight and draw follow from what it says."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

from selector.draw import STREAM_PICK, mulhi, u64
from selector.errors import BadRecord
from selector.fixedpoint import MICRO, to_micro
from selector.weights import EXPLORE, LAW, TASTE, combine

_PHRASES: Final = {
    "match": "how well its strength fits the sound",
    "quality": "its quality",
    "visible": "whether its effect is visible in so loud a section",
    "tooStrong": "whether it is too strong for so quiet a section",
    "predQuality": "its predicted quality",
    "measured": "its measured brightness and motion",
    "effect": "whether its differences are large enough to be seen",
    "scene": "whether it is as bright and lively as the section likes",
    "variety": "how different it is from what was on screen",
    "style": "whether its style suits the sound",
    "band": "whether it suits the strongest band of the sound",
    "explore": "the share everything gets",
    "manifest": "its run-manifest weight",
    "rating": "how the operator likes it",
    "repeat": "how recently it was shown",
    "author": "how recently another by its author was shown",
    "family": "how recently a near-duplicate of it was shown",
    "look": "how recently something that looks like it was shown",
    "sameAuthor": "that it is by the author of what was on screen, who was to be followed by his like",
    "dedup": "whether it is among the last picks",
    "turn": "whose turn it is in the shuffle",
    "asked": "that it was asked for",
    "filtered": "whether a filter leaves it out",
    "blocked": "whether it failed when it was measured",
    "quarantine": "whether it is in quarantine",
    "unshown": "that it was chosen just before a restart",
    "banned": "whether it is banned",
}

_REASONS: Final = {
    "start": "Something had to be shown at the start.",
    "dwell:bar": "The picture before had been shown long enough, and a bar was due.",
    "dwell:beat": "The picture before had been shown long enough, and a beat was due.",
    "dwell:time": "The picture before had been shown long enough; no beat was due to wait for.",
    "section:drop": "The music dropped.",
    "section:breakdown": "The music broke down.",
    "section:build": "It waited for the drop.",
    "silence": "It had been silent for a while.",
    "return": "The music was back after a silence.",
    "section:calm": "The music calmed down.",
    "energy:up": "The energy jumped up.",
    "energy:down": "The energy fell.",
    "pinned": "The operator had asked for it.",
    "command:next": "The operator asked for the next one.",
    "command:back": "The operator went back.",
    "command:calm": "The operator asked for calm.",
    "command:rest": "The operator asked for calm for a while.",
    "command:ban": "The operator banned the one before.",
    "command:pack": "The operator changed the pack.",
    "command:kind": "The operator changed between pairs and presets.",
    "replace:failed": "The one before failed to load.",
    "replace:dark": "The one before stayed dark.",
    "replace:frozen": "The one before stood still.",
    "replace:unanswered": "No stage said that it showed the one before.",
    "cue": "A scene of the cue list began.",
    "fallback:no-audio": "There was no usable sound, so it was drawn uniformly.",
    "fallback:no-weight": "Nothing had any weight, so it was drawn uniformly.",
}


class FactorNote(Struct, frozen=True, rename="camel"):
    """One factor of the pick and its mean among the runners-up (None without any)."""

    name: str
    what: str
    value01: float
    runners_up01: float | None


class Explanation(Struct, frozen=True, rename="camel"):
    """Why this one. `alternative`: what would have made the difference, or empty."""

    headline: str
    why_now: str
    odds: str
    factors: tuple[FactorNote, ...]
    alternative: str

    def text(self) -> str:
        """All of it, one line each."""
        lines = [self.headline, self.why_now, self.odds]
        for note in self.factors:
            mean = "" if note.runners_up01 is None else f" (runners-up {note.runners_up01:.3f})"
            lines.append(f"  {note.name:<10} {note.value01:.3f}{mean}  {note.what}")
        return "\n".join(line for line in (*lines, self.alternative) if line)


def recompute(record: dict[str, Any]) -> int:
    """The weight that follows from the factors of a pick record. Raises `BadRecord`."""
    return _weight(_factors(record))


def faults(record: dict[str, Any]) -> list[str]:
    """What in a pick record does not follow from the rest of it; empty when all does."""
    found = []
    weight, total = record["weight"], record["totalWeight"]
    if recompute(record) != weight:
        found.append(f"weight is {weight}, but its factors give {recompute(record)}")
    if mulhi(u64(record["seed"], STREAM_PICK, record["seq"]), total) != record["draw"]:
        found.append("draw does not follow from seed, seq and totalWeight")
    if to_micro(weight / total) != to_micro(record["probability"]):
        found.append("probability is not weight / totalWeight")
    found.extend(
        f"weight of runner-up {other['id']} does not follow from its factors"
        for other in record["runnersUp"]
        if _weight(_factors(other)) != other["weight"]
    )
    return found


def explain(record: dict[str, Any]) -> Explanation:
    """A pick record in words. Raises `BadRecord` when it is no pick record."""
    factors, others = _factors(record), record["runnersUp"]
    name = f"{record['kind']} {_ident(record)} of pack '{record['pack']}'"
    at = f"{record['timeSec']:.1f} s"
    notes = tuple(
        FactorNote(factor, _PHRASES[factor], factors[factor] / MICRO, _mean(factor, others))
        for factor in (*TASTE, EXPLORE, *LAW)
        if factor in factors and (factors[factor] != MICRO or _mean(factor, others) not in (None, 1.0))
    )
    return Explanation(
        headline=f"Pick {record['seq']} at {at}: {name}.",
        why_now=_why_now(record),
        odds=_odds(record),
        factors=notes,
        alternative=_alternative(record, factors),
    )


def _why_now(record: dict[str, Any]) -> str:
    reason: str = record["reason"]
    told = [reason]
    if reason.startswith("fallback:") and "trigger" in record:  # the first logs named no trigger
        told.insert(0, record["trigger"])
    return " ".join(_REASONS.get(name, f"Reason: {name}.") for name in told)


def _odds(record: dict[str, Any]) -> str:
    if "asked" in record["factors"]:
        return "It was asked for by name; nothing was drawn."
    if "turn" in record["factors"]:
        return "It was its turn in the shuffle."
    share = 100.0 * record["probability"]
    fallback = f" instead of {record['requestedMode']}" if record["mode"] != record["requestedMode"] else ""
    return (
        f"Drawn by {record['mode']}{fallback} from {record['candidates']} candidates with a chance of "
        f"{share:.2f} %, in a {record['section']} of intensity {record['intensity01']:.2f}."
    )


def _alternative(record: dict[str, Any], factors: dict[str, int]) -> str:
    """Compare with the heaviest other: the factor that weighs most for or against."""
    others = record["runnersUp"]
    if not others or "asked" in factors or "turn" in factors:
        return ""
    best = others[0]
    theirs = _factors(best)
    sign = 1 if record["weight"] > best["weight"] else -1
    telling = max(
        (name for name in factors if name != EXPLORE),
        key=lambda name: sign * (factors[name] - theirs.get(name, 0)),
    )
    if best["weight"] == record["weight"] or factors[telling] == theirs.get(telling):
        return f"{best['id']} was just as likely; the draw decided."
    if best["weight"] > record["weight"]:
        times = best["weight"] / max(record["weight"], 1)
        return (
            f"{best['id']} was {times:.1f} times as likely, most of all by {telling} ({_PHRASES[telling]}); "
            "the draw fell otherwise."
        )
    times = record["weight"] / best["weight"]
    return (
        f"It was {times:.1f} times as likely as the next, {best['id']}, most of all by {telling} "
        f"({_PHRASES[telling]})."
    )


def _mean(name: str, others: list[dict[str, Any]]) -> float | None:
    values = [_factors(other).get(name, 0) for other in others]
    return sum(values) / len(values) / MICRO if values else None


def _ident(record: dict[str, Any]) -> int | str:
    ident: int | str = record["pair"] if record["kind"] == "pair" else record["presetId"]
    return ident


def _factors(record: dict[str, Any]) -> dict[str, int]:
    found = record.get("factors")
    if not isinstance(found, dict):
        raise BadRecord("there are no factors", fix="give a line of picks.jsonl of type pick")
    return {name: to_micro(value) for name, value in found.items()}


def _weight(factors: dict[str, int]) -> int:
    try:
        return combine(factors)
    except ValueError as error:
        raise BadRecord(str(error).rstrip("."), fix="read the log with the version that wrote it") from error
