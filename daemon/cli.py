"""The command line.

Exit codes: 0 good, 1 a negative finding, 2 bad usage or input, 3 something is missing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from daemon.commands.pack_arguments import add_pack
from daemon.errors import AivjdError

DESCRIPTION = """\
aivjd hears the room, decides what the visuals should be, tells browsers and lighting desks
ahead of the bar, and can prove afterwards why.

  aivjd run                     listen and decide; prints the address of the stage and control pages
  aivjd run --input demo        the same with the built-in demo track
  aivjd verify SESSION          does the recording replay to the same bytes?
  aivjd explain SESSION         why was each pick made?
"""


def build_parser() -> argparse.ArgumentParser:
    """All commands with their arguments."""
    parser = argparse.ArgumentParser(
        prog="aivjd", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    run = commands.add_parser("run", help="hear, decide, tell", description="Run the show until Ctrl-C.")
    run.add_argument(
        "--input",
        metavar="NAME",
        help="device name or part of it, 'default', 'demo', or file:PATH (see `aivjd devices`)",
    )
    run.add_argument("--pack", metavar="DIR", action="append", help="pack folder; may be given again")
    run.add_argument("--mode", help="weighted, random, shuffle or public_v0")
    run.add_argument("--seed", type=int, help="seed of every draw (default: a new one, written down)")
    run.add_argument(
        "--cues", metavar="FILE", type=Path, help="cue list, TOML or JSON: scenes in their order"
    )
    run.add_argument("--record", metavar="DIR", help="folder that gets the session's folder")
    run.add_argument("--no-record", action="store_true", help="do not record")
    run.add_argument(
        "--config", metavar="FILE", type=Path, help="configuration (default: ./config.toml if there)"
    )
    run.add_argument("--port", type=int, help="port of the pages and the websocket; 0 takes a free one")
    run.add_argument("--duration", type=float, metavar="S", help="stop by itself after so many seconds")

    devices = commands.add_parser("devices", help="list the audio inputs")
    devices.add_argument("--json", action="store_true", help="as JSON")

    analyze = commands.add_parser("analyze", help="what is heard in an audio file: beats, onsets, sections")
    analyze.add_argument("audio", type=Path, metavar="AUDIO")
    analyze.add_argument("--jsonl", action="store_true", help="one JSON object a line")
    analyze.add_argument("--block", type=int, default=4096, metavar="N", help="feed blocks of N samples")
    analyze.add_argument("--config", metavar="FILE", type=Path)

    replay = commands.add_parser("replay", help="run the engine over a session or an audio file")
    replay.add_argument("source", type=Path, metavar="SESSION|AUDIO")
    replay.add_argument("--out", type=Path, metavar="DIR", help="where picks.jsonl and events.jsonl go")
    replay.add_argument("--block", type=int, metavar="N", help="feed blocks of N samples (changes nothing)")
    replay.add_argument("--seed", type=int, help="another seed")
    replay.add_argument("--config", metavar="FILE", type=Path, help="another configuration")
    replay.add_argument("--pack", metavar="DIR", action="append", help="other packs")
    replay.add_argument(
        "--realtime", action="store_true", help="show a session again, to browsers and desks, at its own pace"
    )
    replay.add_argument("--port", type=int, help="of the web pages, with --realtime")
    replay.add_argument("--wait", action="store_true", help="begin when a stage is open, with --realtime")
    replay.add_argument("--duration", type=float, metavar="S", help="end after so long, with --realtime")
    replay.add_argument("--json", action="store_true", help="a summary as JSON")

    verify = commands.add_parser(
        "verify",
        help="replay a session, or a folder of them, and compare byte for byte",
        description="Exit code 0: all identical; 1: something diverged; 2: no session.",
    )
    verify.add_argument("session", type=Path, metavar="SESSION", help="its folder, or a folder of sessions")
    verify.add_argument(
        "--jobs", type=int, metavar="N", help="processes that replay stretches (default: one for each core)"
    )
    verify.add_argument("--block", type=int, metavar="N", help="feed blocks of N samples (changes nothing)")
    verify.add_argument("--json", action="store_true", help="the verdict, or all of them, as JSON")

    explain = commands.add_parser("explain", help="why a pick was made, in words")
    explain.add_argument("session", type=Path, metavar="SESSION")
    explain.add_argument(
        "seq", type=int, nargs="?", metavar="SEQ", help="number of the pick (default: all, briefly)"
    )
    explain.add_argument("--at", type=float, metavar="TIME", help="what was on screen at this second")
    explain.add_argument("--json", action="store_true", help="the record itself")

    rehearse = commands.add_parser(
        "rehearse",
        help="a playlist at full speed: what a night with it would look like",
        description="Exit code 0: done; 2: a file or pack cannot be used.",
    )
    rehearse.add_argument("audio", type=Path, nargs="+", metavar="AUDIO", help="files, in this order")
    rehearse.add_argument("--pack", metavar="DIR", action="append", help="pack folder; may be given again")
    rehearse.add_argument("--config", metavar="FILE", type=Path)
    rehearse.add_argument("--cues", metavar="FILE", type=Path, help="cue list, TOML or JSON")
    rehearse.add_argument("--seed", type=int, default=1, help="of every draw")
    rehearse.add_argument(
        "-o", "--out", type=Path, metavar="FILE.html", help="the report (default: rehearsal.html)"
    )
    rehearse.add_argument("--json", action="store_true", help="the figures as JSON")

    export = commands.add_parser("export", help="a session as tables, or as newliveweb writes it")
    export.add_argument("session", type=Path, metavar="SESSION")
    export.add_argument(
        "--what",
        choices=("picks", "snapshots", "events", "eval", "log"),
        default="picks",
        help="eval: rows of the app's eval.jsonl; log: its [sel] and 'selected preset' lines",
    )
    export.add_argument(
        "--format", choices=("parquet", "csv", "jsonl", "text"), help="default: by the name of FILE"
    )
    export.add_argument("-o", "--out", type=Path, metavar="FILE", help="default: standard output")
    export.add_argument("--hz", type=float, metavar="N", help="snapshots a second (default: every hop)")

    report = commands.add_parser(
        "report",
        help="a session as one HTML page: what was heard, shown, and why",
        description="Exit code 0: good; 1: the session does not replay to what was recorded; 2: no session.",
    )
    report.add_argument("session", type=Path, metavar="SESSION")
    report.add_argument("-o", "--out", type=Path, metavar="FILE", help="default: the session's name, .html")
    report.add_argument(
        "--no-replay", action="store_true", help="from the logs alone: at once, without curves"
    )
    report.add_argument(
        "--verify", action="store_true", help="verify it, too, and stamp the result on the page"
    )
    report.add_argument("--json", action="store_true", help="what was written and the statistics as JSON")

    diff = commands.add_parser("diff", help="two runs pick by pick, and what made each difference")
    diff.add_argument("session", type=Path, metavar="A")
    diff.add_argument(
        "other", type=Path, nargs="?", metavar="B", help="second session (default: A, replayed)"
    )
    diff.add_argument("--config", metavar="FILE", type=Path, help="replay A under another configuration")
    diff.add_argument("--seed", type=int, help="replay A with another seed")
    diff.add_argument("--pack", metavar="DIR", action="append", help="replay A with other packs")
    diff.add_argument(
        "--python", metavar="CMD", help="replay A by another version, such as ../old/.venv/bin/aivjd"
    )
    diff.add_argument("--json", action="store_true", help="rows and totals as JSON")

    bisect = commands.add_parser("bisect", help="which key of a configuration makes the first pick differ")
    bisect.add_argument("session", type=Path, metavar="SESSION")
    bisect.add_argument("--config", metavar="FILE", type=Path, help="the configuration to blame")
    bisect.add_argument(
        "--python", metavar="CMD", action="append", help="versions to compare instead; may be given again"
    )
    bisect.add_argument("--json", action="store_true", help="what was found as JSON")

    pack = commands.add_parser("pack", help="build and check packs")
    add_pack(pack)

    models = commands.add_parser("models", help="make what models are trained with; score them")
    models_commands = models.add_subparsers(dest="models_command", metavar="ACTION", required=True)
    music = models_commands.add_parser(
        "make-music", help="clips with exact truth: beats, bars, onsets, sections"
    )
    music.add_argument("out", type=Path, metavar="OUT", help="folder; what is there already is kept")
    music.add_argument("--hours", type=float, required=True, metavar="H", help="about so much audio in all")
    music.add_argument("--seed", type=int, default=1)
    music.add_argument("--split", choices=("train", "valid"), default="train")
    music.add_argument("--first", type=int, default=0, metavar="I", help="number of the first clip")
    music.add_argument("--jobs", type=int, default=1, metavar="J", help="processes")
    music.add_argument(
        "--kinds",
        nargs="+",
        default=["electronic", "band", "negatives"],
        choices=("electronic", "band", "negatives"),
    )
    music.add_argument("--clean", action="store_true", help="no rooms, codecs, noise or other damage")
    beats = models_commands.add_parser("train-beats", help="the network that hears beats, from made music")
    beats.add_argument("--data", type=Path, required=True, metavar="DIR", help="clips to learn from")
    beats.add_argument("--valid", type=Path, required=True, metavar="DIR", help="clips to judge by")
    beats.add_argument(
        "--steps", type=int, required=True, metavar="N", help="batches; the same number reproduces"
    )
    beats.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="weights, model card, checkpoint"
    )
    beats.add_argument("--seed", type=int, default=1)
    beats.add_argument("--hidden", type=int, default=96, metavar="N", help="size of a recurrent layer")
    beats.add_argument("--device", choices=("cpu", "cuda"), default="cpu")

    onsets = models_commands.add_parser("train-onsets", help="the network that hears onsets, from made music")
    onsets.add_argument("--data", type=Path, required=True, metavar="DIR", help="clips to learn from")
    onsets.add_argument("--valid", type=Path, required=True, metavar="DIR", help="clips to judge by")
    onsets.add_argument("--out", type=Path, required=True, metavar="DIR", help="weights and model card")
    onsets.add_argument("--steps", type=int, default=2500, metavar="N", help="batches")
    onsets.add_argument("--seed", type=int, default=1)

    score = models_commands.add_parser("score-beats", help="how well the beats of such clips are heard")
    score.add_argument("clips", type=Path, metavar="DIR", help="folder of NAME.flac with NAME.json")
    score.add_argument("--cmd", metavar="COMMAND", help="another tracker: '... {wav}' printing JSON lines")
    score.add_argument("--against", type=Path, metavar="FILE", help="compare with what --json printed before")
    score.add_argument("--config", metavar="FILE", type=Path, help="configuration of our own analyser")
    score.add_argument("--jobs", type=int, default=2, metavar="J", help="processes")
    score.add_argument("--json", action="store_true", help="every clip's scores as JSON")

    quality = models_commands.add_parser(
        "train-quality",
        help="brightness and motion of presets that were never rendered, from text and equations",
        description="Exit code 0: a model passed its gate and was written; 1: none did.",
    )
    quality.add_argument(
        "presets", type=Path, metavar="PACKAGE", help="installed npm package butterchurn-presets"
    )
    quality.add_argument("--out", type=Path, required=True, metavar="DIR", help="report, card, model")
    quality.add_argument("--seed", type=int, default=1)
    quality.add_argument("--json", action="store_true", help="the report as JSON")
    embed = models_commands.add_parser("embed", help="lay presets out so that what is alike lies near")
    embed.add_argument("presets", type=Path, metavar="PRESETS", help="folder of .milk or .json presets")
    embed.add_argument("--out", type=Path, required=True, metavar="DIR", help="vectors, ids, description")
    embed.add_argument("--json", action="store_true", help="the description as JSON")
    similar = models_commands.add_parser("similar", help="the presets that are most like one")
    similar.add_argument("embedding", type=Path, metavar="EMBEDDING", help="folder that `embed` made")
    similar.add_argument("preset", metavar="PRESET", help="id, beginning of an id, or (part of) a name")
    similar.add_argument("-k", "--count", type=int, default=10, metavar="N")
    similar.add_argument("--json", action="store_true", help="as JSON")

    bench = commands.add_parser("bench", help="measure this machine")
    names = (
        "latency",
        "hop",
        "selection",
        "start",
        "session",
        "osc",
        "similar",
        "music-match",
        "variety",
        "offline",
    )
    bench.add_argument("name", choices=names, nargs="?", default="latency")
    bench.add_argument("--seconds", type=float, default=60.0, help="how long (latency, session, osc)")
    bench.add_argument("--clients", type=int, default=0, metavar="N", help="websocket clients besides (osc)")
    bench.add_argument(
        "--client-hz",
        type=float,
        default=30.0,
        metavar="HZ",
        help="snapshots a second for each of them (osc)",
    )
    bench.add_argument("--folder", metavar="DIR", help="where there is room for the night (session)")
    bench.add_argument("--presets", type=int, default=130_000, metavar="N", help="made and synced (offline)")
    bench.add_argument("--rendered", type=int, default=0, metavar="N", help="of them, rendered (offline)")
    bench.add_argument("--keep", metavar="DIR", help="leave the recorded night in DIR (session)")
    bench.add_argument(
        "--audio", nargs="+", default=[], metavar="AUDIO", help="files or folders (music-match)"
    )
    bench.add_argument("--pack", action="append", metavar="DIR", help="of pairs (music-match)")
    bench.add_argument("--config", metavar="FILE", help="configuration (music-match)")
    bench.add_argument("--seeds", type=int, default=20, metavar="N", help="of each mode (music-match)")
    bench.add_argument("--plot", metavar="FILE", help="SVG of what was picked (music-match)")
    bench.add_argument("--json", action="store_true", help="as JSON")

    book = commands.add_parser("osc-book", help="every OSC address with argument, range and meaning")
    book.add_argument("--json", action="store_true", help="as JSON")
    book.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="write ready files: for QLC+, Open Stage Control, OSCQuery, buttons",
    )
    book.add_argument(
        "--desk-port", type=int, default=7701, metavar="N", help="where QLC+ is to receive (with --out)"
    )
    book.add_argument("--config", metavar="FILE", type=Path, help="whose ports the files name (with --out)")

    doctor = commands.add_parser(
        "doctor",
        help="is everything as it should be?",
        description="Exit code 0: good; 1: something is wrong, and what to do about it.",
    )
    doctor.add_argument(
        "--desk", action="store_true", required=True, help="OSC both ways, as a lighting operator needs it"
    )
    doctor.add_argument("--seconds", type=float, default=5.0, help="how long to listen for what desks send")
    doctor.add_argument("--config", metavar="FILE", type=Path)
    doctor.add_argument("--json", action="store_true", help="as JSON")

    config = commands.add_parser("config", help="print the commented default configuration, or check a file")
    config.add_argument("--check", metavar="FILE", type=Path)
    commands.add_parser("warm", help="compile the kernels now, so that the first start is quick")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, dispatch, and turn errors into sentences and exit codes."""
    args = build_parser().parse_args(argv)
    from daemon.commands import dispatch

    action = getattr(dispatch, args.command.replace("-", "_"))
    try:
        return int(action(args))
    except AivjdError as error:
        print(f"aivjd: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of our output has seen enough (`aivjd analyze ... | head`).
        sys.stderr.close()
        return 0


if __name__ == "__main__":
    sys.exit(main())
