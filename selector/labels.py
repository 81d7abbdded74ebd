"""What a preset's name tells: whose it is, and of which presets it is another version.

Names are written "author - title". Authors publish a preset in many versions ("area 51", "area 51 (night
mix)", "area 51 2"); versions share a stem.
"""

from __future__ import annotations

import re
from typing import Final

_BRACKETED: Final = re.compile(r"[\[({][^\])}]*[\])}]?")
_VERSION_WORD: Final = re.compile(r"^(v?\d+\w?|mix|rmx|remix|mod|edit|tweak|mash\d*|version|ver|part|pt)$")
SERIES_TITLES: Final = frozenset({"mashup", "test", "untitled", "preset", "experiment"})
"""Titles that number presets which have nothing in common."""
_SHORTEST: Final = 4
_JOINED: Final = re.compile(r"\s*(?:,|\+|&| and | vs\.? | ft\.? )\s*")


def author_of(label: str) -> str:
    """The app's author key: a slug of what stands before the first " - "; empty where nothing does."""
    author, dash, _ = label.partition(" - ")
    return "-".join(_words(author)) if dash else ""


def family_of(label: str) -> str:
    """What versions of a preset have in common: lead author and stem of the title, if they say enough."""
    author, dash, title = label.partition(" - ")
    if not dash or not (root := telling_stem(title)):
        return ""
    lead = "".join(_words(_JOINED.split(author.lower())[0]))
    return f"{lead}/{root}"


def stem(title: str) -> str:
    """A title without brackets, remix credits and version marks: "Area 51 (night mix) 2" -> "area 51".

    A number that is the only thing left after the first word stays: it is then part of the name.
    """
    words = _words(_BRACKETED.sub(" ", title).split(" - ")[0])
    while len(words) > 2 and _VERSION_WORD.match(words[-1]):
        words.pop()
    return " ".join(words)


def telling_stem(title: str) -> str:
    """`stem` where it says that presets belong together; empty where it is short or numbers a series."""
    found = stem(title)
    return found if len(found) >= _SHORTEST and found not in SERIES_TITLES else ""


def _words(text: str) -> list[str]:
    return re.sub(r"[^a-z0-9]+", " ", text.lower()).split()
