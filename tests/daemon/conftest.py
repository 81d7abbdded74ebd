"""A snapshot with a distinct value in every field a desk gets."""

import pytest

from dsp.snapshot import ExpressiveAudioSnapshot

TYPES = {"int": 0, "float": 0.0, "bool": False}


@pytest.fixture
def snapshot() -> ExpressiveAudioSnapshot:
    """Everything at rest but what the tests look at."""
    fields = {name: TYPES.get(str(kind)) for name, kind in ExpressiveAudioSnapshot.__annotations__.items()}
    return ExpressiveAudioSnapshot(
        **fields
        | {
            "audio_state": "live",
            "beat_source": "audio",
            "section": "groove",
            "energy01": 0.5,
            "bass01": 0.25,
            "tempo_bpm": 128.0,
            "beat_phase01": 0.75,
            "beat_trusted": True,
        }
    )
