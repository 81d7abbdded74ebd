"""The rehearsal as one page: plain HTML with drawings in it, no script, nothing loaded from anywhere."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from html import escape
from itertools import pairwise
from typing import Any, Final

WIDTH: Final = 960
COLOURS: Final = {
    "silence": "#2b2f38",
    "calm": "#35577a",
    "groove": "#3f7d5a",
    "build": "#a8862f",
    "drop": "#b8433a",
    "peak": "#c96b34",
    "breakdown": "#5b4a86",
}
_REASONS: Final = {"d": "#9aa4b2", "s": "#f2c14e", "e": "#5fb3d4", "r": "#e05c4b"}
_STYLE: Final = """
body{margin:0;background:#14161a;color:#d8dce3;font:14px/1.5 system-ui,sans-serif}
main{max-width:1000px;margin:0 auto;padding:24px 20px 60px}
h1{font-size:22px;margin:0 0 4px}h2{font-size:15px;margin:34px 0 8px;color:#f0f2f5}
p{margin:4px 0;color:#98a0ad}.cards{display:flex;flex-wrap:wrap;gap:10px;margin:18px 0}
.card{background:#1d2026;border-radius:8px;padding:10px 14px;min-width:104px}
.card b{display:block;font-size:20px;color:#fff}.card span{color:#98a0ad;font-size:12px}
svg{display:block;width:100%;height:auto;background:#1d2026;border-radius:8px}
text{fill:#98a0ad;font:11px system-ui,sans-serif}text.v{fill:#d8dce3}
table{border-collapse:collapse;width:100%}
td,th{text-align:left;padding:4px 10px 4px 0;border-bottom:1px solid #262a31}
th{color:#98a0ad;font-weight:500}td.n,th.n{text-align:right}
.two{display:grid;grid-template-columns:1fr 1fr;gap:24px}
i{display:inline-block;width:10px;height:10px;border-radius:2px;margin-right:6px}
@media(max-width:700px){.two{grid-template-columns:1fr}}
@media print{body{background:#fff;color:#000}}
"""


def page(figures: dict[str, Any]) -> str:
    """The whole file, from `Rehearsal.figures`."""
    style = _STYLE + "".join(f".s-{name}{{background:{colour}}}" for name, colour in COLOURS.items())
    policy = f"default-src 'none'; style-src 'sha256-{_hash(style)}'; base-uri 'none'; form-action 'none'"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width"><title>Rehearsal · aivjd</title>'
        f"<style>{style}</style></head><body><main>{_body(figures)}</main></body></html>\n"
    )


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def _body(figures: dict[str, Any]) -> str:
    s = figures["statistics"]
    tracks = ", ".join(escape(track["name"]) for track in figures["tracks"][:12])
    more = len(figures["tracks"]) - 12
    return "".join(
        (
            "<h1>Rehearsal</h1>",
            f"<p>{tracks}{f' and {more} more' if more > 0 else ''}; seed {figures['seed']}</p>",
            _cards(figures),
            "<h2>The night</h2>",
            _night(figures),
            _legend(),
            "<h2>Pictures a minute</h2>",
            _bars([str(n) for n in range(len(figures["perMinute"]))], figures["perMinute"], height=110),
            '<div class="two"><div><h2>How long they stay</h2>',
            _bars(_classes(s["dwell"]["edges"], " s"), s["dwell"]["counts"], width=460),
            "</div><div><h2>Pictures until the same comes again</h2>",
            _bars(_classes(s["repeats"]["edges"], ""), s["repeats"]["counts"], width=460),
            "</div></div><h2>Section by section</h2>",
            _sections(figures),
            '<div class="two"><div><h2>Shown most</h2>',
            _table(("picture", "times", "s"), [[f"{m[0]}:{m[1]}", m[4], m[5]] for m in s["mostShown"]]),
            "</div><div><h2>What may go wrong</h2>",
            _risks(figures["risks"]),
            "</div></div>",
        )
    )


def _cards(figures: dict[str, Any]) -> str:
    s = figures["statistics"]
    dwell, most = s["dwell"], s["entropyMostBits"]
    stays = f"median stay ({_number(dwell['min'])} to {_number(dwell['max'])})"
    cards = (
        (_clock(figures["seconds"]), "long"),
        (_number(figures["picksPerMinute"]), "pictures a minute"),
        (f"{_number(dwell['median'])} s", stays),
        (f"{s['different']} of {s['pool']}", "different pictures"),
        (f"{100 * s['entropyBits'] / most:.0f} %" if most else "-", "of the variety there could be"),
        (_number(s["repeats"]["min"]), "pictures at least until a repeat"),
        (_number(figures["spearman"]), "strength follows intensity (Spearman)"),
        (str(figures["risks"]["showings"]), "showings at risk"),
    )
    told = "".join(f'<div class="card"><b>{value}</b><span>{what}</span></div>' for value, what in cards)
    return f'<div class="cards">{told}</div>'


def _night(figures: dict[str, Any]) -> str:
    """Sections below, intensity above, and each picture as a dot as high as its strength."""
    total, height, foot = max(figures["seconds"], 1e-9), 190, 18
    top = height - foot - 4

    def x(second: float) -> float:
        return round(WIDTH * second / total, 2)

    def y(value: float) -> float:
        return round(top - value * (top - 8), 1)

    drawn = []
    for name, start, end in figures["sections"]:
        box = {"x": x(start), "y": height - foot, "width": max(x(end) - x(start), 0.3), "height": foot}
        title = f"{name} {_clock(start)}"
        drawn.append(_shape("rect", title, **box, fill=COLOURS.get(name, "#444")))
    points = " ".join(f"{x(second)},{y(value)}" for second, value in figures["curve"])
    drawn.append(_shape("polyline", "", points=points, fill="none", stroke="#566070"))
    for second, pack, ident, reason, section, intensity, strength in figures["shown"]:
        title = f"{_clock(second)} {pack}:{ident}, {reason}, {section}, intensity {intensity:.2f}"
        title += f", strength {_number(strength)}"
        place = y(0.5 if strength is None else strength)
        colour = _REASONS.get(reason[:1], "#9aa4b2")
        drawn.append(_shape("line", "", x1=x(second), x2=x(second), y1=top, y2=place, stroke="#30363f"))
        drawn.append(_shape("circle", title, cx=x(second), cy=place, r=3, fill=colour))
    for track in figures["tracks"][1:]:
        at = x(track["at"])
        drawn.append(_shape("line", track["name"], x1=at, x2=at, y1=0, y2=height, stroke="#8d95a3"))
    return _drawing(WIDTH, height, drawn)


def _legend() -> str:
    named = "".join(f'<i class="s-{name}"></i>{name} &nbsp; ' for name in COLOURS)
    return (
        f"<p>{named}</p><p>Each dot is a picture, as high as its strength in the pack; the line is the "
        "intensity of the music. Grey: it was time. Yellow: a section or a silence. Blue: the energy. "
        "Red: the music came back.</p>"
    )


def _bars(names: Sequence[str], counts: Sequence[int], *, width: int = WIDTH, height: int = 150) -> str:
    most = max([*counts, 1])
    step = width / max(len(counts), 1)
    every = -(-len(names) // max(1, width // 46))
    drawn = []
    for place, (name, count) in enumerate(zip(names, counts, strict=True)):
        tall = round((height - 40) * count / most, 1)
        left, up = round(place * step + 1, 1), round(height - 20 - tall, 1)
        box = {"x": left, "y": up, "width": round(max(step - 2, 0.5), 1), "height": tall}
        drawn.append(_shape("rect", f"{name}: {count}", **box, fill="#4f7cac"))
        if place % every == 0:
            middle = round((place + 0.5) * step, 1)
            drawn.append(_text(middle, height - 6, name))
            if count:
                drawn.append(_text(middle, up - 4, str(count)))
    return _drawing(width, height, drawn)


def _drawing(width: int, height: int, shapes: Sequence[str]) -> str:
    return f'<svg viewBox="0 0 {width} {height}" role="img">{"".join(shapes)}</svg>'


def _shape(tag: str, title: str, **attributes: float | str) -> str:
    """An element; `title` is what the pointer reads there."""
    told = " ".join(f'{name}="{escape(str(value))}"' for name, value in attributes.items())
    return f"<{tag} {told}>{f'<title>{escape(title)}</title>' if title else ''}</{tag}>"


def _text(x: float, y: float, text: str) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="middle">{escape(text)}</text>'


def _sections(figures: dict[str, Any]) -> str:
    total = max(figures["seconds"], 1e-9)
    rows = [
        [
            f'<i class="s-{escape(row["section"])}"></i>{escape(row["section"])}',
            f"{row['seconds']:.0f}",
            f"{100 * row['seconds'] / total:.0f} %",
            row["picks"],
            _number(row["intensity"]),
            _number(row["strength"]),
        ]
        for row in figures["bySection"]
    ]
    return _table(("section", "s", "share", "pictures", "mean intensity", "mean strength"), rows, raw=True)


def _risks(risks: dict[str, Any]) -> str:
    pool = "; ".join(f"{count} {escape(risk)}" for risk, count in risks["pool"].items())
    rows = [[f"{pack}:{ident}", times, ", ".join(why)] for pack, ident, times, why in risks["shown"][:12]]
    said = f"<p>In the pack: {pool}.</p>" if pool else "<p>Nothing in the pack is known to be at risk.</p>"
    return said + (_table(("picture", "times", "why"), rows) if rows else "")


def _table(heads: Sequence[str], rows: Sequence[Sequence[Any]], *, raw: bool = False) -> str:
    """Columns that begin with a number stand to the right."""
    right = [str(value)[:1].isdigit() for value in (rows[0] if rows else heads)]

    def line(tag: str, values: Sequence[str]) -> str:
        cells = zip(values, right, strict=True)
        return "".join(f"<{tag}{' class=n' if number else ''}>{text}</{tag}>" for text, number in cells)

    texts = [[str(value) if raw else escape(str(value)) for value in row] for row in rows]
    body = "".join(f"<tr>{line('td', row)}</tr>" for row in texts)
    return f"<table><tr>{line('th', [escape(name) for name in heads])}</tr>{body}</table>"


def _classes(edges: Sequence[float], unit: str) -> list[str]:
    between = [f"{low:g}-{high:g}" for low, high in pairwise(edges)]
    return [f"<{edges[0]:g}{unit}", *between, f"{edges[-1]:g}+"]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}".rstrip("0").rstrip(".")


def _clock(seconds: float) -> str:
    whole = int(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"
