"""The card beside the weights: what they were trained on and how well they do."""

from __future__ import annotations

from dsp.onset_network import CLASSES, OnsetWeights
from models.onsets.evaluate import Score, mean


def card(weights: OnsetWeights, scores: dict[str, list[Score]], clips: int, judged: int) -> str:
    """Text of `onsets-card.md`.

    Args:
        weights: as exported.
        scores: of the clips of the valid split, by category.
        clips: number of clips learned from.
        judged: number of clips of the valid split.
    """
    header = weights.header
    recipe = ", ".join(f"{name} {value}" for name, value in header.recipe.items())
    steps, seed = header.recipe["steps"], header.recipe["seed"]
    limits = ", ".join(f"{n} {v}" for n, v in zip(("any", *CLASSES), header.thresholds, strict=True))
    rows = [_row("all", [score for group in scores.values() for score in group])]
    rows += [_row(name, group) for name, group in sorted(scores.items())]
    return "\n".join(
        [
            "# Card of `onsets.bin`",
            "",
            "Hears kicks, claps (with snares and rims), hi-hats (with cymbals) and other quick onsets.",
            f"Learned from {clips} clips of made music (`aivjd models make-music`, train split), judged on",
            f"{judged} clips of the valid split: other patterns, kits and sound fonts.",
            "",
            "- data: `aivjd models make-music TRAIN --hours 3` and"
            " `aivjd models make-music VALID --hours 0.5 --split valid`",
            "- command: `aivjd models train-onsets --data TRAIN --valid VALID --out dsp/weights"
            f" --steps {steps} --seed {seed}`",
            f"- recipe: {recipe}",
            f"- thresholds: {limits}",
            f"- features: version {header.features_version}",
            f"- sha256: `{weights.sha256}`",
            "",
            "F within 50 and 25 ms at the time announced; medians of lag and of the claimed time's error,",
            "ms; onsets a minute where there are none; F of each class within 50 ms.",
            "",
            "| clips | n | F50 | F25 | lag | error | false | " + " | ".join(CLASSES) + " |",
            "|---|" + "---|" * (6 + len(CLASSES)),
            *rows,
            "",
        ]
    )


def _row(name: str, group: list[Score]) -> str:
    total = mean(group)
    numbers = [f"{value:.3f}" for value in (total.wide, total.narrow)]
    numbers += [f"{value:.1f}" for value in (total.lag, total.error, total.false)]
    numbers += [f"{value:.3f}" for value in total.classes]
    return f"| {name} | {len(group)} | {' | '.join(numbers).replace('nan', '-')} |"
