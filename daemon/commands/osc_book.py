"""`aivjd osc-book`: the OSC book on the screen, or as files for other programs."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from daemon import config as configuration
from daemon import osc_book as book
from daemon import osc_files
from daemon.errors import UsageError


def osc_book(args: argparse.Namespace, config: Path | None) -> int:
    """Print it, or write every file into `--out`."""
    if args.out is None:
        print(json.dumps(book.as_json(), indent=1) if args.json else book.as_markdown(), end="")
        return 0
    if not 1 <= args.desk_port <= 65535:
        raise UsageError("--desk-port must be 1 to 65535", fix="give the port on which QLC+ is to receive")
    port = configuration.load(config).osc.in_port or 7700
    files = osc_files.every(port, args.desk_port)
    try:
        for name, text in files.items():
            path = args.out / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(path)
    except OSError as error:
        raise UsageError(
            f"cannot write the files ({error})", where=str(args.out), fix="choose another folder"
        ) from error
    return 0
