"""`aivjd pack measure`: renders every preset of a pack and writes down what was seen."""

from __future__ import annotations

import argparse
from pathlib import Path

from daemon.commands.steps import steps_bar
from daemon.errors import UsageError
from daemon.fingerprint import tool_version

MODULES = Path(__file__).parents[1] / "web" / "node_modules"


def pack_measure(args: argparse.Namespace) -> int:
    """Measure, publish into the pack, and say what came out."""
    from models.measure.campaign import Campaign
    from models.measure.probe import Rig
    from models.measure.publish import entries, publish
    from models.measure.stimuli import NAMES

    stimuli = tuple(args.stimuli.split(","))
    if not set(stimuli) <= set(NAMES) or len(set(stimuli)) != len(stimuli):
        raise UsageError(f"--stimuli takes some of {','.join(NAMES)}, each once", fix="name others")
    if args.workers < 1 or not 1 <= args.settled < args.frames <= 10_000:
        raise UsageError("--workers, or --settled below --frames, is out of range", fix="give other numbers")
    rig = Rig(stimuli, frames=args.frames, settled=args.settled, url=args.rig)
    found, tasks = entries(args.pack)
    campaign = Campaign(args.cache or args.pack.parent / ".measured", rig, MODULES)
    fresh = campaign.run(list(tasks.values()), workers=args.workers, progress=steps_bar())
    counts = publish(args.pack, found, campaign, tool_version())
    print(f"{args.pack}: {len(tasks)} presets, {fresh} measured now, the others before")
    print(f"  strict {counts['tier1Ok']}, dark {counts['tier2Ok']}, failed {counts['failed']}")
    return 0
