"""Which fold a preset is held out in, for ever.

A fold is a hash of a name: of the preset's first author, or of its family. So it depends on nothing else in
the corpus, and adding presets moves none. Families can grow together when a corpus grows; the ledger keeps
the name under which each preset was first filed. A family whose presets were filed under names of several
folds is held apart: in no test, and in no training either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from models.families import authors
from models.packs.canonical import draw64

FOLDS = 5
APART = -1
_SALT = 20261122


def fold(name: str) -> int:
    """The fold, 0 to `FOLDS` - 1, of an author or family of this name."""
    return draw64(_SALT, name) % FOLDS


def lead_author(field: str) -> str:
    """The first name in an author field, in lower case; empty where there is none."""
    plain = "".join(letter for letter in field.lower() if letter.isalnum())
    found = [(plain.find(name) % (len(plain) + 1), name) for name in authors(field)]
    return min(found)[1] if found else ""


def file_families(
    families: Sequence[Sequence[str]], ledger: Mapping[str, str]
) -> tuple[dict[str, int], dict[str, str]]:
    """Give every preset its family's fold.

    Args:
        families: content ids of each family.
        ledger: the name under which each content id was filed before; empty at first.

    Returns:
        Fold of each content id (`APART` for families that grew together from several folds), and the ledger
        with the new ones: a new preset takes a name of the family that it joins, a new family is named by its
        least content id.
    """
    folds: dict[str, int] = {}
    filed = dict(ledger)
    for members in families:
        known = sorted({filed[member] for member in members if member in filed})
        name = known[0] if known else min(members)
        several = len({fold(title) for title in known}) > 1
        for member in members:
            filed.setdefault(member, name)
            folds[member] = APART if several else fold(name)
    return folds, filed
