"""`aivjd doctor`: tries things out and says what is wrong and what to do about it."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from pathlib import Path

from daemon import config as configuration
from daemon import desk_doctor

_MARK = {True: "good ", False: "WRONG", None: "look "}


def doctor(args: argparse.Namespace, config: Path | None) -> int:
    """Print each finding as it comes; 1 if one is bad."""
    logging.basicConfig(level=logging.INFO, format="      %(message)s", stream=sys.stderr)
    found = []
    for finding in desk_doctor.examine(configuration.load(config).osc, args.seconds):
        found.append(finding)
        if not args.json:
            advice = f"\n       -> {finding.fix}" if finding.fix and finding.good is not True else ""
            print(f"{_MARK[finding.good]} {finding.what}{advice}", flush=True)
    if args.json:
        print(json.dumps([finding._asdict() for finding in found], indent=1))
    return 1 if any(finding.good is False for finding in found) else 0
