"""Styles of club music: tempo, feel, and the rhythms that belong to them.

Drum templates are bars of sixteenths (16 steps) or triplets (12), or several such bars in one line; see
`rhythm`. `basses` and `stabs` name templates or `walk`, `euclid`.
"""

from __future__ import annotations

import msgspec

from models.music.club.templates import (
    BACKBEATS,
    CLAVES,
    EVEN_BASS,
    EVEN_HATS,
    FOUR,
    FOUR_KICKS,
    OFF_BASS,
    OFF_HATS,
    STABS,
    TRESILLO,
    TRIPLET_HATS,
)


class Style(msgspec.Struct, frozen=True, kw_only=True):
    """What pieces of one style have in common.

    Attributes:
        name: of the style.
        bpm: range of the tempo that a listener taps.
        kicks, snares, hats: drum templates.
        basses, stabs: templates of the pitched parts.
        steps: steps a beat of the drum templates.
        swing: range of the ratio of the first note of a pair (0.5 straight).
        pairs: beats that such a pair may last.
        bar: beats a bar.
        drop, ghost: how far patterns are mutated.
        loud_offbeat: chance that parts off the beat are mixed louder than those on it.
    """

    name: str
    bpm: tuple[float, float]
    kicks: tuple[str, ...]
    snares: tuple[str, ...] = BACKBEATS
    hats: tuple[str, ...] = (*OFF_HATS, *EVEN_HATS)
    basses: tuple[str, ...] = ("walk", "euclid", *OFF_BASS, *EVEN_BASS, *TRESILLO)
    stabs: tuple[str, ...] = ("walk", "euclid", *STABS)
    steps: int = 4
    swing: tuple[float, float] = (0.5, 0.5)
    pairs: tuple[float, ...] = (0.5,)
    bar: int = 4
    drop: float = 0.04
    ghost: float = 0.03
    loud_offbeat: float = 0.2


