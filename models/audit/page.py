"""The audit as a page: one table of metrics, one of files by folder and class. No script, nothing loaded."""

from __future__ import annotations

from collections import Counter
from html import escape

from models.audit.audit import CLASSES, Audit

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; color: #223 }
table { border-collapse: collapse; width: 100% }
td, th { border-bottom: 1px solid #ccd; padding: .3rem .6rem; text-align: left }
.A { color: #176b3a } .B { color: #8a6100 } .C { color: #44546a } .waste, .fault { color: #a3182c }
"""


def page(found: Audit) -> str:
    """HTML, UTF-8."""
    verdict = "fails" if found.faults else "passes"
    parts = [
        '<!doctype html><html lang="en"><meta charset="utf-8">',
        f"<title>Audit of {escape(found.pack)}</title><style>{_STYLE}</style>",
        f"<h1>Audit of {escape(found.pack)}: {verdict}</h1>",
        "".join(f'<p class="fault">{escape(fault)}</p>' for fault in found.faults),
        "".join(f"<p>{escape(note)}</p>" for note in found.notes),
        "<h2>Metrics</h2>",
        _table(
            ["class", "metric", "evidence", "remedy"],
            [
                (one.grade, one.grade, one.name, one.evidence, one.remedy)
                for one in found.findings
                if one.kind == "metric"
            ],
        ),
        "<h2>Files</h2>",
        _table(["class", "folder", "files", "evidence", "remedy"], _folders(found)),
    ]
    return "\n".join(parts) + "</html>\n"


def _folders(found: Audit) -> list[tuple[str, ...]]:
    """Files of one folder, class and reason as one row: a pack has thousands."""
    counts: Counter[tuple[str, str, str, str]] = Counter()
    for one in found.findings:
        if one.kind == "file":
            folder = one.name.rpartition("/")[0]
            counts[(one.grade, f"{folder}/" if folder else one.name, one.evidence, one.remedy)] += 1
    rows = sorted(counts.items(), key=lambda row: (CLASSES.index(row[0][0]), row[0]))
    return [(grade, grade, where, str(n), why, remedy) for (grade, where, why, remedy), n in rows]


def _table(head: list[str], rows: list[tuple[str, ...]]) -> str:
    """A table; the first of each row is its class."""
    cells = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(
        f'<tr class="{escape(row[0])}">' + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:]) + "</tr>"
        for row in rows
    )
    return f"<table><tr>{cells}</tr>{body}</table>"
