"""Runs a preset's equations for a few seconds to a made-up beat, without drawing anything.

What a picture does follows from how zoom, decay, colours and the rest move, and text alone does not tell:
`zoom = 1 + q1` says nothing until q1 is known. Equations are cheap to run (some ten milliseconds a preset),
rendering is not.

Frames are 1/30 s. Two kicks a second, a middle band that wanders, and treble on every other eighth; all
levels come from whole numbers, so that two runs are the same. Mesh equations run on a few points only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import atan2, sqrt

import numpy as np
from numpy.typing import NDArray

from models.eel.machine import Machine, Run
from models.errors import CodeError
from models.features.defaults import PRESET, SHAPE, WAVE
from models.features.program import PartProgram, Program
from selector.draw import splitmix64

FRAMES, SETTLED, FPS = 75, 25, 30
KICK = 14
"""Frames from one kick to the next."""
MESH_EVERY = 5
"""Mesh equations run on every so many frames."""
_GRID = tuple((x, y) for y in (0.15, 0.5, 0.85) for x in (0.1, 0.37, 0.63, 0.9))
ASPECT = 9 / 16

FRAME_VARIABLES = (
    *("zoom", "zoomexp", "rot", "warp", "cx", "cy", "dx", "dy", "sx", "sy", "decay", "gamma", "echo_zoom"),
    *("echo_alpha", "wave_a", "wave_r", "wave_g", "wave_b", "wave_x", "wave_y", "wave_mystery"),
    *("ob_size", "ob_a", "ob_r", "ob_g", "ob_b", "ib_size", "ib_a", "ib_r", "ib_g", "ib_b", "mv_a"),
)
MESH_VARIABLES = ("zoom", "rot", "warp", "cx", "cy", "dx", "dy", "sx", "sy")
SHAPE_VARIABLES = ("x", "y", "rad", "ang", "a", "a2", "r", "g", "b", "r2", "g2", "b2", "border_a", "tex_zoom")
WAVE_VARIABLES = ("a", "r", "g", "b")
QS = tuple(f"q{number}" for number in range(1, 33))
_TS = tuple(f"t{number}" for number in range(1, 9))
EEL = ("init", "frame", "pixel")
"""Code of a `Program` that is run; points of waves are not, shaders cannot be."""


@dataclass
class Course:
    """What the equations did, from frame `SETTLED` on.

    Attributes:
        frame: f64[frames, variables] of `FRAME_VARIABLES`.
        q: f64[frames, 32].
        mesh: f64[times, points, variables] of `MESH_VARIABLES`; empty without mesh equations.
        shapes: f64[frames, variables] of `SHAPE_VARIABLES` for each shape that is on.
        copies: how many of each shape are drawn.
        waves: f64[frames, variables] of `WAVE_VARIABLES` for each wave that is on.
        broken: pieces of code that are not EEL, or that could not be run.
    """

    frame: NDArray[np.float64]
    q: NDArray[np.float64]
    mesh: NDArray[np.float64]
    shapes: list[NDArray[np.float64]] = field(default_factory=list)
    copies: list[float] = field(default_factory=list)
    waves: list[NDArray[np.float64]] = field(default_factory=list)
    broken: int = 0


class _Level:
    """What is heard in one frame."""

    def __init__(self) -> None:
        self._smooth = {"bass": 1.0, "mid": 1.0, "treb": 1.0}

    def at(self, frame: int) -> dict[str, float]:
        left = (KICK - frame % KICK) / KICK
        wander = ((splitmix64(7, frame // 4) >> 40) & 0xFFFF) / 65536.0
        now = {
            "bass": 0.5 + 1.5 * left * left,
            "mid": 0.7 + 0.6 * wander,
            "treb": 1.6 if frame % 7 < 2 else 0.8,
        }
        for name, level in now.items():
            self._smooth[name] += 0.25 * (level - self._smooth[name])
        heard = now | {f"{name}_att": level for name, level in self._smooth.items()}
        return heard | _surroundings(frame) | {"vol": sum(now.values()) / 3.0}


class _Pool:
    """A machine with its code; what is broken is counted and left out."""

    def __init__(self, code: Mapping[str, str], seed: int, shared: dict[int, float]) -> None:
        self.machine = Machine(seed, shared)
        self.broken = 0
        self._code = {name: self._compiled(text) for name, text in code.items() if name in EEL}

    def has(self, name: str) -> bool:
        return self._code.get(name) is not None

    def run(self, name: str) -> None:
        code = self._code.get(name)
        if code is None:
            return
        self.machine.refill()
        try:
            code()
        except (ArithmeticError, ValueError, RecursionError):
            self.broken = max(self.broken, 1)

    def _compiled(self, text: str) -> Run | None:
        try:
            return self.machine.compile(text)
        except (CodeError, RecursionError):
            self.broken += 1
            return None


class _Part:
    """A wave or a shape that is on."""

    def __init__(
        self, part: PartProgram, defaults: Mapping[str, float], seed: int, shared: dict[int, float]
    ) -> None:
        self._pool = _Pool(part.code, seed, shared)
        self._values = {**defaults, **part.values}
        self._ts: dict[str, float] = {}
        self._variables = SHAPE_VARIABLES if defaults is SHAPE else WAVE_VARIABLES
        self.rows: list[list[float]] = []

    @property
    def broken(self) -> int:
        return self._pool.broken

    def begin(self, q: Mapping[str, float]) -> None:
        machine = self._pool.machine
        machine.update(self._values.items())
        machine.update(q.items())
        self._pool.run("init")
        self._ts = {name: machine[name] for name in _TS}

    def step(self, frame: int, heard: Mapping[str, float], q: Mapping[str, float]) -> None:
        machine = self._pool.machine
        for values in (self._values, heard, q, self._ts):
            machine.update(values.items())
        self._pool.run("frame")
        if frame >= SETTLED:
            self.rows.append([machine[name] for name in self._variables])

    @property
    def copies(self) -> float:
        return min(max(self._values.get("num_inst", 1.0), 1.0), 1024.0)


def simulate(program: Program, seed: int = 1) -> Course:
    """Run `program` for `FRAMES` frames; chance is drawn by `seed`."""
    shared: dict[int, float] = {}
    values = {**PRESET, **program.values}
    values["gamma"] = values["gammaadj"]
    equations = {name: text for name, text in program.code.items() if name != "pixel"}
    main = _Pool(equations, seed, shared)
    mesh = _Pool({"pixel": program.code["pixel"]} if "pixel" in program.code else {}, seed + 1, shared)
    level, machine = _Level(), main.machine
    machine.update(values.items())
    machine.update(level.at(0).items())
    main.run("init")
    q_start = {name: machine[name] for name in QS}
    shapes = [_Part(part, SHAPE, seed + 10 + at, shared) for at, part in enumerate(program.shapes)]
    waves = [_Part(part, WAVE, seed + 50 + at, shared) for at, part in enumerate(program.waves)]
    for part in (*shapes, *waves):
        part.begin(q_start)

    frames, qs, meshes = [], [], []
    for frame in range(FRAMES):
        heard = level.at(frame)
        for known in (values, q_start, heard):
            machine.update(known.items())
        main.run("frame")
        q_now = {name: machine[name] for name in QS}
        if frame >= SETTLED:
            frames.append([machine[name] for name in FRAME_VARIABLES])
            qs.append(list(q_now.values()))
            if mesh.has("pixel") and frame % MESH_EVERY == 0:
                meshes.append(_mesh(mesh, machine, {**heard, **q_now}))
        for part in (*shapes, *waves):
            part.step(frame, heard, q_now)
    return Course(
        frame=_finite(frames),
        q=_finite(qs),
        mesh=_finite(meshes),
        shapes=[_finite(part.rows) for part in shapes],
        copies=[part.copies for part in shapes],
        waves=[_finite(part.rows) for part in waves],
        broken=main.broken + mesh.broken + sum(part.broken for part in (*shapes, *waves)),
    )


def _surroundings(frame: int) -> dict[str, float]:
    """What equations may read besides the sound."""
    return {
        "time": frame / FPS,
        "frame": float(frame),
        "fps": float(FPS),
        "progress": frame / (30.0 * FPS),
        "meshx": 32.0,
        "meshy": 24.0,
        "pixelsx": 128.0,
        "pixelsy": 72.0,
        "aspectx": 1.0,
        "aspecty": 1.0 / ASPECT,
    }


def _mesh(mesh: _Pool, frame: Machine, known: Mapping[str, float]) -> list[list[float]]:
    machine, rows = mesh.machine, []
    machine.update(known.items())
    start = [(name, frame[name]) for name in MESH_VARIABLES]
    for x, y in _GRID:
        machine.update(start)
        across, up = 2.0 * x - 1.0, (1.0 - 2.0 * y) * ASPECT
        machine.update(
            (("x", x), ("y", y), ("rad", sqrt(across * across + up * up)), ("ang", atan2(up, across)))
        )
        mesh.run("pixel")
        rows.append([machine[name] for name in MESH_VARIABLES])
    return rows


def _finite(rows: list) -> NDArray[np.float64]:
    """Within a million, for what a model is to see; equations may run away."""
    return np.clip(np.array(rows, dtype=np.float64), -1e6, 1e6)
