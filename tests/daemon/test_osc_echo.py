"""Changes come back once, and never go round in a circle."""

import pytest
from pythonosc.osc_message import OscMessage

from daemon.osc_desks import Desk
from daemon.osc_echo import REFLECTION_S, SETTLE_S, Echoes, Listener
from daemon.osc_form import from_desk
from daemon.osc_learnt import Binding, Learnt
from daemon.settings import DeskSettings
from selector.vocabulary import Command

TOP = {"plain": 1, "0..1": 1, "0..100": 100, "0..127": 127, "0..255": 255}


class Rig:
    """Echoes with desks at them, and a daemon that does what it is told."""

    def __init__(self, *desks, learnt=()):
        self.memory = Learnt(None)
        for binding in learnt:
            self.memory.bind(binding)
        self.echoes = Echoes(self.memory)
        self.state = {"hold": False, "sensitivityDb": 0.0, "mode": "weighted"}
        self.now = 100.0
        self.heard = {}
        for settings in desks:
            self.heard[settings.name] = got = []
            desk = Desk(settings, (), None)
            self.echoes.add(Listener(desk, lambda packet, got=got: got.append(packet), states=False))
        self.desks = {settings.name: Desk(settings, (), None) for settings in desks}
        self.tell()

    def tell(self):
        return self.echoes.tell(self.state, self.now)

    def taken(self, name):
        """What a desk got since it was last asked."""
        packets, self.heard[name][:] = list(self.heard[name]), []
        return {m.address: m.params[0] for m in map(OscMessage, packets)}

    def said(self, name, verb, arg):
        """A desk says something; whether it was taken for a wish."""
        key = {"sensitivity": "sensitivityDb"}.get(verb, verb)
        wish = self.echoes.heard(self.desks[name], Command(verb, arg), self.now)
        if wish:
            self.state[key] = (not self.state[key]) if arg is None else arg
        return wish


def control(name="desk", **settings):
    return DeskSettings(name=name, **{"echo": "control"} | settings)


def test_a_new_listener_is_told_everything_once():
    rig = Rig(control())
    first = rig.taken("desk")
    assert first["/aivj/hold"] == 0
    assert first["/aivj/sensitivity"] == 0.0
    assert first["/aivj/mode"] == "weighted"
    assert (first["/aivj/mode/weighted"], first["/aivj/mode/shuffle"]) == (1, 0)
    rig.tell()
    assert rig.taken("desk") == {}


def test_a_desk_is_not_told_what_it_said_but_others_are():
    rig = Rig(control("a"), control("b", numbers="0..127", prefix="/b"))
    rig.taken("a"), rig.taken("b")
    assert rig.said("a", "sensitivity", 12.0)
    rig.tell()
    assert rig.taken("a") == {}
    assert rig.taken("b") == {"/b/sensitivity": 95}
    rig.now += 10
    rig.tell()
    assert rig.taken("a") == {}


def test_a_toggle_is_told_to_whoever_toggled():
    rig = Rig(control())
    rig.taken("desk")
    assert rig.said("desk", "hold", None)
    rig.tell()
    assert rig.taken("desk") == {"/aivj/hold": 1}


def test_a_moving_control_is_left_alone_and_told_the_truth_when_it_lies_still():
    rig = Rig(control())
    rig.taken("desk")
    rig.said("desk", "sensitivity", 5.0)
    rig.state["sensitivityDb"] = 7.0  # somebody else was quicker
    assert rig.tell() is True
    assert rig.taken("desk") == {}
    rig.now += SETTLE_S + 0.01
    assert rig.tell() is False
    assert rig.taken("desk") == {"/aivj/sensitivity": 7.0}


def test_a_refused_wish_moves_the_control_back():
    rig = Rig(control())
    rig.taken("desk")
    rig.echoes.heard(rig.desks["desk"], Command("mode", "public_v0"), rig.now)  # and nothing comes of it
    rig.now += SETTLE_S + 0.01
    rig.tell()
    assert rig.taken("desk")["/aivj/mode"] == "weighted"


