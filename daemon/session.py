"""A session folder: written while the show runs, read back for replay, verify and explain.

The three logs are hash chains of canonical JSON lines. `inputs.jsonl` carries, four times a second,
the sha256 of the samples that were analysed, so that damage of `audio.flac` is located. A session may begin
in the middle of a show: then it holds the engine's state at its first sample. See `docs/file-formats.md`.

This is the door; behind it, `session_header` says what a session is, `session_writer` writes it,
`session_reader`, `session_files` and `session_log` read what may have been tampered with.
"""

from __future__ import annotations

from daemon.session_files import LOGS
from daemon.session_header import FORMAT, Closed, Header, Start, new_header, restocked, start_at
from daemon.session_reader import READ_FRAMES, SessionReader
from daemon.session_writer import SUMS_A_SECOND, TROUBLE, SessionWriter, file_sha256

__all__ = [
    "FORMAT",
    "LOGS",
    "READ_FRAMES",
    "SUMS_A_SECOND",
    "TROUBLE",
    "Closed",
    "Header",
    "SessionReader",
    "SessionWriter",
    "Start",
    "file_sha256",
    "new_header",
    "restocked",
    "start_at",
]
