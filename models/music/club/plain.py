"""Plain styles: drum sets that say where the beat is, slow music in small steps, and bars of three or six.

The beat of a plain groove is the level at which bass drum and snare alternate, between 70 and 185 a minute,
whatever the speed of hats and double bass drums; of 6/8 it is the dotted quarter.
"""

from __future__ import annotations

from models.music.club.style import Style
from models.music.club.templates import EVEN_BASS

_BACKBEAT = ("....X.......X...",)
_EIGHTHS = ("x.x.x.x.x.x.x.x.", "X.x.X.x.X.x.X.x.", "x.X.x.X.x.X.x.X.", "X.o.X.o.X.o.X.o.")
_QUARTERS = ("x...x...x...x...", "X...x...X...x...", "x...x...x...x...")
_SIXTEENTHS = ("xxxxxxxxxxxxxxxx", "xoxoxoxoxoxoxoxo", "XoxoXoxoXoxoXoxo", "xooxxooxxooxxoox")

PLAIN: tuple[Style, ...] = (
    Style(
        name="rock_eighths",
        bpm=(70, 185),
        kicks=(
            "X.......X.......",
            "X.......X.x.....",
            "X.....x.X.......",
            "X.x.....X.......",
            "X.......X.....x.",
        ),
        snares=_BACKBEAT,
        hats=_EIGHTHS,
        basses=("x.x.x.x.x.x.x.x.", *EVEN_BASS),
        stabs=("x...............", "x.......x.......", "x.x.x.x.x.x.x.x.", "x.....x.x......."),
        ghost=0.0,
        drop=0.0,
        loud_offbeat=0.0,
    ),
    Style(
        name="quarters",
        bpm=(84, 185),
        kicks=("X.......X.......",),
        snares=_BACKBEAT,
        hats=_QUARTERS,
        basses=EVEN_BASS,
        stabs=("x...............", "x...x...x...x...", "x.......x......."),
        ghost=0.0,
        drop=0.0,
        loud_offbeat=0.0,
    ),
    Style(
        name="punk",
        bpm=(150, 185),
        kicks=("X.......X.......", "X.......X.X.....", "X.....X.X.......", "X.X.....X.X....."),
        snares=_BACKBEAT,
        hats=("x.x.x.x.x.x.x.x.", "x...x...x...x...", "X...X...X...X...", "X.x.X.x.X.x.X.x."),
        basses=("x.x.x.x.x.x.x.x.", "x...x...x...x..."),
        stabs=("x.x.x.x.x.x.x.x.", "x...............", "x...x...x...x..."),
        ghost=0.0,
        loud_offbeat=0.0,
    ),
    Style(
        name="double_kick",
        bpm=(96, 185),
        kicks=(
            "xxxxxxxxxxxxxxxx",
            "x.x.x.x.x.x.x.x.",
            "xxx.xxx.xxx.xxx.",
            "X.xxX.xxX.xxX.xx",
            "XxxxxxxxXxxxxxxx",
        ),
        snares=("....X.......X...", "....X.......X..o", "....X...X...X..."),
        hats=("x...x...x...x...", "x.x.x.x.x.x.x.x.", "x.......x......."),
        basses=("xxxxxxxxxxxxxxxx", "x.x.x.x.x.x.x.x.", "x.xxx.xxx.xxx.xx", "x..............."),
        stabs=("x...............", "x.xxx.xxx.xxx.xx", "x.x.x.x.x.x.x.x."),
        ghost=0.0,
        loud_offbeat=0.0,
    ),
    Style(
        name="two_step_dnb",
        bpm=(160, 185),
        kicks=("X.........x.....", "X.......X.......", "X.........X.....", "X.x.......x....."),
        snares=_BACKBEAT,
        hats=(*_EIGHTHS, "x...x...x...x..."),
        basses=("x...............", "x.......x.......", "x.....x.x......."),
        ghost=0.0,
        loud_offbeat=0.0,
    ),
    Style(
        name="pop_four",
        bpm=(92, 176),
        kicks=("X...X...X...X...",),
        snares=_BACKBEAT,
        hats=(*_EIGHTHS, *_QUARTERS, "..x...x...x...x."),
        basses=("x.x.x.x.x.x.x.x.", *EVEN_BASS),
        ghost=0.0,
        loud_offbeat=0.1,
    ),
    Style(
        name="train",
        bpm=(88, 150),
        kicks=("X.......X.......", "X...X...X...X...", "X.....x.X......."),
        snares=("ooXoooXoooXoooXo", "oxoxXxoxoxoxXxox", "ooooXoooooooXooo", "o.ooX.ooo.ooX.oo"),
        hats=_QUARTERS,
        basses=("x.......x.......", "x...x...x...x..."),
        stabs=("....x.......x...", "x..............."),
        ghost=0.0,
        loud_offbeat=0.0,
    ),
)
"""Kick, snare and hats as everybody knows them."""

