"""What comes back to desks: each change once, to whoever does not know it, and never in a circle.

A desk that shows our value on the fader that also sends it may send it back, rounded to the steps
it has; taken at its word, that value would come back to it rounded again, and creep. So

- a desk is not told what it has just said itself, and is told nothing about a control that is
  still moving under the operator's hand;
- a value that a desk was told a moment ago and that comes from it again, within one of its steps,
  is its reflection and no wish.

Pure: time is an argument. The engine's process sends `/aivj/state/...` to targets by itself; here
are the controls' own addresses, and those who came by TCP.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import TypeAlias

from daemon.osc_desks import Desk
from daemon.osc_form import Form, grouped, step
from daemon.osc_learnt import Learnt
from daemon.osc_table import BY_ADDRESS, STATE, echo_of, echoes
from selector import vocabulary
from selector.vocabulary import Arg

SETTLE_S = 0.3
"""After so long without a message a control lies still."""
REFLECTION_S = 1.0
"""How long after it was told something a desk may send it back."""

Send: TypeAlias = Callable[[bytes], None]
MOST_ECHOES = 16
_Value: TypeAlias = bool | int | float | str


class Listener:
    """Someone who is told what changes.

    Args:
        desk: whose settings say how.
        send: takes each packet.
        states: whether `/aivj/state/...` goes this way, too.
    """

    def __init__(self, desk: Desk, send: Send, *, states: bool) -> None:
        settings = desk.settings
        self.desk = desk
        self.send = send
        self.form = Form.of(settings)
        self.states = states and settings.echo != "control"
        self.controls = settings.echo != "state"
        self.told: dict[str, _Value] = {}
        self.known: dict[str, _Value] = {}


class Echoes:
    """Who knows what. `learnt` names the controls that have other addresses than the book's."""

    def __init__(self, learnt: Learnt) -> None:
        self._learnt = learnt
        self._listeners: list[Listener] = []
        self._moved: dict[tuple[str, str], float] = {}
        self._echoed: dict[tuple[str, str], deque[tuple[_Value, float]]] = {}

    def add(self, listener: Listener) -> None:
        """From now on tell this one, too; it knows nothing yet."""
        self._listeners.append(listener)

    def remove(self, listener: Listener) -> None:
        """It is gone."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    def heard(self, desk: Desk, command: vocabulary.Command, now: float) -> bool:
        """A desk says something: whether that is a wish, and not its reflection of what it was told.

        Args:
            desk: that said it.
            command: what it means.
            now: monotonic seconds.
        """
        if self._reflects(desk, command, now):
            return False
        for listener in self._listeners:
            if listener.controls and listener.desk.name == desk.name:
                if command.arg is None:
                    listener.known.pop(command.verb, None)  # only the state tells what a toggle did
                else:
                    listener.known[command.verb] = command.arg
                    self._moved[desk.name, command.verb] = now
        return True

    def tell(self, state: Mapping[str, object], now: float) -> bool:
        """Tell everybody what they do not know; True if something waits until a control lies still."""
        values = echoes(state)
        waits = False
        for listener in list(self._listeners):
            packets = self._state_packets(listener, values) if listener.states else []
            if listener.controls:
                more, later = self._control_packets(listener, values, now)
                packets += more
                waits |= later
            for packet in grouped(packets, listener.desk.settings.form):
                listener.send(packet)
        return waits

    def _state_packets(self, listener: Listener, values: Mapping[str, _Value]) -> list[bytes]:
        changed = {a: v for a, v in values.items() if a not in listener.told or listener.told[a] != v}
        listener.told.update(changed)
        return [p for address, v in changed.items() for p in listener.form.packets(BY_ADDRESS[address], v)]

    def _control_packets(
        self, listener: Listener, values: Mapping[str, _Value], now: float
    ) -> tuple[list[bytes], bool]:
        packets: list[bytes] = []
        waits = False
        for address, value in values.items():
            verb = address.removeprefix(STATE)
            key = (listener.desk.name, verb)
            if verb not in vocabulary.TABLE:
                continue
            if verb in listener.known and _same(listener.known[verb], value):
                continue
            if now - self._moved.get(key, float("-inf")) < SETTLE_S:
                waits = True
                continue
            listener.known[verb] = value
            self._echoed.setdefault(key, deque(maxlen=MOST_ECHOES)).append((value, now))
            packets += self._controls(listener, verb, value)
        return packets, waits

    def _controls(self, listener: Listener, verb: str, value: _Value) -> list[bytes]:
        """One value at every address of a desk that moves it."""
        message = echo_of(verb)
        assert message is not None
        form, prefix = listener.form, listener.desk.settings.prefix
        packets = [form.at(f"{prefix}/{verb}", message, value)]
        choices = vocabulary.TABLE[verb].choices
        packets += [form.switch(f"{prefix}/{verb}/{choice}", on=choice == value) for choice in choices]
        for binding in self._learnt.of(listener.desk.name, verb):
            if binding.arg:
                packets.append(form.switch(binding.address, on=binding.arg == str(value)))
            else:
                own = Form(prefix, binding.numbers) if binding.numbers else form
                packets.append(own.at(binding.address, message, value))
        return packets

    def _reflects(self, desk: Desk, command: vocabulary.Command, now: float) -> bool:
        arg: Arg = command.arg
        told = self._echoed.get((desk.name, command.verb), ())
        # Not only the last: what was told before that may still be on its way back.
        recent = [value for value, at in told if now - at <= REFLECTION_S]
        if arg is None or not recent:
            return False
        verb = vocabulary.TABLE[command.verb]
        if verb.arg != "float" or isinstance(arg, str):
            return any(_same(value, arg) for value in recent)
        usual = desk.settings.numbers
        kinds = {usual, *(b.numbers or usual for b in self._learnt.of(desk.name, command.verb))}
        coarsest = max(step(numbers, verb.low, verb.high) for numbers in kinds)
        return any(not isinstance(value, str) and abs(value - arg) <= 1.01 * coarsest for value in recent)


def _same(a: _Value, b: _Value) -> bool:
    if isinstance(a, str) or isinstance(b, str):
        return a == b
    return abs(a - b) <= 1e-6 * max(1.0, abs(a))
