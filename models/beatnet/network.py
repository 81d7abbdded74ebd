"""The network as torch trains it; `dsp/kernels/network.py` runs the same live."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from dsp.frames import FEATURES
from dsp.network import HEADS, TEMPO_BINS
from models.beatnet.targets import PHASES, PLACES

RARE = {"beat": 0.05, "downbeat": 0.015, "onset": 0.1, "kick": 0.05, "clap": 0.03, "hihat": 0.05}
"""About how much of a clip each instant's target fills: where its bias starts."""


class Beatnet(nn.Module):
    """Dense layer, two gated recurrent layers, heads that see both layers' states.

    `lessons` are further heads that serve training alone and are not exported.

    Args:
        dense: values after the dense layer.
        hidden: state of each recurrent layer.
    """

    def __init__(self, dense: int, hidden: int) -> None:
        super().__init__()
        self.hidden = hidden
        self.dense = nn.Linear(FEATURES, dense)
        self.first = nn.GRU(dense, hidden)
        self.second = nn.GRU(hidden, hidden)
        self.heads = nn.Linear(2 * hidden, len(HEADS) + TEMPO_BINS)
        self.lessons = nn.Linear(2 * hidden, PHASES + PLACES)
        for layer in (self.first, self.second):
            around = layer.get_parameter("weight_hh_l0").detach()
            for gate in range(0, 3 * hidden, hidden):
                nn.init.orthogonal_(around[gate : gate + hidden])
            # The update gate starts by keeping most of the state: beats lie 30 to 100 frames apart.
            layer.get_parameter("bias_ih_l0").detach()[hidden : 2 * hidden] = 1.0
        bias = self.heads.bias.detach()
        for head, name in enumerate(HEADS):
            share = RARE.get(name, 0.3)
            bias[head] = torch.logit(torch.tensor(share))

    def forward(
        self, features: Tensor, state: Tensor, kept: list[Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        """Hear a stretch of frames.

        Args:
            features: float32[frames, batch, FEATURES].
            state: float32[2, batch, hidden], from the stretch before, or zeros.
            kept: in training, factors for the outputs of the dense layer, the first and the second recurrent
                layer, float32[batch, outputs] each.

        Returns:
            logits float32[frames, batch, len(HEADS) + TEMPO_BINS + PHASES + PLACES], and the state after it.
        """
        inner = torch.tanh(self.dense(features))
        lower, first = self.first(inner if kept is None else inner * kept[0], state[:1])
        lower = lower if kept is None else lower * kept[1]
        upper, second = self.second(lower, state[1:])
        upper = upper if kept is None else upper * kept[2]
        both = torch.cat((lower, upper), dim=-1)
        return torch.cat((self.heads(both), self.lessons(both)), dim=-1), torch.cat((first, second))

    def matrices(self) -> list[tuple[Tensor, Tensor]]:
        """Weights float32[outputs, inputs] and biases of each of `dsp.network.LAYERS`."""
        around = [
            (layer.get_parameter(f"weight_{part}_l0"), layer.get_parameter(f"bias_{part}_l0"))
            for layer in (self.first, self.second)
            for part in ("ih", "hh")
        ]
        return [(self.dense.weight, self.dense.bias), *around, (self.heads.weight, self.heads.bias)]
