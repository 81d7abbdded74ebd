"""`aivjd models score-beats`: a table of how well clips are heard, and what differs from another table."""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from importlib.util import find_spec

from daemon import config as configuration
from daemon.commands.models import show_progress
from daemon.errors import MissingError, UsageError


def score_beats(args: argparse.Namespace) -> int:
    """Score our analyser, or the tracker that `--cmd` runs, over a folder of clips."""
    if find_spec("mir_eval") is None:
        raise MissingError("scoring needs mir_eval", fix="install the extra `aivjd[models]`")
    from models.beatnet.score import ask, differences, hear, read_rows, score_folder, table

    if args.jobs < 1:
        raise UsageError("--jobs must be positive", fix="give another number")
    theirs = read_rows(args.against) if args.against else []
    if args.cmd:
        tracker = partial(ask, command=args.cmd)
    else:
        tracker = partial(hear, settings=configuration.load(args.config).dsp)
    progress = show_progress if sys.stderr.isatty() else None
    rows = score_folder(args.clips, tracker, processes=args.jobs, progress=progress)
    if args.json:
        print(json.dumps(rows, indent=1))
        return 0
    for line in table(rows):
        print(line)
    if theirs:
        print(
            f"\n| this minus {args.against} | clips | difference | 95 % interval | |\n|---|---|---|---|---|"
        )
    for found in differences(rows, theirs):
        span = f"{found.low:+.4g} to {found.high:+.4g}"
        sure = "" if found.resolved else "not resolved"
        print(f"| {found.column} | {found.clips} | {found.mean:+.4g} | {span} | {sure} |")
    return 0
