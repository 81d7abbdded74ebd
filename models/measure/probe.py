"""Measures one preset after another, in a browser that is watched, renewed, and replaced when it hangs."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from models.measure.chromium import BrowserGoneError, Chromium
from models.measure.metrics import measure, response
from models.measure.pages import FOLDER, Pages
from models.measure.png import png
from models.measure.stimuli import FPS, Stimulus, stimulus


@dataclass(frozen=True)
class Rig:
    """How presets are measured; all of it is in every result.

    Attributes:
        stimuli: names, the first of which judges.
        width, height: of the picture.
        frames: rendered, at 30 a second.
        settled: the first that counts.
        cpu_s: CPU time for one stimulus after which a preset has hung.
        recycle: presets after which the browser is renewed.
        url: of a page that speaks the rig protocol; empty for butterchurn.
    """

    stimuli: tuple[str, ...] = ("music",)
    width: int = 128
    height: int = 72
    frames: int = 75
    settled: int = 25
    cpu_s: float = 30.0
    recycle: int = 200
    url: str = ""

    @property
    def thumbs(self) -> list[int]:
        """Frames of which a picture is kept: four, the last among them."""
        span = self.frames - self.settled
        return [self.settled + span * k // 4 - 1 for k in range(1, 5)]

    def parameters(self) -> dict[str, Any]:
        """What results depend on."""
        made = [stimulus(name, self.frames) for name in self.stimuli]
        return {
            "width": self.width,
            "height": self.height,
            "frames": self.frames,
            "settled": self.settled,
            "fps": FPS,
            "cpuLimitSec": self.cpu_s,
            "stimuli": {one.name: {"sha256": one.sha256, "seed": one.seed} for one in made},
        }


@dataclass
class Probed:
    """What was seen of one preset.

    Attributes:
        fault: why it must not be shown, one of `verdict.HARD`; empty when nothing speaks against it.
        detail: the renderer's words about it.
        metrics: by stimulus.
        frames: sha256 of the pictures kept, by stimulus.
        response: how much the music changes the picture; None where that was not measured.
        thumbs: the pictures of the first stimulus, PNG.
        timing: what is not the same every time: milliseconds to the first frame, CPU seconds.
    """

    fault: str = ""
    detail: str = ""
    metrics: dict[str, dict[str, float]] = field(default_factory=dict)
    frames: dict[str, str] = field(default_factory=dict)
    response: float | None = None
    thumbs: list[bytes] = field(default_factory=list)
    timing: dict[str, float] = field(default_factory=dict)


class Probe:
    """One browser and what it needs, as a context manager.

    Args:
        rig: how to measure.
        files: what the rig's page loads, see `pages.rig_files`.
    """

    def __init__(self, rig: Rig, files: Mapping[str, bytes]) -> None:
        self._rig = rig
        self._pages = Pages(files)
        self._browser: Chromium | None = None
        self._used = 0
        self._stimuli = [stimulus(name, rig.frames) for name in rig.stimuli]

    def __enter__(self) -> Probe:
        self._pages.__enter__()
        return self

    def __exit__(self, *exit_: Any) -> None:
        if self._browser is not None:
            self._browser.close()
        self._pages.__exit__(*exit_)

    def describe(self) -> dict[str, str]:
        """Renderer and browser, as they call themselves."""
        browser = self._ready()
        said = browser.evaluate("aivjdRig.describe()", cpu_s=30.0)
        return {**{str(k): str(v) for k, v in said.items()}, "browser": browser.version}

    def see(self, text: str) -> Probed:
        """Measure the preset `text`; one that hangs or takes the browser down is tried a second time."""
        for last in (False, True):
            try:
                return self._try(text)
            except BrowserGoneError as error:
                self._drop()
                if last:
                    fault = "probe-timeout" if error.timed_out else "probe-error"
                    return Probed(fault, "" if error.timed_out else str(error)[:200])
        raise AssertionError

    def _try(self, text: str) -> Probed:
        seen = Probed()
        pictures: dict[str, Sequence[bytes]] = {}
        for number, one in enumerate(self._stimuli):
            browser = self._ready()
            began = browser.cpu_seconds()
            job = json.dumps(self._job(one))
            answer = browser.evaluate(f"aivjdMeasure({json.dumps(text)}, {job})", cpu_s=self._rig.cpu_s)
            seen.timing[f"cpuSec.{one.name}"] = round(browser.cpu_seconds() - began, 2)
            if answer["fault"]:
                seen.fault, seen.detail = answer["fault"], answer["detail"]
                if answer["fault"] != "render-failed":
                    return Probed(seen.fault, seen.detail, timing=seen.timing)
            kept = [base64.b64decode(picture) for picture in answer["thumbs"]]
            pictures[one.name] = kept
            seen.frames[one.name] = sha256(b"".join(kept)).hexdigest()
            seen.metrics[one.name] = measure(
                answer["series"],
                one.envelope,
                pixels=self._rig.width * self._rig.height,
                settled=self._rig.settled,
                fps=FPS,
            )
            if number == 0:
                seen.timing["firstFrameMs"] = float(answer["firstMs"])
                seen.thumbs = [png(picture, self._rig.width, self._rig.height) for picture in kept]
        seen.response = response(pictures)
        self._used += 1
        if self._used >= self._rig.recycle:
            self._drop()
        return seen

    def _job(self, one: Stimulus) -> dict[str, Any]:
        rig = self._rig
        return {
            "width": rig.width,
            "height": rig.height,
            "frames": rig.frames,
            "seconds": 1 / FPS,
            "thumbs": rig.thumbs,
            "seed": one.seed,
            "wave": base64.b64encode(one.wave).decode("ascii"),
        }

    def _ready(self) -> Chromium:
        if self._browser is None:
            self._browser = Chromium()
            self._browser.open(self._rig.url or f"{self._pages.url}rig.html", "window.aivjdRig")
            script = (FOLDER / "measure.js").read_text(encoding="utf-8")
            self._browser.evaluate(f"{script}\nundefined", cpu_s=30.0)
        return self._browser

    def _drop(self) -> None:
        if self._browser is not None:
            self._browser.close()
        self._browser, self._used = None, 0
