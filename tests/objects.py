"""Reads which functions of others a compiled kernel calls, from the object code in numba's cache."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

UNDEFINED, SYMBOLS = 0, 2


def called(path: Path) -> set[str]:
    """Symbols that the object code in a file of numba's cache takes from elsewhere."""
    data = path.read_bytes()
    names: set[str] = set()
    start = data.find(b"\x7fELF\x02\x01")
    while start >= 0:
        names |= set(_undefined(data[start:]))
        start = data.find(b"\x7fELF\x02\x01", start + 1)
    return names - {""}


def _undefined(elf: bytes) -> Iterator[str]:
    """Names of the undefined symbols of a 64-bit little-endian ELF file."""
    table = struct.unpack_from("<Q", elf, 0x28)[0]
    size, count = struct.unpack_from("<HH", elf, 0x3A)
    # name, type, flags, address, offset, size, link, info, alignment, size of an entry
    sections = [struct.unpack_from("<IIQQQQIIQQ", elf, table + size * number) for number in range(count)]
    for section in sections:
        if section[1] == SYMBOLS:
            names = sections[section[6]][4]
            for at in range(section[4], section[4] + section[5], section[9]):
                name, _, _, where = struct.unpack_from("<IBBH", elf, at)
                if where == UNDEFINED:
                    first = names + name
                    yield elf[first : elf.index(b"\0", first)].decode("ascii", "replace")
