"""The book is what the tables say, and the committed file is the book."""

import json
from pathlib import Path

from daemon import osc_book
from daemon.osc_table import OUT
from selector.vocabulary import VERBS

BOOK = Path(__file__).parents[2] / "docs" / "osc-book.md"


def test_the_committed_book_is_up_to_date():
    assert BOOK.read_text(encoding="utf-8") == osc_book.as_markdown(), (
        "run: aivjd osc-book > docs/osc-book.md"
    )


def test_every_address_has_its_line():
    text = osc_book.as_markdown()
    for verb in VERBS:
        assert f"| `/aivj/{verb.name}` |" in text
        assert verb.what in text
    for message in OUT:
        assert f"| `{message.address}` | `,{message.tags}` |" in text


def test_addresses_are_unique_and_the_two_directions_never_meet():
    book = json.loads(json.dumps(osc_book.as_json()))
    received = [row["address"] for row in book["in"]]
    sent = [row["address"] for row in book["out"]]
    assert len(set(received + sent)) == len(received) + len(sent)


def test_ranges_and_choices_are_in_the_data():
    rows = {row["address"]: row for row in osc_book.as_json()["in"]}
    assert (rows["/aivj/sensitivity"]["low"], rows["/aivj/sensitivity"]["high"]) == (-24.0, 24.0)
    assert "weighted" in rows["/aivj/mode"]["choices"]
