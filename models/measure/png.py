"""Writes RGBA pictures as PNG: filter 0, one IDAT, the same bytes for the same pixels and zlib."""

from __future__ import annotations

import struct
import zlib


def png(rgba: bytes, width: int, height: int) -> bytes:
    """An RGB PNG of a picture whose rows go from the bottom to the top, as OpenGL reads them."""
    rows = bytearray()
    for row in range(height - 1, -1, -1):
        line = rgba[row * width * 4 : (row + 1) * width * 4]
        colours = bytearray(width * 3)
        for channel in range(3):
            colours[channel::3] = line[channel::4]
        rows += b"\0" + colours
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", head)
        + _chunk(b"IDAT", zlib.compress(bytes(rows), 9))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