STYLES: dict[str, tuple[Style, ...]] = {
    "four_floor": (
        Style(name="house", bpm=(116, 130), kicks=FOUR_KICKS, swing=(0.5, 0.56)),
        Style(name="slow_house", bpm=(88, 112), kicks=FOUR_KICKS, swing=(0.5, 0.58)),
        Style(
            name="techno",
            bpm=(125, 150),
            kicks=FOUR_KICKS,
            snares=("................", *BACKBEATS),
            ghost=0.05,
        ),
        Style(
            name="trance",
            bpm=(130, 146),
            kicks=(FOUR,),
            hats=OFF_HATS,
            basses=(".xxx.xxx.xxx.xxx", *OFF_BASS),
        ),
        Style(
            name="minimal",
            bpm=(118, 130),
            kicks=FOUR_KICKS,
            snares=("................", "....x.......x...", "....o.......x..?"),
            ghost=0.08,
        ),
        Style(
            name="hard",
            bpm=(145, 178),
            kicks=(FOUR,),
            snares=("................", *BACKBEATS),
            hats=OFF_HATS,
            basses=("..x...x...x...x.", *OFF_BASS),
        ),
        Style(
            name="electro_house",
            bpm=(122, 132),
            kicks=FOUR_KICKS,
            stabs=("euclid", *STABS),
            loud_offbeat=0.5,
        ),
    ),
    "swing": (
        Style(
            name="shuffle_house",
            bpm=(112, 136),
            kicks=FOUR_KICKS,
            hats=EVEN_HATS,
            swing=(0.56, 0.68),
            ghost=0.1,
        ),
        Style(
            name="eighth_shuffle",
            bpm=(92, 150),
            kicks=("X.......X.......", "X...X...X...X...", "X.....x.X.......", "X.....x.X.x...x."),
            hats=("x.x.x.x.x.x.x.x.", "x...x.x.x...x.x.", "X.x.X.x.X.x.X.x."),
            basses=("x.x.x.x.x.x.x.x.", "x...x.x.x...x.x.", "x...x...x...x...", "x.....x.x.....x."),
            swing=(0.6, 0.7),
            pairs=(1.0,),
        ),
        Style(
            name="swung_hiphop",
            bpm=(80, 108),
            kicks=("X.......X.x.....", "X..x......x.....", "X......xx.......", "X.x.......x..x.."),
            hats=EVEN_HATS,
            swing=(0.56, 0.7),
            ghost=0.08,
        ),
        Style(
            name="triplet_techno",
            bpm=(118, 145),
            kicks=("X..X..X..X..",),
            snares=("...X.....X..", "............", "...x.....x.o"),
            hats=TRIPLET_HATS,
            basses=("x.xx.xx.xx.x", ".xx.xx.xx.xx", "x..x..x..x..", "..x..x..x..x"),
            stabs=("x..x..x..x..", "..x.....x...", "x.x..x.x..x.", ".x..x..x..x."),
            steps=3,
        ),
        Style(
            name="triplet_shuffle",
            bpm=(80, 140),
            kicks=("X.....X.....", "X.....X..x..", "X....xX.....", "X..x..X....x"),
            snares=("...X.....X..", "...X.....X.o", "...X....oX.."),
            hats=TRIPLET_HATS,
            basses=("x.xx.xx.xx.x", "x..x..x..x..", "x....xx....x", "x.....x..x.x"),
            stabs=("..x..x..x..x", "x.....x.....", "..x.....x..."),
            steps=3,
        ),
        Style(
            name="swing_garage",
            bpm=(126, 138),
            kicks=("X.........x.....", "X.....x...x.....", "X...X...X...X...", "X..x......x....."),
            hats=EVEN_HATS,
            swing=(0.58, 0.68),
            ghost=0.1,
            loud_offbeat=0.4,
        ),
    ),
    "syncopated": (
        Style(
            name="two_step",
            bpm=(126, 140),
            kicks=("X.........x.....", "X.....x...x.....", "X..x......x.....", "X.........x..x.."),
            snares=("....X.......X...", "....X.......X..o", "....X..o....X.o."),
            hats=(*OFF_HATS, "x.xx..x.x.xx..x."),
            swing=(0.5, 0.62),
            ghost=0.08,
            loud_offbeat=0.4,
        ),
        Style(
            name="dembow",
            bpm=(86, 106),
            kicks=("X...X...X...X...", "X.......X.......", "X...x...X...x..."),
            snares=("...x..x....x..x.", "...X..x....X..x.", "...x..X....x..X."),
            basses=TRESILLO,
            loud_offbeat=0.4,
        ),
        Style(
            name="offbeat_house",
            bpm=(104, 136),
            kicks=FOUR_KICKS,
            hats=OFF_HATS,
            basses=OFF_BASS,
            loud_offbeat=0.9,
        ),
        Style(
            name="tresillo_house",
            bpm=(100, 136),
            kicks=FOUR_KICKS,
            hats=OFF_HATS,
            basses=TRESILLO,
            stabs=TRESILLO,
            loud_offbeat=0.7,
        ),
        Style(
            name="afro",
            bpm=(98, 126),
            kicks=("X...X...X...X...", "X.....x...x.....", "X.......X..x....", "X..x....X..x...."),
            snares=CLAVES,
            basses=TRESILLO,
            swing=(0.5, 0.58),
            ghost=0.12,
            loud_offbeat=0.5,
        ),
        Style(
            name="funky",
            bpm=(118, 134),
            kicks=("X..x..x.X..x..x.", "X..x..x...x.....", "X.....x.X..x....", "x..X..x...X....."),
            snares=(*CLAVES, "....X.......X..."),
            basses=(*TRESILLO, "walk"),
            loud_offbeat=0.5,
        ),
        Style(
            name="missing_kicks",
            bpm=(96, 140),
            kicks=(
                "X.......X.......",
                "X...............",
                "X...X.......X...",
                "X.....X.......X.",
                "..X...X...X...X.",
            ),
            basses=("walk", *OFF_BASS, *TRESILLO),
            loud_offbeat=0.6,
        ),
        Style(
            name="ska",
            bpm=(70, 150),
            kicks=("X.......X.......", "........X.......", "X...X...X...X..."),
            snares=("........X.......", "....X.......X..."),
            hats=("x.x.x.x.x.x.x.x.", "..x...x...x...x.", "xox.xox.xox.xox."),
            stabs=("..X...X...X...X.", "..Xo..Xo..Xo..Xo", "..x...x...x...x."),
            swing=(0.5, 0.6),
            loud_offbeat=0.8,
        ),
        Style(
            name="waltz",
            bpm=(90, 170),
            kicks=("X...........", "X.......x...", "X..x........"),
            snares=("....x...x...", "........X...", "....X......."),
            hats=("x...x...x...", "x.x.x.x.x.x.", "..x...x...x."),
            basses=("x...........", "x...x...x...", "x.....x.x..."),
            stabs=("....x...x...", "x...........", "..x...x...x."),
            bar=3,
        ),
    ),
    "halftime_dnb": (
        Style(
            name="dnb",
            bpm=(160, 180),
            kicks=("X.........x.....", "X.x.......x.....", "X.........x..x..", "X.....x...x....."),
            hats=("x.x.x.x.x.x.x.x.", "xoxoxoxoxoxoxoxo", "x.xox.x.x.xox.x.", "X...x...X...x..."),
            ghost=0.04,
            basses=("x...............", "x.....x...x.....", "x.........x.....", "walk", *TRESILLO),
        ),
        Style(
            name="jungle",
            bpm=(156, 176),
            kicks=(
                "X.X.......XX....",
                "X.X.......X.....X.X.......X..X..",
                "X..X......X...X.",
                "X.X...X...XX....",
            ),
            snares=(
                "....X..o.o..X..o",
                "....X..o.o....X.",
                "....X..x.x..X..x",
                "....X..o.o..X..o....X..o.o....X.",
            ),
            hats=EVEN_HATS,
            ghost=0.08,
            swing=(0.5, 0.55),
        ),
        Style(
            name="trap",
            bpm=(130, 152),
            kicks=("X.........x.....", "X......x..x.....", "X..x........x...", "X.....x......x.."),
            snares=("........X.......", "........X......o", "........X....o.."),
            hats=("x.x.x.x.x.x.x.x.", "xxx.x.xxx.x.xxxx", "x.x.xxx.x.x.x.xx", "xxxxxxxxxxxxxxxx"),
            basses=("x...............", "x.........x.....", "x......x..x.....", "walk"),
        ),
        Style(
            name="dubstep",
            bpm=(136, 146),
            kicks=("X...............", "X.........x.....", "X..x............", "X.....x........."),
            snares=("........X.......", "........X.....o.", "........X..o...."),
            hats=("..x...x...x...x.", "x.x.x.x.x.x.x.x.", "x..x..x.x..x..x.", "....x.......x..."),
            basses=("x..x..x..x..x..x", "x.x.x.x.x.x.x.x.", "xxx.xxx.xxx.xxx.", "x...............", "walk"),
            loud_offbeat=0.4,
        ),
    ),
    "breakbeat": (
        Style(
            name="hiphop",
            bpm=(78, 110),
            kicks=(
                "X.......X.x.....",
                "X..x....X.......",
                "X.x.....X..x....",
                "X......x..x.....",
                "X.....x.x.......",
            ),
            swing=(0.5, 0.6),
            ghost=0.06,
        ),
        Style(
            name="breaks",
            bpm=(118, 142),
            kicks=("X.........x.....", "X.x.......x.....", "X..x...x..x.....", "X.....x...x..x.."),
            ghost=0.08,
        ),
        Style(
            name="electro",
            bpm=(118, 138),
            kicks=("X.....x...x.....", "X..x..x...x.....", "X.....X...X...x.", "X..x......xx...."),
            hats=EVEN_HATS,
            basses=("x.x.x.x.x.x.x.x.", "walk", "x.xx..x.x.xx..x.", *TRESILLO),
        ),
        Style(
            name="big_beat",
            bpm=(100, 130),
            kicks=("X.x.......x.....", "X..x......x..x..", "X.X.....x.X.....", "X.....x.X.x....."),
            ghost=0.1,
            drop=0.02,
        ),
        Style(
            name="rock",
            bpm=(84, 160),
            kicks=("X.......X.......", "X.......X.x.....", "X.....x.X.......", "X.x.....X.x....."),
            hats=("x.x.x.x.x.x.x.x.", "X.x.X.x.X.x.X.x.", "x...x...x...x..."),
            basses=("x.x.x.x.x.x.x.x.", *EVEN_BASS),
        ),
    ),
}
"""Categories and their styles."""
