"""`aivjd rehearse`: a playlist at full speed, as one page or as JSON."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from daemon import config as configuration
from daemon import packs, selfcheck
from daemon.audio_file import AudioFile
from daemon.commands.dispatch import default_config, end_progress, progress_bar
from daemon.commands.output import replacing
from daemon.cue_file import with_cues
from daemon.errors import UsageError
from daemon.rehearsal import Rehearsal
from daemon.rehearsal_page import page


def rehearse(args: argparse.Namespace) -> int:
    """Play everything, write the page, print a line (or the figures)."""
    out: Path = args.out or Path("rehearsal.html")
    if out.is_dir():
        raise UsageError("this is a folder", where=str(out), fix="name a file with -o FILE.html")
    selfcheck.require()
    path = default_config(args.config)
    config = with_cues(configuration.load(path), args.cues)
    base = path.parent if path else Path()
    places = [Path(p) for p in args.pack] if args.pack else packs.places(config.packs.dirs, base)
    tracks = [AudioFile(audio) for audio in args.audio]
    rehearsal = Rehearsal(config, packs.load(places).catalog, args.seed)
    for track in tracks:
        rehearsal.play(track, progress_bar(track.frames, track.rate))
    end_progress()
    figures = rehearsal.figures()
    if args.out is not None or not args.json:
        with replacing(out) as part:
            part.write_bytes(page(figures).encode())
    if args.json:
        print(json.dumps(figures, indent=1))
        return 0
    told = figures["statistics"]
    print(
        f"{out}: {told['shown']} pictures in {figures['seconds'] / 60:.1f} min "
        f"({figures['picksPerMinute']} a minute), {told['different']} different of {told['pool']}; "
        "open it in a browser"
    )
    return 0
