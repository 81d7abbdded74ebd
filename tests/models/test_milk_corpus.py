"""Every preset of Debian's `projectm-data` is read, and written without loss."""

from __future__ import annotations

from collections import Counter

import pytest
from milk_files import milk_files

from models.milk.identity import content_id
from models.milk.reader import read_milk
from models.milk.writer import write_milk


@pytest.mark.slow
def test_all_presets_are_read_and_come_back_as_they_were():
    repairs: Counter[str] = Counter()
    seen: set[str] = set()
    files = milk_files()
    for path in files:
        preset, repaired = read_milk(path.read_bytes(), str(path))
        repairs.update({repair.kind for repair in repaired})
        assert read_milk(write_milk(preset), str(path)) == (preset, []), path
        seen.add(content_id(preset))
    assert len(files) >= 4189
    assert 0.4 * len(files) < len(seen) < 0.55 * len(files)
    # Values behind code are the fault that costs a converter most: they must not get lost.
    assert repairs["late-value"] >= 117
    assert repairs["latin-1"] >= 9
