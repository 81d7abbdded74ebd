"""The onset network in torch; `dsp/kernels/onset_network.py` is the same in the live path."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from dsp.onset_features import FEATURES
from dsp.onset_network import OUTPUTS


class OnsetNet(nn.Module):
    """Dense layer (tanh), gated recurrent layer, linear heads: logits of the probabilities, then the age.

    Args:
        dense: values after the dense layer.
        hidden: state of the recurrent layer.
    """

    def __init__(self, dense: int, hidden: int) -> None:
        super().__init__()
        self.dense = nn.Linear(FEATURES, dense)
        self.recurrent = nn.GRU(dense, hidden, batch_first=True)
        self.heads = nn.Linear(hidden, OUTPUTS)

    def forward(self, features: Tensor) -> Tensor:
        """float32[rows, hops, FEATURES] to float32[rows, hops, OUTPUTS], from an empty memory."""
        states, _ = self.recurrent(torch.tanh(self.dense(features)))
        return self.heads(states)  # type: ignore[no-any-return]

    def layers(self) -> list[tuple[Tensor, Tensor]]:
        """Weights [outputs, inputs] and bias of each of `dsp.onset_network.LAYERS`."""
        gru = dict(self.recurrent.named_parameters())
        return [
            (self.dense.weight, self.dense.bias),
            (gru["weight_ih_l0"], gru["bias_ih_l0"]),
            (gru["weight_hh_l0"], gru["bias_hh_l0"]),
            (self.heads.weight, self.heads.bias),
        ]
