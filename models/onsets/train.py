"""Training of the onset network: a fixed number of steps from a seed, so a second run gives the same weights.

`aivjd models train-onsets` calls it. Thresholds are chosen on clips of the training split; the valid split
only judges.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from dsp.onset_network import OnsetWeights, parse
from models.onsets.card import card
from models.onsets.clips import Piece, features_version, prepare
from models.onsets.evaluate import Score, activations, mean, pick, score
from models.onsets.export import packed
from models.onsets.network import OnsetNet
from models.onsets.targets import Targets, targets_of

Float32 = NDArray[np.float32]

IMPORTANCE = (2.0, 1.0, 1.0, 1.0, 1.0)
"""Share of each probability in the loss, any onset first."""
AGE_IMPORTANCE = 0.3
WARM_UP_HOPS = 24
"""At the start of a window the network has heard nothing yet; so many hops do not count."""
STEEPEST = 1.0
MEMORY = 0.02
"""Share of the steps over which the exported weights are an average."""
CHOOSE_FROM = 80
"""Clips of the training split on which thresholds are chosen."""
THRESHOLDS = (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65)


class Recipe(msgspec.Struct, frozen=True):
    """All that the weights depend on besides the clips and the code."""

    steps: int
    seed: int = 1
    rows: int = 128
    hops: int = 256
    dense: int = 32
    hidden: int = 40
    rate: float = 6e-3
    decay: float = 1e-3


def batch(
    pieces: list[Piece], targets: list[Targets], recipe: Recipe, random: np.random.Generator
) -> tuple[torch.Tensor, ...]:
    """Features, values, weights and ages of windows drawn at random, [rows, hops, ...]."""
    rows: list[tuple[Float32, ...]] = []
    for _ in range(recipe.rows):
        index = int(random.integers(len(pieces)))
        piece, target = pieces[index], targets[index]
        start = int(random.integers(max(1, len(piece.features) - recipe.hops)))
        here = slice(start, start + recipe.hops)
        weights = target.weights[here].copy()
        weights[:WARM_UP_HOPS] = 0.0
        row = (piece.features[here].astype(np.float32), target.values[here], weights, target.age[here])
        rows.append(tuple(_filled(part, recipe.hops) for part in row))
    return tuple(torch.from_numpy(np.stack(column)) for column in zip(*rows, strict=True))


def _filled(part: Float32, hops: int) -> Float32:
    """A window cut short by the end of its clip is filled with zeros, which weigh nothing."""
    missing = hops - len(part)
    return np.pad(part, [(0, missing)] + [(0, 0)] * (part.ndim - 1)) if missing else part


def learn(pieces: list[Piece], recipe: Recipe, say: Callable[[str], None]) -> OnsetNet:
    """Train from the seed."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(recipe.seed)
    random = np.random.Generator(np.random.Philox(key=recipe.seed))
    targets = [targets_of(piece.truth, len(piece.features), piece.rate) for piece in pieces]
    network = OnsetNet(recipe.dense, recipe.hidden)
    average = {k: v.detach().clone() for k, v in network.state_dict().items()}
    optimizer = torch.optim.AdamW(network.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.rate, recipe.steps, pct_start=0.1)
    importance = torch.tensor(IMPORTANCE)
    for step in range(recipe.steps):
        features, values, weights, age = batch(pieces, targets, recipe, random)
        out = network(features)
        losses = functional.binary_cross_entropy_with_logits(out[..., :-1], values, reduction="none")
        loss = (losses * weights * importance).sum() / weights.sum()
        known = ~torch.isnan(age) & (weights[..., 0] > 0)
        loss = loss + AGE_IMPORTANCE * functional.smooth_l1_loss(out[..., -1][known], age[known], beta=0.2)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), STEEPEST)
        optimizer.step()
        schedule.step()
        share = 1.0 / min(step + 1, max(1.0, MEMORY * recipe.steps))
        with torch.no_grad():
            for name, value in network.state_dict().items():
                average[name] += share * (value - average[name])
        if step % 100 == 0:
            say(f"step {step}: loss {loss.item():.4f}")
    network.load_state_dict(average)
    return network


def choose(pieces: list[Piece], weights: OnsetWeights) -> list[float]:
    """Thresholds: first of the any-onset head for the F of all onsets, then of each class for its own."""
    outputs = [activations(piece, weights) for piece in pieces]

    def judge(thresholds: list[float]) -> Score:
        return mean(
            [
                score(piece.truth, pick(out, piece.rate, thresholds))
                for piece, out in zip(pieces, outputs, strict=True)
            ]
        )

    best = [0.5] * 5
    overall = {value: judge([value, *best[1:]]) for value in THRESHOLDS}
    best[0] = max(THRESHOLDS, key=lambda value: overall[value].wide + overall[value].narrow)
    together = {value: judge([best[0], *[value] * 4]) for value in THRESHOLDS}
    for kind in range(4):
        known = {value: got.classes[kind] for value, got in together.items() if got.classes[kind] > 0.0}
        if known:
            best[1 + kind] = max(known, key=lambda value: known[value])
    return best


def train(data: Path, valid: Path, out: Path, recipe: Recipe, say: Callable[[str], None]) -> Path:
    """Train, choose thresholds, export and judge.

    Args:
        data: folder of clips to learn from.
        valid: folder of clips to judge by.
        out: gets `onsets.bin` and `onsets-card.md`.
        recipe: what to do.
        say: told of progress, line by line.

    Returns:
        the weights file.

    Raises:
        ModelsError: a folder has no clips.
    """
    pieces, judges = prepare(data), prepare(valid)
    network = learn(pieces, recipe, say)
    layers = [(w.detach().numpy(), b.detach().numpy()) for w, b in network.layers()]
    version, fields = features_version(), msgspec.structs.asdict(recipe)
    rough = parse(packed(layers, [0.5] * 5, version, fields))
    stride = -(-len(pieces) // CHOOSE_FROM)
    thresholds = choose(pieces[::stride], rough)
    packed_weights = packed(layers, thresholds, version, fields)
    weights = parse(packed_weights)
    scores: dict[str, list[Score]] = {}
    for piece in judges:
        heard = pick(activations(piece, weights), piece.rate, thresholds)
        scores.setdefault(piece.truth.category, []).append(score(piece.truth, heard))
    out.mkdir(parents=True, exist_ok=True)
    path = out / "onsets.bin"
    path.write_bytes(packed_weights)
    text = card(weights, scores, len(pieces), len(judges))
    (out / "onsets-card.md").write_text(text, encoding="utf-8")
    return path
