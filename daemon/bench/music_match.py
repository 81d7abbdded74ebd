"""`aivjd bench music-match`: does what is picked follow the music, and does it less by chance?

Audio is analysed once, files of one rate as one long set; many deciders, each with another seed, half of them
`weighted` and half `random`, hear it hop by hop. Told are Spearman's correlation of the intensity with the
strength of the pair picked, at the moment it came on screen and at the one when it was chosen, the same with
what the sound is in that one hop, and how far apart the seeds are in what they show at the same time.
Intervals are 95 % by resampling minutes of the audio.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from daemon.audio_file import AudioFile, rechunk
from daemon.bench.scatter import Cloud, scatter
from daemon.config import Config, load
from daemon.demo_track import render
from daemon.packs import load as load_packs
from daemon.packs import places
from daemon.rank_correlation import spearman
from dsp.analyzer import Analyzer
from dsp.events import DspEvent
from dsp.snapshot import ExpressiveAudioSnapshot
from selector.catalog import Catalog
from selector.events import Activate, OutcomeLogged, PickLogged
from selector.fixedpoint import MICRO
from selector.intensity import Intensity, sound01
from selector.selector import Selector
from selector.settings import Mode

MODES: tuple[Mode, Mode] = ("weighted", "random")
GOAL = 0.6
DEMO_RATE = 48_000
RESAMPLED = 1000

F64 = NDArray[np.float64]


class Pick(NamedTuple):
    """One that came on screen: the minute, intensities when chosen and when shown, and its strength rank.

    `hop` is what the sound of the one hop comes to in which it was shown.
    """

    minute: int
    chosen: float
    shown: float
    hop: float
    strength: float


class Listener:
    """A decider of one mode and seed, and what came of it.

    Attributes:
        picks: that came on screen and know a strength.
        trace: strength on screen, each second.
        skipped: how many were prepared and taken back.
    """

    def __init__(self, config: Config, catalog: Catalog, mode: Mode, seed: int) -> None:
        self.mode = mode
        self._catalog, self._seed = catalog, seed
        select = replace(config.selector.select, mode=mode)
        self._settings = replace(config.selector, select=select)
        self._minute = 0
        self.picks: list[Pick] = []
        self.trace: list[float] = []
        self.skipped = 0

    def begin(self, rate: int, minute: int) -> None:
        """A set begins: at this rate, after so many minutes of others."""
        self._rate, self._minute, self._seconds = rate, minute, 0
        self._selector = Selector(
            self._settings, self._catalog, seed=self._seed, rate=rate, config_sha="0" * 64
        )
        self._waiting: dict[int, tuple[float, float]] = {}
        self._coming: list[tuple[int, int]] = []
        self._strength = float("nan")

    def hear(
        self, snapshot: ExpressiveAudioSnapshot, events: Sequence[DspEvent], intensity: float, hop: float
    ) -> None:
        """One hop; `intensity` of the sound, and of this hop alone, 0 to 1."""
        for said in self._selector.step(snapshot, events):
            if isinstance(said, PickLogged):
                record = said.record
                table = self._catalog.packs[record["pack"]].table(record["kind"])
                strength = int(table.strength[record["index"]]) / MICRO
                self._waiting[record["seq"]] = (record["intensity01"], strength)
            elif isinstance(said, Activate):
                self._coming.append((said.sample, said.seq))
            elif isinstance(said, OutcomeLogged) and said.record["outcome"] == "skipped":
                self.skipped += 1
        while self._coming and self._coming[0][0] <= snapshot.t_samples:
            sample, seq = self._coming.pop(0)
            chosen, self._strength = self._waiting.pop(seq)
            if snapshot.audio_valid:
                minute = self._minute + sample // (60 * self._rate)
                self.picks.append(Pick(minute, chosen, intensity, hop, self._strength))
        if snapshot.t_samples >= (self._seconds + 1) * self._rate:
            self._seconds += 1
            self.trace.append(self._strength)


def main(args: argparse.Namespace) -> int:
    """Print what came out; exit code 1 where `weighted` misses the goal or `random` does not miss it."""
    config = load(Path(args.config)) if args.config else Config()
    base = Path(args.config).parent if args.config else Path()
    catalog = load_packs(places(args.pack or config.packs.dirs, base)).catalog
    sound = [*_files(args.audio)]
    result, listeners = measure(config, catalog, sound, args.seeds)
    if args.plot:
        Path(args.plot).write_text(_plot(listeners), encoding="utf-8")
    good = result["weighted"]["shown"][0] >= GOAL
    good = good and result["random"]["shown"][1] <= 0.0 <= result["random"]["shown"][2]
    print(json.dumps({**result, "withinGoal": good}, indent=1) if args.json else _words(result))
    return 0 if good else 1


def measure(
    config: Config, catalog: Catalog, sound: Sequence[AudioFile], seeds: int
) -> tuple[dict[str, dict[str, list[float]]], list[Listener]]:
    """Numbers by mode, each with its interval, and the deciders that they are of."""
    listeners = [Listener(config, catalog, mode, seed) for mode in MODES for seed in range(1, seeds + 1)]
    minute = 0
    for rate in sorted({audio.rate for audio in sound} or {DEMO_RATE}):
        analyzer, follower = Analyzer(config.dsp, rate), Intensity(config.selector.select, rate)
        for listener in listeners:
            listener.begin(rate, minute)
        for block in rechunk(_blocks([audio for audio in sound if audio.rate == rate], rate), analyzer.hop):
            if len(block) < analyzer.hop:
                break
            heard = analyzer.step(block)
            follower.hear(heard.snapshot)
            intensity = follower.micro(0.0, "follow", heard.snapshot) / MICRO
            hop = sound01(heard.snapshot, config.selector.select)
            for listener in listeners:
                listener.hear(heard.snapshot, heard.events, intensity, hop)
        minute += analyzer.position // (60 * rate) + 1
    result = {}
    for mode in MODES:
        mine = [listener for listener in listeners if listener.mode == mode]
        result[mode] = {
            "picks": [float(len(listener.picks)) for listener in mine],
            "skipped": [float(listener.skipped) for listener in mine],
            "shown": _interval(mine, lambda picks: _mean_rho(picks, 2)),
            "chosen": _interval(mine, lambda picks: _mean_rho(picks, 1)),
            "hop": _interval(mine, lambda picks: _mean_rho(picks, 3)),
            "spread": _spread(mine),
        }
    return result, listeners


def _mean_rho(picks: Sequence[F64], column: int) -> float:
    """The mean over the seeds."""
    found = [spearman(of[:, column], of[:, 4]) for of in picks if len(of) > 2]
    return float(np.mean([np.nan if rho is None else rho for rho in found]))


def _interval(listeners: Sequence[Listener], number: Callable[[Sequence[F64]], float]) -> list[float]:
    """A number of all picks, and where 95 % of it lie when minutes are drawn with replacement."""
    picks = [np.array(listener.picks, dtype=np.float64).reshape(-1, 5) for listener in listeners]
    minutes = int(max(of[:, 0].max(initial=0) for of in picks)) + 1
    by_minute = [[of[of[:, 0] == minute] for minute in range(minutes)] for of in picks]
    generator = np.random.default_rng(1)
    found = []
    for _ in range(RESAMPLED):
        drawn = generator.integers(minutes, size=minutes)
        found.append(number([np.concatenate([of[m] for m in drawn]) for of in by_minute]))
    low, high = np.nanquantile(found, (0.025, 0.975))
    return [round(value, 4) for value in (number(picks), float(low), float(high))]


def _spread(listeners: Sequence[Listener]) -> list[float]:
    """Standard deviation over the seeds of the strength on screen, mean over time, with its interval."""
    traces = np.array([listener.trace for listener in listeners])
    apart = traces[:, ~np.isnan(traces).any(axis=0)].std(axis=0)
    if not len(apart):
        return [float("nan")] * 3
    length = max(1, min(60, len(apart) // 4))
    minutes = [apart[k : k + length] for k in range(0, len(apart), length)]
    generator = np.random.default_rng(1)
    means = [
        float(
            np.concatenate([minutes[m] for m in generator.integers(len(minutes), size=len(minutes))]).mean()
        )
        for _ in range(RESAMPLED)
    ]
    low, high = np.quantile(means, (0.025, 0.975))
    return [round(float(value), 4) for value in (apart.mean(), low, high)]


def _files(names: Sequence[str]) -> Iterator[AudioFile]:
    """Audio files, and those of folders, sorted."""
    for name in names:
        path = Path(name)
        for file in sorted(path.glob("*.flac")) if path.is_dir() else [path]:
            yield AudioFile(file)


def _blocks(sound: Sequence[AudioFile], rate: int) -> Iterator[NDArray[np.int32]]:
    """All of it; the demo track where none is given."""
    if not sound:
        yield render(rate).astype(np.int32) << 8
    for audio in sound:
        yield from audio.blocks()


def _words(result: dict[str, dict[str, list[float]]]) -> str:
    lines = [
        f"{'':<10}{'picks a seed':>13}{'taken back':>12}{'correlation when shown':>26}{'when chosen':>26}"
    ]
    lines[0] += f"{'spread over seeds':>26}"
    for mode in MODES:
        row = result[mode]
        lines.append(
            f"{mode:<10}{np.mean(row['picks']):>13.1f}{np.mean(row['skipped']):>12.1f}"
            + "".join(
                f"{a:>10.3f} [{b:.3f}, {c:.3f}]" for a, b, c in (row["shown"], row["chosen"], row["spread"])
            )
        )
    return "\n".join([*lines, f"goal: {GOAL} when shown for weighted; 0 within the interval for random"])


def _plot(listeners: Sequence[Listener]) -> str:
    clouds = []
    for mode in MODES:
        picks = [pick for listener in listeners if listener.mode == mode for pick in listener.picks]
        clouds.append(Cloud(mode, [(pick.shown, pick.strength) for pick in picks]))
    return scatter(clouds, across="intensity when shown", up="strength rank of the pick")
