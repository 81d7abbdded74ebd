"""`aivjd analyze`: the events of an audio file as plain records, each with the time it was known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from daemon.audio_file import AudioFile, rechunk
from daemon.hearing import analyzer_of
from dsp.events import Beat, DspEvent, Onset, SectionChange, StateChange, Tempo
from dsp.settings import DspSettings

SAME_HIT_S = 0.03


def lines(audio: AudioFile, settings: DspSettings, block: int) -> Iterator[dict[str, Any]]:
    """One record an event; `time` is the audio time claimed, `emitted_at` the audio consumed by then (s)."""
    analyzer = analyzer_of(settings, audio.rate)
    last_onset = -audio.rate
    for samples in rechunk(audio.blocks(), block):
        for hop in analyzer.feed(samples):
            for event in hop.events:
                if isinstance(event, Onset):
                    # One hit sounds in several bands: here it counts once.
                    if event.sample - last_onset <= SAME_HIT_S * audio.rate:
                        continue
                    last_onset = event.sample
                yield from _records(event, audio.rate)


def _records(event: DspEvent, rate: int) -> Iterator[dict[str, Any]]:
    def record(type_: str, **more: Any) -> dict[str, Any]:
        return {
            "type": type_,
            "time": round(event.sample / rate, 6),
            "emitted_at": round(event.emitted / rate, 6),
            **more,
        }

    match event:
        case Beat():
            yield record("beat", trusted=event.trusted)
            if event.downbeat:
                yield record("downbeat", trusted=event.trusted)
        case Onset():
            yield record("onset", kind=event.kind, strength=event.strength01)
        case Tempo():
            yield record("tempo", bpm=event.bpm, confidence=event.confidence01)
        case SectionChange():
            yield record("section", name=event.section, previous=event.previous)
        case StateChange():
            yield record(
                "state",
                audio=event.audio_state,
                audio_valid=event.audio_valid,
                beat_trusted=event.beat_trusted,
                bar_trusted=event.bar_trusted,
            )