SLOW: tuple[Style, ...] = (
    Style(
        name="slow_sixteenths",
        bpm=(60, 84),
        kicks=("X.......X.......", "X.......X.x.....", "X......xX.......", "X.....x...x....."),
        snares=_BACKBEAT,
        hats=(*_SIXTEENTHS, "x.x.x.x.x.x.x.x.", "xxx.xxx.xxx.xxx."),
        basses=(
            "x.......x.......",
            "x..............x",
            "x.....x.x.....x.",
            "x.x.x.x.x.x.x.x.",
            "x..x..x.x.......",
        ),
        stabs=("x...............", "x.x.x.x.x.x.x.x.", "x.......x.......", "x...x...x...x..."),
        loud_offbeat=0.1,
    ),
    Style(
        name="slow_arpeggio",
        bpm=(60, 84),
        kicks=("X...............", "X.......x.......", "X...X...X...X..."),
        snares=("....X.......X...", "....x.......x..."),
        hats=("x.x.x.x.x.x.x.x.", "xoxoxoxoxoxoxoxo", "..x...x...x...x."),
        basses=("x...............", "x.......x.......", "x...x...x...x..."),
        stabs=("x.xxx.xxx.xxx.xx", "x.x.x.x.x.x.x.x.", "x...x...x...x..."),
        ghost=0.0,
        loud_offbeat=0.0,
    ),
)
"""Slow beats filled with eighths and sixteenths."""

THREE: tuple[Style, ...] = (
    Style(
        name="waltz",
        bpm=(84, 180),
        kicks=("X...........", "X.......x...", "X..x........", "X.....x....."),
        snares=("....x...x...", "........X...", "....X.......", "....X...o..."),
        backbeat="....x...x...",
        hats=("x...x...x...", "x.x.x.x.x.x.", "....x...x...", "X.x.x.x.x.x."),
        basses=("x...........", "x...x...x...", "x.....x.x...", "x.......x..."),
        stabs=("....x...x...", "x...........", "x...x...x...", "..x...x...x."),
        bar=3,
    ),
    Style(
        name="three_sixteenths",
        bpm=(72, 126),
        kicks=("X.......x...", "X.....x.....", "X..x........", "X.......x.x.", "X.........x."),
        snares=("....X.......", "........X...", "....X...X..."),
        backbeat="........X...",
        hats=("x.x.x.x.x.x.", "xoxoxoxoxoxo", "X.x.x.x.X.xx", "xxxxxxxxxxxx"),
        basses=("x...........", "x.....x.x...", "x..x..x.....", "x.x.x.x.x.x."),
        stabs=("x...........", "....x...x...", "x.....x.....", "..x...x...x."),
        swing=(0.5, 0.6),
        bar=3,
    ),
    Style(
        name="six_eight",
        bpm=(56, 96),
        kicks=("X.....", "X....x", "X..x..", "X.x..x"),
        snares=("...X..", "...X.o", "..oX.."),
        backbeat="...X..",
        hats=("xxxxxx", "XxxXxx", "XooXoo", "x.xx.x", "X..x.."),
        basses=("x.....", "x..x..", "x.xx..", "x....x"),
        stabs=("x.....", "xxxxxx", "x..x..", "...x.."),
        steps=3,
        bar=2,
        loud_offbeat=0.1,
    ),
    Style(
        name="fast_six",
        bpm=(90, 134),
        kicks=("X.....", "X..X..", "X....x", "X..x.x"),
        snares=("...X..", "...x.x", "...X.o"),
        backbeat="...X..",
        hats=("x.xx.x", "XxxXxx", "x..x..", "X.xX.x"),
        basses=("x..x..", "x.....", "x.xx.x", "xxxxxx"),
        stabs=("x.....", "..x..x", "x.xx.x"),
        steps=3,
        bar=2,
        loud_offbeat=0.1,
    ),
)
"""Bars of three quarters, and of two dotted ones."""