@pytest.mark.parametrize("numbers", ["0..1", "0..100", "0..127", "0..255"])
@pytest.mark.parametrize("value", [-23.9, -7.77, 0.1, 13.37, 23.99])
def test_a_fader_that_sends_back_what_it_shows_rounded_down_does_not_creep(numbers, value):
    rig = Rig(control(numbers=numbers))
    rig.taken("desk")
    steps = 255 if numbers == "0..1" else TOP[numbers]
    rig.state["sensitivityDb"] = value
    rounds = 0
    for _ in range(50):
        rig.now += 0.02
        rig.tell()
        echo = rig.taken("desk").get("/aivj/sensitivity")
        if echo is None:
            break
        rounds += 1
        shown = int(echo / TOP[numbers] * steps) / steps * TOP[numbers]  # as QLC+ truncates
        rig.said("desk", "sensitivity", from_desk(shown, numbers, -24, 24))
    assert rounds == 1
    assert rig.state["sensitivityDb"] == value


def test_two_reflecting_desks_and_a_late_one_come_to_rest():
    """Each sends back what it is told 60 ms later; the state is changed twice in the meantime."""
    rig = Rig(control("a", numbers="0..127"), control("b", numbers="0..1"))
    rig.taken("a"), rig.taken("b")
    on_the_way = []
    commands = 0
    for step in range(200):
        rig.now += 0.02
        if step in (0, 2):
            rig.state["sensitivityDb"] = 10.0 - step * 5
        rig.tell()
        for name, numbers, steps in (("a", "0..127", 127), ("b", "0..1", 255)):
            if (echo := rig.taken(name).get("/aivj/sensitivity")) is not None:
                shown = int(echo / TOP[numbers] * steps) / steps * TOP[numbers]
                on_the_way.append((rig.now + 0.06, name, from_desk(shown, numbers, -24, 24)))
        for entry in [e for e in on_the_way if e[0] <= rig.now]:
            on_the_way.remove(entry)
            commands += rig.said(entry[1], "sensitivity", entry[2])
    assert commands == 0
    assert rig.state["sensitivityDb"] == 0.0
    assert not on_the_way


def test_a_hand_is_not_taken_for_a_reflection():
    rig = Rig(control(numbers="0..127"))
    rig.taken("desk")
    rig.state["sensitivityDb"] = 12.0
    rig.tell()
    rig.now += 0.05
    assert rig.said("desk", "sensitivity", 13.0)  # more than a step away
    rig.now += REFLECTION_S + 0.1
    assert rig.said("desk", "sensitivity", 12.0)  # long after it was told


def test_learnt_addresses_are_told_too():
    rig = Rig(
        control("pad", numbers="0..127"),
        learnt=[
            Binding(desk="pad", address="/1/fader1", verb="sensitivity", numbers="0..1"),
            Binding(desk="pad", address="/1/push3", verb="mode", arg="shuffle"),
            Binding(desk="other", address="/2/fader1", verb="sensitivity"),
        ],
    )
    first = rig.taken("pad")
    assert first["/1/fader1"] == 0.5
    assert first["/1/push3"] == 0
    assert "/2/fader1" not in first
    rig.state |= {"sensitivityDb": 12.0, "mode": "shuffle"}
    rig.tell()
    then = rig.taken("pad")
    assert (then["/1/fader1"], then["/1/push3"], then["/aivj/sensitivity"]) == (0.75, 127, 95)


def test_whoever_is_gone_is_told_nothing():
    rig = Rig()
    got = []
    listener = Listener(Desk(control(), (), None), got.append, states=True)
    rig.echoes.add(listener)
    rig.echoes.remove(listener)
    rig.echoes.remove(listener)
    rig.tell()
    assert got == []
