"""Which channels of an input are left and right."""

import numpy as np

from daemon.channels import map_channels


def test_any_two_channels_become_left_and_right():
    block = np.arange(24, dtype=np.float32).reshape(4, 6)
    np.testing.assert_array_equal(map_channels(block, (3, 6)), block[:, [2, 5]])
    np.testing.assert_array_equal(map_channels(block, (2, 1)), block[:, [1, 0]])
    np.testing.assert_array_equal(map_channels(block, (4, 4)), block[:, [3, 3]])


def test_one_channel_is_used_for_both_sides():
    block = np.arange(4, dtype=np.float32)[:, None]
    for pair in ((1, 2), (3, 4)):
        np.testing.assert_array_equal(map_channels(block, pair), block[:, [0, 0]])


def test_mapping_makes_contiguous_stereo_of_any_length():
    for frames in (0, 1, 7):
        stereo = map_channels(np.ones((frames, 3), np.float32), (1, 3))
        assert stereo.shape == (frames, 2)
        assert stereo.dtype == np.float32
        assert stereo.flags.c_contiguous
