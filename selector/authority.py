"""Who wins when several want something: safety, then the operator, then the cue list, then the automatic.

*Safety* is what nothing overrules: the envelope (`envelope`), and that nothing in quarantine is shown. Among
the others a wish stands until it is served, expires or is outranked; of equals the later one counts. While
the operator holds, only the operator is served, so that what fails on screen stays there, too, until the hold
is released. This is the one place where that is decided; docs/operator-guide.md says it in words.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

Authority: TypeAlias = Literal["operator", "cues", "automatic"]

_RANK: Final[dict[Authority, int]] = {"automatic": 0, "cues": 1, "operator": 2}


def may(by: Authority, *, held: bool, against: Authority | None = None) -> bool:
    """Whether `by` gets its will.

    Args:
        by: whose wish it is.
        held: the operator holds.
        against: whose wish stands there already; None where nobody's does.
    """
    if held and by != "operator":
        return False
    return against is None or _RANK[by] >= _RANK[against]
