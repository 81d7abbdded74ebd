"""Who may send, and whose message it is."""

import pytest

from daemon.errors import ConfigError
from daemon.osc_desks import Desks
from daemon.settings import DeskSettings, OscSettings


def desks(*rows, **settings):
    return Desks(OscSettings(desks=tuple(DeskSettings(**row) for row in rows), **settings))


def test_without_a_word_only_this_machine_may_send():
    nobody = desks()
    assert nobody.allows("127.0.0.1")
    assert nobody.allows("127.3.4.5")
    assert nobody.allows("::1")
    assert nobody.allows("::ffff:127.0.0.1")
    assert not nobody.allows("10.0.0.5")
    assert not nobody.allows("fe80::1%eth0")
    assert not nobody.allows("nonsense")


def test_who_is_named_may_send():
    some = desks(
        {"name": "pad", "source": "10.0.0.0/24"},
        {"name": "rig", "to": "192.0.2.9:9000"},
        allow=("198.51.100.7", "2001:db8::/32"),
    )
    assert all(map(some.allows, ["10.0.0.77", "192.0.2.9", "198.51.100.7", "2001:db8::5"]))
    assert not any(map(some.allows, ["10.0.1.1", "192.0.2.8", "198.51.100.8", "2001:db9::5"]))


def test_a_target_alone_gives_no_right_to_send():
    assert not desks(targets=("192.0.2.9:9000",)).allows("192.0.2.9")


def test_a_message_belongs_to_the_desk_with_its_address_and_prefix():
    some = desks(
        {"name": "pad", "source": "10.0.0.5", "prefix": "/pad"},
        {"name": "rig", "source": "10.0.0.0/24"},
    )
    assert some.of("10.0.0.5", "/pad/next").name == "pad"
    assert some.of("10.0.0.5", "/aivj/next").name == "rig"
    assert some.of("10.0.0.5", "/something").name == "pad"
    assert some.of("10.0.0.6", "/aivj/next").name == "rig"
    assert some.of("127.0.0.1", "/aivj/next").name == "127.0.0.1"


@pytest.mark.parametrize(
    ("rows", "settings", "where"),
    [
        ([{"name": "a", "source": "10.0.0.5.6"}], {}, r"osc\.desks \(a\)"),
        ([{"name": "a", "to": "10.0.0.5"}], {}, r"osc\.desks \(a\)"),
        ([{"name": "a"}, {"name": "a"}], {}, r"osc\.desks"),
        ([{"name": "a", "addresses": {"/aivj/nothing": "/x"}}], {}, r"osc\.desks \(a\)"),
        ([{"name": "a", "addresses": {"/aivj/beat": "no slash"}}], {}, r"osc\.desks \(a\)"),
        ([], {"allow": ("everybody",)}, r"osc\.allow"),
        ([], {"targets": ("",)}, r"osc\.targets"),
    ],
)
def test_what_cannot_be_understood_is_explained(rows, settings, where):
    with pytest.raises(ConfigError, match=rf"^{where}: .+\.$"):
        desks(*rows, **settings)
