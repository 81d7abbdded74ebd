"""The model card that lies beside the weights."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from dsp.frames import FRAME_RATE
from dsp.network import HEADS, Weights
from models.beatnet.dataset import Piece
from models.beatnet.evaluate import Report

TEXT = """\
# Beat network

Activations for beats, downbeats, onsets by class, music and sections, and a tempo distribution, a hundred
times a second, from the features of `dsp/frames.py`. Made by `models/beatnet`, run by `dsp/network.py`.

| | |
|---|---|
| sha256 | `{sha256}` |
| parameters | {parameters}, int16 with a scale for each output |
| features | {features} a frame, version `{version}` |
| trained on | {clips} made clips, {hours:.1f} hours, seed and families `train` of `aivjd models make-music` |
| recipe | {recipe} |
| command | `{command}` |

All clips are made by this project (`models/music`): no recorded music, and none that other software ships.

## Validation

{valid_clips} made clips, {valid_hours:.1f} hours, of patterns, kits and sound fonts that training never
heard. AP is average precision, F the best over all thresholds with its 95 % interval (clips drawn anew), both
within 50 ms; frames in which nobody can know (the first 1.5 s, cross-fades) are left out. The baseline takes
the peaks of summed spectral rises. Raw activations are judged here; the beats that the program announces come
from a state space behind them and are judged in `dsp/reference.md`.

{heads}

Music against everything else: area under the curve {music:.4f}.

Tempo within 4 %: {exact:.3f} at the level of the truth, {any_level:.3f} at any level ({moments} moments);
always saying the commonest tempo gives {constant:.3f}.

### F by category

{categories}

## Limits

- Made music is narrower than music. What the validation families lack is not shown by this table.
- Frames are independent of level and rate, but nothing below the noise floor of a room can be heard.
- Downbeats and sections follow the habits of dance and band music in 3 and 4.
- Drop, build and breakdown look back only; a build that does not end in a drop looks like one that does.
"""


def card(weights: Weights, pieces: Sequence[Piece], judges: Sequence[Piece], report: Report) -> str:
    """The card as Markdown.

    Args:
        weights: the exported network.
        pieces: it was trained on.
        judges: it was judged by.
        report: of `models.beatnet.evaluate`.
    """
    recipe = weights.header.recipe
    return TEXT.format(
        sha256=weights.sha256,
        parameters=sum(matrix.size for matrix in weights.matrices),
        features=weights.header.features,
        version=weights.header.features_version,
        clips=len(pieces),
        hours=sum(len(piece.features) for piece in pieces) / FRAME_RATE / 3600.0,
        recipe=", ".join(f"{key} {value}" for key, value in recipe.items()),
        command=(
            f"aivjd models train-beats --data TRAIN --valid VALID --steps {recipe['steps']} "
            f"--seed {recipe['seed']} --hidden {recipe['hidden']} --out DIR"
        ),
        valid_clips=len(judges),
        valid_hours=report.hours,
        heads=_heads(report),
        music=report.music,
        exact=report.tempo.exact,
        any_level=report.tempo.any_level,
        constant=report.tempo.constant,
        moments=report.tempo.moments,
        categories=_categories(report),
    )


def _heads(report: Report) -> str:
    lines = [
        "| head | AP | F | 95 % | at | median late, ms | p90 - p10, ms | events | baseline AP | baseline F |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, score in report.heads.items():
        low, high = score.interval
        base = report.baselines.get(name)
        timing = f"{score.late_ms:.1f} | {score.jitter_ms:.1f}" if base else " | "
        simple = f"{base.precision:.3f} | {base.f:.3f}" if base else " | "
        lines.append(
            f"| {name} | {score.precision:.3f} | {score.f:.3f} | {low:.3f} to {high:.3f} | "
            f"{score.threshold:.2f} | {timing} | {score.events} | {simple} |"
        )
    return "\n".join(lines)


def _categories(report: Report) -> str:
    used = set(chain.from_iterable(report.categories.values()))
    names = [name for name in HEADS if name in used]
    lines = ["| category | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for category, values in report.categories.items():
        cells = (f"{values[name]:.3f}" if name in values else "" for name in names)
        lines.append(f"| {category} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
