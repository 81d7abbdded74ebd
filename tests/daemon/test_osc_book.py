"""The book is what the tables say, and the committed file is the book."""

import json
from pathlib import Path
from xml.etree import ElementTree

from daemon import osc_book, osc_files, osc_qlcplus
from daemon.cli import main
from daemon.osc_learnt import wanted
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
    assert rows["/aivj/hold"]["echo"] == "/aivj/state/hold"
    assert "echo" not in rows["/aivj/next"]
    assert (rows["/aivj/tap"]["owner"], rows["/aivj/learn"]["owner"]) == ("dsp", "daemon")
    # What can be switched or set holds for a while, and the book says how long.
    assert all(row["lasts"] for row in rows.values() if row["arg"] in ("bool", "choice") or "echo" in row)


# Files for other programs


def test_every_file_is_written_with_the_ports_in_force(tmp_path, capsys):
    config = tmp_path / "config.toml"
    config.write_text("[osc]\nin_port = 7123\n", encoding="utf-8")
    out = tmp_path / "deep" / "book"
    assert main(["osc-book", "--out", str(out), "--desk-port", "7999", "--config", str(config)]) == 0
    names = set(osc_files.every(1, 2))
    assert {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()} == names
    assert set(capsys.readouterr().out.split()) == {str(out / name) for name in names}
    workspace = (out / "qlcplus" / "aivjd.qxw").read_text(encoding="utf-8")
    assert 'inputPort="7999"' in workspace
    assert 'feedbackPort="7123"' in workspace
    assert "127.0.0.1:7123" in (out / "open-stage-control.json").read_text(encoding="utf-8")
    assert main(["osc-book", "--out", str(config)]) == 2
    assert main(["osc-book", "--out", str(out), "--desk-port", "0"]) == 2


def test_the_qlcplus_files_are_xml_and_no_two_addresses_share_a_channel():
    root = ElementTree.fromstring(osc_qlcplus.profile())
    space = {"q": "http://www.qlcplus.org/InputProfile"}
    rows = {int(c.get("Number")): c.findtext("q:Name", None, space) for c in root.findall("q:Channel", space)}
    every = [c.address for c in (*osc_qlcplus.controls(), *osc_qlcplus.meters())]
    assert sorted(rows.values()) == sorted(every)
    assert all(osc_qlcplus.channel_of(address) == number for number, address in rows.items())
    workspace = ElementTree.fromstring(osc_qlcplus.workspace(7700, 7701))
    ids = [w.get("ID") for w in workspace.iter() if w.tag.endswith(("}Button", "}Slider"))]
    assert sorted(map(int, ids)) == list(range(len(every)))


def test_the_oscquery_tree_holds_every_address():
    def leaves(node):
        if "TYPE" in node:
            yield node["FULL_PATH"], node["TYPE"], node["ACCESS"]
        for name, below in node.get("CONTENTS", {}).items():
            assert below["FULL_PATH"] == f"{node['FULL_PATH'].rstrip('/')}/{name}"
            yield from leaves(below)

    found = {path: (kind, access) for path, kind, access in leaves(osc_files.oscquery())}
    assert set(found) == {f"/aivj/{verb.name}" for verb in VERBS} | {message.address for message in OUT}
    assert found["/aivj/sensitivity"] == ("f", 2)
    assert found["/aivj/pick"] == ("isss", 1)


def test_every_button_does_something_and_lights_by_an_echo():
    rows = list(osc_files.buttons())
    echoes = {message.address: message for message in OUT}
    for row in rows:
        verb, _, arg = row["path"].removeprefix("/aivj/").partition("/")
        wanted(f"{verb} {arg}")  # raises where the daemon would refuse it
        if (lit := row.get("feedback")) is not None:
            assert lit["type"] == echoes[lit["path"]].tags
    labels = [row["label"] for row in rows]
    assert len(set(labels)) == len(labels)
    assert {"next", "hold toggle", "mode shuffle", "sensitivity -24"} <= set(labels)


def test_the_layout_controls_what_can_be_controlled_without_text():
    session = osc_files.open_stage_control(7700)
    widgets = {w["address"]: w for w in session["content"]["widgets"]}
    assert widgets["/aivj/sensitivity"]["range"] == {"min": -24.0, "max": 24.0}
    assert widgets["/aivj/mode"]["values"] == ["weighted", "random", "shuffle", "public_v0"]
    for verb in VERBS:
        assert (f"/aivj/{verb.name}" in widgets) == (verb.arg not in ("text", "id"))
