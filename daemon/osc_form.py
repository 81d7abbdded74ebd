"""How one desk wants its messages: prefix, scaled numbers, single or bundled. Pure.

Everything that does not depend on the values is packed once: for each message of the table a form
keeps one packer of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from daemon.osc_table import OUT, PREFIX, Arg, OutMessage
from daemon.settings import DeskSettings, Numbers

MAX_BYTES = 512
"""Of a packet; some desks take no more."""

_BUNDLE = b"#bundle\0" + (1).to_bytes(8, "big")  # time tag 1: at once
_TOP: dict[Numbers, float] = {"plain": 0, "0..1": 1, "0..100": 100, "0..127": 127, "0..255": 255}


class Form:
    """Packs messages of the table for one desk.

    Args:
        prefix: takes the place of `/aivj`.
        numbers: what values with a range are scaled to; `plain` leaves them as the table says.
        elsewhere: addresses of the table, or of its choices, and where they go instead; if given, nothing
            else is packed.
    """

    def __init__(
        self, prefix: str = PREFIX, numbers: Numbers = "plain", elsewhere: Mapping[str, str] | None = None
    ) -> None:
        self._prefix = prefix
        self._elsewhere = elsewhere
        self._top = _TOP[numbers]
        self._packers: dict[tuple[str, int], OutMessage] = {}

    @classmethod
    def of(cls, settings: DeskSettings) -> Form:
        """The form that a desk wants."""
        return cls(settings.prefix, settings.numbers, settings.addresses or None)

    def address(self, address: str) -> str | None:
        """Where this desk gets what the table has at `address`; None if it does not want it."""
        if self._elsewhere is not None:
            return self._elsewhere.get(address)
        return self._prefix + address.removeprefix(PREFIX)

    def packets(self, message: OutMessage, *values: float | str) -> list[bytes]:
        """`message` with these values.

        With scaled numbers a text of several choices comes as switches, too, one for each: a desk
        that knows no text can still light a lamp.
        """
        address = self.address(message.address)
        packets = [] if address is None else [self.at(address, message, *values)]
        if len(message.args) == 1 and message.args[0].choices and (self._top or self._elsewhere):
            for choice in message.args[0].choices:
                address = self.address(f"{message.address}/{choice}")
                if address is not None:
                    packets.append(self.switch(address, on=choice == values[0]))
        return packets

    def at(self, address: str, message: OutMessage, *values: float | str) -> bytes:
        """`message` at another address."""
        packer = self._packers.get((address, id(message)))
        if packer is None:
            args = tuple(self._scaled(arg) for arg in message.args) if self._scales(message) else message.args
            packer = self._packers[address, id(message)] = OutMessage(address, args, "", "")
        if self._scales(message):
            values = tuple(self._value(arg, v) for arg, v in zip(message.args, values, strict=True))
        return packer.pack(*values)

    def switch(self, address: str, *, on: bool) -> bytes:
        """On or off at `address`."""
        return self.at(address, _SWITCH, on)

    def _scales(self, message: OutMessage) -> bool:
        return bool(self._top) and "s" not in message.tags

    def _scaled(self, arg: Arg) -> Arg:
        return arg if arg.low is None else Arg(arg.name, "f" if self._top == 1 else "i", 0.0, self._top)

    def _value(self, arg: Arg, value: float | str) -> float | str:
        if arg.low is None or arg.high is None or isinstance(value, str):
            return value
        share = (value - arg.low) / (arg.high - arg.low)
        if not share > 0.0:  # NaN too
            share = 0.0
        scaled = min(share, 1.0) * self._top
        return scaled if self._top == 1 else round(scaled)


_SWITCH = OutMessage(f"{PREFIX}/switch", (Arg("on", "i", 0, 1),), "", "")


def known_addresses() -> set[str]:
    """All that can be sent elsewhere: the table's addresses, and a switch for each of its choices."""
    known = {message.address for message in OUT}
    for message in OUT:
        if len(message.args) == 1:
            known |= {f"{message.address}/{choice}" for choice in message.args[0].choices}
    return known


def from_desk(value: float, numbers: Numbers, low: float, high: float) -> float:
    """What a number of a desk means between `low` and `high`; beyond its range it is clamped."""
    top = _TOP[numbers]
    return value if not top else low + min(max(value / top, 0.0), 1.0) * (high - low)


def step(numbers: Numbers, low: float, high: float) -> float:
    """The least change between `low` and `high` that such a desk can show."""
    return (high - low) / {"0..100": 100, "0..127": 127}.get(numbers, 255)


def bundles(packets: Iterable[bytes]) -> list[bytes]:
    """The packets in order, in as few bundles as hold them with at most 512 bytes each."""
    made: list[bytes] = []
    held = _BUNDLE
    for packet in packets:
        element = len(packet).to_bytes(4, "big") + packet
        if len(held) > len(_BUNDLE) and len(held) + len(element) > MAX_BYTES:
            made.append(held)
            held = _BUNDLE
        held += element
    return [*made, held] if len(held) > len(_BUNDLE) else made


def grouped(packets: Sequence[bytes], form: str) -> list[bytes]:
    """As they are, or bundled."""
    return bundles(packets) if form == "bundle" else list(packets)
