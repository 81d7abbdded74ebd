"""Training: a fixed number of steps from a seed, so that a second run gives the same weights.

`aivjd models train-beats` calls it. Interrupted, it goes on from the last checkpoint in the output folder.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from dsp.network import HEADS, TEMPO_BINS, parse
from models.beatnet.batches import Batch, batch
from models.beatnet.card import card
from models.beatnet.dataset import Piece, features_version, prepare
from models.beatnet.evaluate import evaluate
from models.beatnet.export import packed
from models.beatnet.network import Beatnet
from models.beatnet.targets import PHASES
from models.errors import ModelsError
from models.music.clip import random_for

IMPORTANCE = (4.0, 2.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25)
"""Share of each of `HEADS` in the loss. Inside a head, frames with and without an event count alike, so that
outputs are the expected target: probabilities that a state space can use as they are."""
TEMPO_IMPORTANCE = 0.1
PHASE_IMPORTANCE = 0.4
PLACE_IMPORTANCE = 0.3
"""Enough to teach, too little to distract: their entropies are larger than those of the heads."""
WARM_UP = 0.1
"""Share of the steps in which the learning rate rises; it then falls as half a cosine."""
MEMORY = 0.02
"""Share of the steps over which the exported weights are an average."""
STEEPEST = 1.0
"""Norm above which a gradient is shortened."""
SAVE_EVERY = 200
THREADS = 2
"""Each takes its own part of a batch from end to end. Sharing out every small product of the recurrent layers
instead is slower, and many times so where another program takes a core now and then."""


class Recipe(msgspec.Struct, frozen=True):
    """All that the weights depend on besides the clips and the code.

    Attributes:
        steps: batches to learn from.
        seed: of the first weights and of every draw.
        rows: windows in a batch, even.
        frames: of a window that a step learns from; the gradient does not reach further back.
        chain: windows in a row, which follow one another in time and hand on the state of the network.
        dense: values after the dense layer.
        hidden: state of each recurrent layer.
        rate: highest learning rate.
        decay: of the weights (AdamW).
        dropout: share of each layer's outputs that a row has to do without through a whole window
            (Gal and Ghahramani 2016, "A Theoretically Grounded Application of Dropout in Recurrent Neural
            Networks"), so that clips are not learnt by heart.
    """

    steps: int
    seed: int = 1
    rows: int = 40
    frames: int = 1200
    chain: int = 2
    dense: int = 64
    hidden: int = 96
    rate: float = 3e-3
    decay: float = 1e-2
    dropout: float = 0.15


class Training:
    """The state of a training run.

    Args:
        recipe: what to do.
        device: `cpu` or `cuda`; both reproduce, but not each other.

    Attributes:
        step: steps taken.
        average: running average of the network's parameters, which is what is exported.
    """

    def __init__(self, recipe: Recipe, device: str) -> None:
        # Without this setting the matrix products of CUDA are not the same twice.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)
        torch.manual_seed(recipe.seed)
        self.recipe, self.device, self.step = recipe, device, 0
        self.network = Beatnet(recipe.dense, recipe.hidden).to(device)
        self.average = {k: v.detach().clone() for k, v in self.network.state_dict().items()}
        self._optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=recipe.rate, weight_decay=recipe.decay, betas=(0.9, 0.99)
        )
        empty = torch.zeros(2, recipe.rows // THREADS, recipe.hidden, device=device)
        self._states = [empty] * THREADS
        self._rows: list[tuple[int, Batch] | None] = [None] * THREADS
        self._threads = ThreadPoolExecutor(THREADS)

    def learn(self, pieces: list[Piece]) -> dict[str, float]:
        """Take one step.

        Args:
            pieces: to learn from.

        Returns:
            the loss and its parts by head, before the step.
        """
        for group in self._optimizer.param_groups:
            group["lr"] = self.recipe.rate * schedule(self.step / self.recipe.steps)
        shares = list(self._threads.map(lambda part: self._gradient(pieces, part), range(THREADS)))
        for parameter, *gradients in zip(self.network.parameters(), *(g for g, _, _ in shares), strict=True):
            parameter.grad = torch.stack(gradients).mean(0)
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), STEEPEST)
        self._optimizer.step()
        self._states = [state for _, state, _ in shares]
        self.step += 1
        share = 1.0 / min(self.step, max(1.0, MEMORY * self.recipe.steps))
        for name, value in self.network.state_dict().items():
            self.average[name].lerp_(value, share)
        return {name: sum(parts[name] for _, _, parts in shares) / THREADS for name in shares[0][2]}

    def _gradient(self, pieces: list[Piece], part: int) -> tuple[Sequence[Tensor], Tensor, dict[str, float]]:
        """Gradient, state afterwards and loss of one thread's part of the batch."""
        torch.set_num_threads(1)
        given = self._given(pieces, part)
        carried = torch.from_numpy(given.carried).to(self.device)
        features = torch.from_numpy(given.features).to(self.device)
        targets = [torch.from_numpy(array).to(self.device) for array in given.targets]
        logits, state = self.network(features, self._states[part] * carried[:, None], self._kept(part))
        total, parts = loss(logits, targets)
        return torch.autograd.grad(total, list(self.network.parameters())), state.detach(), parts

    def _given(self, pieces: list[Piece], part: int) -> Batch:
        """What one thread learns from in this step."""
        recipe = self.recipe
        link, index = divmod(self.step, recipe.chain)
        drawn = self._rows[part]
        if drawn is None or drawn[0] != link:
            random = random_for(recipe.seed, "batch", link, part)
            rows = batch(pieces, random, recipe.rows // THREADS, recipe.frames * recipe.chain)
            drawn = self._rows[part] = (link, rows)
        return drawn[1].part(index, recipe.frames)

    def _kept(self, part: int) -> list[Tensor]:
        """What one thread's rows keep of each layer's outputs in this step; see `Beatnet.forward`."""
        # Numpy's draws, since those of torch are shared by the threads: their order would be anybody's guess.
        random = random_for(self.recipe.seed, "dropout", self.step, part)
        rows, keep = self.recipe.rows // THREADS, 1.0 - self.recipe.dropout
        sizes = (self.recipe.dense, self.recipe.hidden, self.recipe.hidden)
        kept = [(random.random((rows, size)) < keep).astype(np.float32) / np.float32(keep) for size in sizes]
        return [torch.from_numpy(factors).to(self.device) for factors in kept]

    def save(self, path: Path) -> None:
        """Write a checkpoint, whole or not at all."""
        part = path.with_suffix(".part")
        state = {
            "recipe": msgspec.to_builtins(self.recipe),
            "step": self.step,
            "network": self.network.state_dict(),
            "average": self.average,
            "optimizer": self._optimizer.state_dict(),
            "states": self._states,
        }
        torch.save(state, part)
        part.replace(path)

    def resume(self, path: Path) -> None:
        """Go on from a checkpoint.

        Raises:
            ModelsError: it is of another recipe.
        """
        state = torch.load(path, map_location=self.device, weights_only=True)
        if state["recipe"] != msgspec.to_builtins(self.recipe):
            raise ModelsError("a checkpoint of another recipe", where=str(path), fix="choose another --out")
        self.step = state["step"]
        self.network.load_state_dict(state["network"])
        self.average = state["average"]
        self._optimizer.load_state_dict(state["optimizer"])
        self._states = state["states"]

    def exported(self, version: str) -> bytes:
        """The averaged network as a weights file."""
        network = Beatnet(self.recipe.dense, self.recipe.hidden)
        network.load_state_dict(self.average)
        layers = [
            (weight.detach().cpu().numpy(), bias.detach().cpu().numpy())
            for weight, bias in network.matrices()
        ]
        recipe = msgspec.to_builtins(self.recipe) | {"device": self.device, "torch": str(torch.__version__)}
        return packed(layers, version, recipe)


def schedule(done: float) -> float:
    """Learning rate as a share of the highest, after `done` (0..1) of all steps."""
    if done < WARM_UP:
        return 0.05 + 0.95 * done / WARM_UP
    return 0.5 * (1.0 + float(np.cos(np.pi * (done - WARM_UP) / (1.0 - WARM_UP)))) + 1e-3


def loss(logits: Tensor, targets: list[Tensor]) -> tuple[Tensor, dict[str, float]]:
    """Cross entropies of all heads.

    Args:
        logits: float32[frames, rows, len(HEADS) + TEMPO_BINS + PHASES + PLACES].
        targets: as in `Targets`.

    Returns:
        their weighted sum, and the mean of each in nats a frame.
    """
    values, weights, *choices = targets
    count, places = len(HEADS), len(HEADS) + TEMPO_BINS + PHASES
    entropy = functional.binary_cross_entropy_with_logits(logits[..., :count], values, reduction="none")
    heads = (entropy * weights).sum((0, 1)) / (weights.sum((0, 1)) + 1.0)
    tempo = _choice(logits[..., count : count + TEMPO_BINS], *choices[:2])
    phase = _choice(logits[..., count + TEMPO_BINS : places], *choices[2:4])
    place = _choice(logits[..., places:], *choices[4:])
    total = (heads * torch.tensor(IMPORTANCE, device=heads.device)).sum()
    total = total + TEMPO_IMPORTANCE * tempo + PHASE_IMPORTANCE * phase + PLACE_IMPORTANCE * place
    parts = dict(zip(HEADS, heads.tolist(), strict=True))
    rest = {"tempo": tempo.item(), "phase": phase.item(), "place": place.item()}
    return total, {"loss": total.item(), **parts, **rest}


def _choice(logits: Tensor, shares: Tensor, weights: Tensor) -> Tensor:
    """Cross entropy of one of several, nats a frame that counts."""
    misses = -(shares * functional.log_softmax(logits, dim=-1)).sum(-1)
    return (misses * weights).sum() / (weights.sum() + 1.0)


def train(
    data: Path, valid: Path, out: Path, recipe: Recipe, say: Callable[[str], None], device: str = "cpu"
) -> Path:
    """Train, export and judge.

    Args:
        data: folder of clips to learn from.
        valid: folder of clips to judge by.
        out: gets `beatnet.bin`, `card.md`, `train.jsonl` and the checkpoint.
        recipe: what to do.
        say: told of progress, line by line.
        device: `cpu` or `cuda`.

    Returns:
        the weights file.
    """
    out.mkdir(parents=True, exist_ok=True)
    pieces = prepare(data, _every(say, "features of the training clips"))
    judges = prepare(valid, _every(say, "features of the validation clips"))
    training = Training(recipe, device)
    checkpoint = out / "checkpoint.pt"
    if checkpoint.exists():
        training.resume(checkpoint)
    began, first = time.perf_counter(), training.step
    with (out / "train.jsonl").open("ab") as log:
        while training.step < recipe.steps:
            parts = training.learn(pieces)
            log.write(msgspec.json.encode({"step": training.step, **parts}) + b"\n")
            if training.step % 50 == 0 or training.step == recipe.steps:
                pace = (time.perf_counter() - began) / (training.step - first)
                left = pace * (recipe.steps - training.step) / 60.0
                say(f"step {training.step}/{recipe.steps}: loss {parts['loss']:.4f}, {left:.1f} minutes left")
            if training.step % SAVE_EVERY == 0 or training.step == recipe.steps:
                log.flush()
                training.save(checkpoint)
    path = out / "beatnet.bin"
    path.write_bytes(training.exported(features_version()))
    weights = parse(path.read_bytes(), where=str(path))
    say("judging by the validation clips")
    report = evaluate(weights, judges)
    (out / "card.md").write_text(card(weights, pieces, judges, report), encoding="utf-8")
    (out / "valid.json").write_bytes(msgspec.json.format(msgspec.json.encode(report)))
    return path


def _every(say: Callable[[str], None], what: str) -> Callable[[int, int], None]:
    def progress(done: int, total: int) -> None:
        if done % 200 == 0 or done == total:
            say(f"{what}: {done}/{total}")

    return progress
