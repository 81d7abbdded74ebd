"""The trained onset network of this version, as constant data; the package says why it is read at import."""

from __future__ import annotations

from importlib.resources import files

from dsp.errors import WeightsError
from dsp.onset_network import REPAIR, OnsetWeights, parse

FILE = "onsets.bin"


def _packaged() -> OnsetWeights:
    try:
        data = files("dsp.weights").joinpath(FILE).read_bytes()
    except OSError as error:
        raise WeightsError(f"cannot be read ({error})", where=f"dsp/weights/{FILE}", fix=REPAIR) from error
    return parse(data, where=f"dsp/weights/{FILE}")


ONSETS = _packaged()
"""See `onsets-card.md` beside the file for what it was trained on and how well it does."""
