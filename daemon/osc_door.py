"""What a desk's packets mean, however they come: commands, queries, addresses to be learnt.

Whatever arrives, nothing is raised to the caller and nothing waits: a packet is used whole, or
counted and complained about now and then.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import msgspec

from daemon.errors import ProtocolError
from daemon.metrics import Metrics
from daemon.osc_desks import Desk, Desks
from daemon.osc_echo import Echoes, Send
from daemon.osc_form import Form, from_desk, grouped
from daemon.osc_learnt import TOGGLE, Binding, Learnt, wanted
from daemon.osc_packet import Argument, Message, parse
from daemon.osc_table import BY_ADDRESS, echoes
from daemon.rate import Seldom, SourceLimiter
from daemon.settings import Numbers
from selector import vocabulary

log = logging.getLogger(__name__)

PACKETS_PER_SECOND = 500  # of one source: several faders moved at once
PACKETS_BURST = 1000
QUERIES_PER_SECOND = 4  # an answer is larger than the question, so it must not be had for nothing
COMPLAINT_S = 5.0
LEARNING_S = 60.0
CHATTER_S = 0.5
MOST_RECENT = 512
NOT_LEARNT = ("learn", "forget", "query")

_Meaning: TypeAlias = vocabulary.Command | vocabulary.Released | vocabulary.CommandError
OnCommand: TypeAlias = Callable[[str, vocabulary.Arg, str], None]


class Door:
    """Uses packets.

    Args:
        on_command: gets verb, argument as it takes effect, and origin (`osc:<name of the desk>`).
        state: gives the `state` message.
        desks: who may send, and what they mean.
        learnt: addresses that were bound.
        metrics: counters are registered here.
        clock: monotonic seconds.

    Attributes:
        echoes: who is told of changes.
        to_receivers: sends a datagram to a desk that OSC is sent to; set by the UDP side.
        on_learnt: called when something was bound or learning ended.
    """

    def __init__(
        self,
        on_command: OnCommand,
        state: Callable[[], Mapping[str, Any]],
        desks: Desks,
        learnt: Learnt,
        metrics: Metrics,
        clock: Callable[[], float],
    ) -> None:
        self.desks = desks
        self.learnt = learnt
        self.echoes = Echoes(learnt)
        self.to_receivers: Callable[[Desk, bytes], None] = lambda desk, packet: None
        self.on_learnt: Callable[[], None] = lambda: None
        self._on_command = on_command
        self._state = state
        self._clock = clock
        self._learning: tuple[Binding, float] | None = None
        self._recent: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._limiter = SourceLimiter(PACKETS_PER_SECOND, PACKETS_BURST)
        self._queries = SourceLimiter(QUERIES_PER_SECOND, QUERIES_PER_SECOND)
        self._complaint = Seldom(COMPLAINT_S)
        self._received = metrics.counter("aivjd_osc_received_total", "OSC messages.", ["verb"])
        self._refused = metrics.counter("aivjd_osc_refused_total", "OSC that was not used.", ["reason"])

    def packet(self, data: bytes, host: str, answer: Send, where: object = None) -> bool:
        """Use one packet; True when echoes may be owed.

        Args:
            data: as it came.
            host: that sent it, an address.
            answer: takes what is said back.
            where: the socket address that `answer` sends to, if it is one.
        """
        try:
            if not self.desks.allows(host):
                self.refuse("source", host, "it may not send; name it in osc.allow or osc.desks")
            elif not self._limiter.allow(host, self._clock()):
                self.refuse("rate", host, "it sends too much")
            else:
                for message in parse(data):
                    self._use(message, host, answer, where)
                return True
        except ProtocolError as error:
            self.refuse("malformed", host, str(error))
        except Exception:
            log.exception("an OSC packet of %s could not be handled", host)
            self._refused.inc(reason="internal")
        return False

    def refuse(self, reason: str, host: str, sentence: str) -> None:
        """Count what was not used, and say so now and then."""
        self._refused.inc(reason=reason)
        held = self._complaint.ask(self._clock())
        if held is not None:
            more = f" ({held} more complaints held back)" if held else ""
            log.warning("OSC from %s was not used: %s%s", host, sentence, more)

    # -- learning

    def learn(self, text: str) -> None:
        """Bind the next address that comes to what `text` names; `off` gives up.

        Raises:
            ProtocolError: that cannot be bound.
        """
        binding = None if text.strip() == "off" else wanted(text, NOT_LEARNT)
        self._learning = None if binding is None else (binding, self._clock() + LEARNING_S)
        self.on_learnt()

    def forget(self, address: str) -> None:
        """Undo what an address is bound to.

        Raises:
            ProtocolError: it is bound to nothing.
        """
        if not self.learnt.forget(address.strip()):
            raise ProtocolError(f"no desk has taught us {address[:80]!r}", fix="see `learnt` in the state")
        self.on_learnt()

    def describe(self) -> dict[str, Any]:
        """What the state message says of it: what is being learnt, and what was."""
        learning = self._learning
        waiting = learning is not None and self._clock() < learning[1]
        return {
            "learning": learning[0].verb if learning is not None and waiting else None,
            "learnt": msgspec.to_builtins(self.learnt.all),
        }

    def _learns(self, message: Message, desk: Desk) -> bool:
        """Whether this message was for learning.

        A release binds nothing, nor does an address that chatters by itself, as meters do.
        """
        key, now = (desk.name, message.address), self._clock()
        chatters = now - self._recent.pop(key, float("-inf")) < CHATTER_S
        self._recent[key] = now
        if len(self._recent) > MOST_RECENT:
            self._recent.popitem(last=False)
        if self._learning is None or chatters:
            return False
        binding, until = self._learning
        if now >= until:
            self._learning = None
            return False
        if message.args and not _pressed(message.args):
            return False
        self._learning = None
        bound = msgspec.structs.replace(binding, desk=desk.name, address=message.address)
        self.learnt.bind(bound)
        log.info("learnt: %s of %s is %s %s", bound.address, bound.desk, bound.verb, bound.arg)
        self.on_learnt()
        return True

    # -- messages

    def _use(self, message: Message, host: str, answer: Send, where: object) -> None:
        desk = self.desks.of(host, message.address)
        if self._learns(message, desk):
            return
        command = self._meaning(message, desk)
        if command is None:
            self.refuse("address", host, f"there is no address {message.address[:80]}")
            return
        if isinstance(command, vocabulary.CommandError):
            self.refuse("argument", host, command.sentence)
            return
        self._received.inc(verb=command.verb)
        if isinstance(command, vocabulary.Command):
            if command.verb == "query":
                self._answer(desk, host, answer, where)
            elif self.echoes.heard(desk, command, self._clock()):
                self._command(command, desk, host)
            else:
                self._refused.inc(reason="reflection")  # no fault, so no complaint

    def _meaning(self, message: Message, desk: Desk) -> _Meaning | None:
        """What a message asks for; None when its address is nobody's."""
        numbers = desk.settings.numbers
        binding = self.learnt.get(desk.name, message.address)
        if binding is not None:
            if binding.arg:
                return _fixed(binding.verb, binding.arg, message.args)
            return _own(binding.verb, message.args, binding.numbers or numbers)
        prefix = desk.settings.prefix + "/"
        if not message.address.startswith(prefix):
            return None
        name, _, rest = message.address.removeprefix(prefix).partition("/")
        verb = vocabulary.TABLE.get(name)
        if verb is None or (rest and verb.arg == "trigger"):
            return None
        return _fixed(name, rest, message.args) if rest else _own(name, message.args, numbers)

    def _command(self, command: vocabulary.Command, desk: Desk, host: str) -> None:
        try:
            self._on_command(command.verb, command.arg, f"osc:{desk.name}")
        except ProtocolError as error:
            self.refuse("argument", host, str(error))

    def _answer(self, desk: Desk, host: str, answer: Send, where: object) -> None:
        """The whole state, to whoever asked and to every desk that OSC is sent to."""
        if not self._queries.allow(host, self._clock()):
            self.refuse("rate", host, "it asks too often")
            return
        values = echoes(self._state())

        def packets(one: Desk) -> list[bytes]:
            form = Form.of(one.settings)
            every = [p for address, value in values.items() for p in form.packets(BY_ADDRESS[address], value)]
            return grouped(every, one.settings.form)

        for packet in packets(desk):
            answer(packet)
        for receiver in self.desks.receivers:
            if receiver.target is not None and receiver.target[1] == where:
                continue
            for packet in packets(receiver):
                self.to_receivers(receiver, packet)


def _pressed(args: tuple[Argument, ...]) -> bool:
    """Whether a pad is down: no argument, or one above 0."""
    values = [arg for arg in args if arg is not None]
    return not values or all(isinstance(arg, str) or float(arg) > 0.0 for arg in values)


def _fixed(verb: str, arg: str, args: tuple[Argument, ...]) -> _Meaning:
    """The argument that an address stands for, while the pad is down."""
    if not _pressed(args):
        return vocabulary.Released(verb)
    if arg == TOGGLE and vocabulary.TABLE[verb].arg == "bool":
        return vocabulary.parse(verb)
    return vocabulary.parse(verb, (arg,))


def _own(verb: str, args: tuple[Argument, ...], numbers: Numbers) -> _Meaning:
    """The arguments as the desk sent them, scaled if they are a fader's."""
    row = vocabulary.TABLE[verb]
    if row.arg == "float":
        args = tuple(
            from_desk(float(arg), numbers, row.low, row.high)
            if isinstance(arg, int | float) and not isinstance(arg, bool)
            else arg
            for arg in args
        )
    return vocabulary.parse(verb, args)
