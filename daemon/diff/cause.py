"""The first thing in which two picks differ that could have made the difference, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from daemon.pick_stream import Fate, PickLine, plain
from selector.explain import explain
from selector.fixedpoint import to_micro
from selector.weights import EXPLORE, LAW, TASTE

_HEARD: Final = ("audioValid", "beatTrusted", "barTrusted", "section", "tempoBpm")


class Difference(NamedTuple):
    """`field` is a name of a pick record (a factor's name for a factor); `why` is a sentence."""

    field: str
    why: str


def first_difference(a: Fate, b: Fate, rate_a: int, rate_b: int) -> Difference:
    """Why these two are not the same pick, in the order in which a pick comes about.

    When it was due and what was heard then; how was to be drawn and from what; the factors of what both
    records name, in the order of multiplication; the draw; what became of it.
    """
    first = next(_causes(a, b))
    apart = b.pick.sample / rate_b - a.pick.sample / rate_a
    if abs(apart) >= 0.02 and first.field != "sample":
        later = "later" if apart > 0 else "earlier"
        return Difference(first.field, f"{first.why}; B chose {abs(apart):.2f} s {later}")
    return first


def _causes(a: Fate, b: Fate) -> Iterator[Difference]:
    yield from _when(a.pick, b.pick)
    if _ident(a) != _ident(b):
        yield from _what(a.pick, b.pick)
    elif a.shown != b.shown:
        yield Difference("outcome", f"A {_fate(a)}, B {_fate(b)}")
    elif a.pick.sample != b.pick.sample:
        yield Difference("sample", "it was due at another time, though the same was heard")
    else:
        yield Difference("activateSample", "it was chosen at the same time, and the moment moved afterwards")


def reason_of(pick: PickLine) -> str:
    """Why it was made at all, in words."""
    return explain(plain(pick)).why_now


def _ident(fate: Fate) -> tuple[str, str, int | str]:
    return fate.pick.kind, fate.pick.pack, fate.pick.ident


def _fate(fate: Fate) -> str:
    if fate.shown is None:
        return "ends before it was shown"
    return "showed it" if fate.shown else f"took it back ({fate.reason or 'no reason given'})"


def _when(a: PickLine, b: PickLine) -> Iterator[Difference]:
    if a.trigger != b.trigger:
        yield Difference("trigger", f"A was due for '{a.trigger}', B for '{b.trigger}'")
    for name in _HEARD:
        one, other = a.snapshot.get(name), b.snapshot.get(name)
        if one != other:
            yield Difference(name, f"A heard {name} {_value(one)}, B {_value(other)}")
    if a.intensity01 != b.intensity01:
        yield Difference("intensity01", f"the intensity was {a.intensity01:g} in A, {b.intensity01:g} in B")


def _what(a: PickLine, b: PickLine) -> Iterator[Difference]:
    for name in ("kind", "pack", "requested_mode", "mode"):
        one, other = getattr(a, name), getattr(b, name)
        if one != other:
            yield Difference(_camel(name), f"{name.replace('_', ' ')} was '{one}' in A, '{other}' in B")
    yield from _factors(a, b)
    if a.seed != b.seed:
        yield Difference("seed", f"the seeds are {a.seed} and {b.seed}, so the draw fell otherwise")
    if a.seq != b.seq:
        yield Difference("seq", f"it is pick {a.seq} in A and pick {b.seq} in B, so the draw fell otherwise")
    if a.candidates != b.candidates:
        yield Difference("candidates", f"A drew from {a.candidates}, B from {b.candidates}")
    if a.total_weight != b.total_weight:
        yield Difference(
            "totalWeight", "all candidates together weigh differently, by factors that neither record names"
        )
    if a.catalog != b.catalog:
        yield Difference("catalog", "the catalogues differ")
    yield Difference("draw", f"the draw was {a.draw} in A, {b.draw} in B")


def _factors(a: PickLine, b: PickLine) -> Iterator[Difference]:
    """Factors of everything that both records name: the picks themselves and the heaviest others."""
    ours, theirs = _named(a), _named(b)
    shared = [ident for ident in (a.ident, b.ident) if ident in ours and ident in theirs]
    shared += [ident for ident in ours if ident in theirs and ident not in shared]
    for name in (*TASTE, EXPLORE, *LAW):
        for ident in shared:
            one, other = ours[ident].get(name), theirs[ident].get(name)
            if one != other:
                what = _meaning(a, name) or _meaning(b, name)
                meaning = f" ({what})" if what else ""
                yield Difference(
                    name, f"{name}{meaning} of {ident} was {_share(one)} in A, {_share(other)} in B"
                )
                break


def _named(pick: PickLine) -> dict[int | str, dict[str, float]]:
    return {pick.ident: pick.factors} | {other.id: other.factors for other in pick.runners_up}


def _meaning(pick: PickLine, name: str) -> str:
    return next((note.what for note in explain(plain(pick)).factors if note.name == name), "")


def odds_differ(a: PickLine, b: PickLine) -> bool:
    """Whether the same pick had another chance."""
    return to_micro(a.probability) != to_micro(b.probability)


def _share(value: float | None) -> str:
    return "not weighed" if value is None else f"{value:g}"


def _value(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).lower()


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)
