"""One HTML file out of the page's sources and a session's data. Nothing in it is loaded from anywhere.

What comes from a session is base64 in data blocks, which no browser runs; the page puts it in place as text.
The policy in the head allows exactly this script and this style sheet, by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
import html
from importlib.resources import files
from typing import Final

STYLE: Final = ("page.css",)
SCRIPTS: Final = (
    "unpack.js",
    "pyramid.js",
    "words.js",
    "dom.js",
    "session.js",
    "view.js",
    "tracks.js",
    "timeline.js",
    "minimap.js",
    "detail.js",
    "table.js",
    "figures.js",
    "main.js",
)
"""In this order, as one script."""


def page(title: str, blocks: dict[str, str]) -> str:
    """The whole file.

    Args:
        title: of the window; any text.
        blocks: base64 text by the id of the element that is to hold it.
    """
    style = "\n".join(_source(name) for name in STYLE)
    script = '"use strict";\n(() => {\n' + "\n".join(_source(name) for name in SCRIPTS) + "\n})();\n"
    policy = (
        f"default-src 'none'; script-src 'sha256-{_hash(script)}'; style-src 'sha256-{_hash(style)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    data = "\n".join(
        f'<script type="application/octet-stream" id="{name}">{text}</script>'
        for name, text in blocks.items()
    )
    made = _source("page.html")
    for name, text in (
        ("policy", policy),
        ("title", html.escape(title)),
        ("style", style),
        ("data", data),
        ("script", script),
    ):
        before, mark, after = made.partition(f"<!--{name}-->")
        if not mark:
            raise AssertionError(f"page.html has no place for {name}")
        made = before + text + after
    return made


def _source(name: str) -> str:
    return files("daemon.report").joinpath("page", name).read_text(encoding="utf-8").replace("\r\n", "\n")


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
