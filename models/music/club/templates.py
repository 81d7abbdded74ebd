"""Drum and bass rhythms that several styles share; notation: see `rhythm`."""

from __future__ import annotations

FOUR = "X...X...X...X..."
BACKBEATS = (
    "....X.......X...",
    "....X.......X..o",
    "....x..o....X...",
    "....X..o.o..X...",
    "....X.......X.x.",
)
OFF_HATS = (
    "..x...x...x...x.",
    "o.X.o.X.o.X.o.X.",
    "x.X.x.X.x.X.x.X.",
    "xoXoxoXoxoXoxoXo",
    "..X...X...X..xX.",
)
EVEN_HATS = (
    "x.x.x.x.x.x.x.x.",
    "xoxoxoxoxoxoxoxo",
    "X.o.x.o.X.o.x.o.",
    "xxxxxxxxxxxxxxxx",
    "x..xx.x.x..xx.x.",
)
OFF_BASS = (
    "..x...x...x...x.",
    "..xx..xx..xx..xx",
    "..X...X...X..xX.",
    ".xxx.xxx.xxx.xxx",
    "..x..x..x.x...x.",
)
EVEN_BASS = (
    "x...x...x...x...",
    "x.x.x.x.x.x.x.x.",
    "x...............",
    "x.......x.......",
    "x..xx..xx..xx.x.",
)
TRESILLO = (
    "x..x..x.x..x..x.",
    "x..x..x.........",
    "x..x..x...x.x...",
    "x..x..x..x..x.x.",
    "X..x...X..x.X...",
    "..x..x..x..x..x.",
)
CLAVES = ("x..x..x...x.x...", "x..x...x..x.x...", "..x.x...x..x..x.", "x.x..x.x.x..x.x.", "x..x.x.x..x.x.x.")
STABS = (
    "..x...x...x...x.",
    "x..x..x.........",
    "...x..x....x..x.",
    "x.....x...x.....",
    "..x..x....x..x..",
    "x...............",
    "...x.......x....",
    "x..x..x..x..x...",
    "......x.......x.",
)
FOUR_KICKS = (FOUR, "X...X...X...X..o", "X...X...X...X.x.")
TRIPLET_HATS = (
    "x.xx.xx.xx.x",
    "x.ox.ox.ox.o",
    "xooxooxooxoo",
    "x..x..x..x..",
    "..x..x..x..x",
    "X.xX.xX.xX.x",
)
