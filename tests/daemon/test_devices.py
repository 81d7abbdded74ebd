"""Audio inputs are found by name, or refused with a sentence that helps."""

import json
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest

from daemon import devices
from daemon.devices import Device, NoInputDevice, check_channels, find, list_devices, query_devices
from daemon.errors import DeviceError, MissingError

SCARLETT = Device("ALSA", "Scarlett 18i8 USB: Audio (hw:1,0)", 18, 48000)
CODEC = Device("ALSA", "USB Audio CODEC: - (hw:2,0)", 2, 44100)
PULSE = Device("ALSA", "pulse", 32, 44100)
DEFAULT = Device("ALSA", "default", 32, 44100, is_default=True)
JACK = Device("JACK Audio Connection Kit", "system", 2, 48000)
ALL = [SCARLETT, CODEC, PULSE, DEFAULT, JACK]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("default", DEFAULT),
        ("ALSA: pulse", PULSE),
        ("pulse", PULSE),
        ("JACK Audio Connection Kit: system", JACK),
        ("scarlett", SCARLETT),
        ("jack audio", JACK),
        ("codec", CODEC),
        (SCARLETT.label, SCARLETT),
        ("Scarlett 18i8 USB: Audio (hw:3,0)", SCARLETT),
        ("ALSA: USB Audio CODEC: - (hw:0,0)", CODEC),
    ],
)
def test_a_name_finds_its_device(name, expected):
    assert find(name, ALL) is expected
    assert find(name, ALL[::-1]) is expected, "whatever the order of the list"


def test_an_exact_name_wins_over_longer_ones_that_contain_it():
    longer = Device("ALSA", "pulse effects", 2, 48000)
    assert find("pulse", [longer, PULSE]) is PULSE


def test_a_card_number_tells_two_equal_interfaces_apart():
    second = replace(CODEC, name="USB Audio CODEC: - (hw:3,0)")
    assert find(second.label, [CODEC, second]) is second
    with pytest.raises(DeviceError, match=r"means 2 audio inputs: .*\(hw:2,0\)', .*\(hw:3,0\)'; give more"):
        find("USB Audio CODEC: - (hw:9,0)", [CODEC, second])


def test_a_part_of_several_names_is_refused_and_they_are_named():
    with pytest.raises(DeviceError) as refused:
        find("usb", ALL)
    assert str(refused.value) == (
        f"input.name: 'usb' means 2 audio inputs: '{SCARLETT.label}', '{CODEC.label}'; "
        "give more of the name; `aivjd devices` lists all."
    )


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(DeviceError) as refused:
        find("Scarlet 18i8", ALL)
    assert str(refused.value).startswith(
        f"input.name: no audio input is called 'Scarlet 18i8'; the nearest are '{SCARLETT.label}', "
    )
    assert str(refused.value).endswith("choose one of these; `aivjd devices` lists all.")
    assert not isinstance(refused.value, NoInputDevice)


def test_an_empty_name_is_not_part_of_every_name():
    with pytest.raises(DeviceError, match="no audio input is called ''"):
        find("", [PULSE])


def test_a_machine_without_inputs_is_told_apart():
    for name in ("default", "pulse"):
        with pytest.raises(
            NoInputDevice, match="no audio input; connect one, or use `--input demo`"
        ) as error:
            find(name, [])
        assert error.value.exit_code == 3


def test_no_device_takes_the_place_of_an_absent_default():
    with pytest.raises(DeviceError, match="no default audio input; choose one by name"):
        find("default", [PULSE, JACK])


@pytest.mark.parametrize(
    ("device", "pair", "expected"),
    [
        (SCARLETT, (1, 2), 18),
        (CODEC, (1, 2), 2),
        (JACK, (1, 2), 2),
        (PULSE, (1, 2), 8),
        (PULSE, (11, 12), 12),
        (PULSE, (33, 34), 32),
        (Device("ALSA", "mono plug-in", 1, 48000), (1, 2), 1),
    ],
)
def test_hardware_opens_whole_and_plug_ins_wide_enough(device, pair, expected):
    assert device.channels_to_open(pair) == expected


def test_channels_beyond_the_device_are_refused():
    check_channels((17, 18), 18, "x")
    check_channels((3, 4), 1, "one channel serves as both")
    with pytest.raises(DeviceError) as refused:
        check_channels((3, 4), 2, CODEC.label)
    assert str(refused.value) == (
        f"input.channels: channel 4 was asked for, but '{CODEC.label}' has 2; choose two from 1 to 2."
    )


def test_a_device_describes_itself():
    assert DEFAULT.describe() == "* ALSA: default  (32 channels, 44100 Hz)"
    assert Device("ALSA", "mic", 1, 16000).describe() == "  ALSA: mic  (1 channel, 16000 Hz)"
    assert json.loads(json.dumps(SCARLETT.to_dict())) == {
        "host_api": "ALSA",
        "name": "Scarlett 18i8 USB: Audio (hw:1,0)",
        "channels": 18,
        "rate": 48000,
        "is_default": False,
    }


def test_outputs_are_not_inputs():
    def entry(index, name, channels):
        return {
            "index": index,
            "name": name,
            "hostapi": 0,
            "max_input_channels": channels,
            "default_samplerate": 44100.0,
        }

    portaudio = SimpleNamespace(
        query_hostapis=lambda: ({"name": "ALSA"},),
        query_devices=lambda: [entry(0, "HDMI", 0), entry(1, "line", 2), entry(2, "mic", 1)],
        default=SimpleNamespace(device=(2, 0)),
    )
    assert query_devices(portaudio) == [
        Device("ALSA", "line", 2, 44100, is_default=False, index=1),
        Device("ALSA", "mic", 1, 44100, is_default=True, index=2),
    ]


# Listing, in a process of its own that may fail in its own ways


@pytest.fixture
def listing(monkeypatch, tmp_path):
    """Makes `list_devices` start the given Python program instead of its own."""

    def install(program):
        script = tmp_path / "python"
        script.write_text(f"#!{sys.executable}\n{program}\n")
        script.chmod(0o755)
        monkeypatch.setattr(devices.sys, "executable", str(script))

    return install


def test_the_list_comes_back_as_devices(listing):
    listing("""print('[{"host_api": "ALSA", "name": "mic", "channels": 1, "rate": 16000}]')""")
    assert list_devices() == [Device("ALSA", "mic", 1, 16000)]


def test_a_missing_library_names_its_package(listing):
    listing("import sys; sys.exit(3)")
    with pytest.raises(MissingError, match="PortAudio library is missing; install the package libportaudio2"):
        list_devices()


def test_a_hanging_sound_system_is_given_up(listing):
    listing("import time; time.sleep(60)")
    with pytest.raises(DeviceError, match=r"did not list its devices within 0.3 s; restart it"):
        list_devices(timeout_s=0.3)


def test_a_crash_of_the_listing_is_reported_with_its_cause(listing):
    listing("raise OSError('sound system on fire')")
    with pytest.raises(DeviceError, match=r"cannot be listed \(OSError: sound system on fire\)"):
        list_devices()
