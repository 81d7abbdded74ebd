"""Files for QLC+ 4: an input profile that names our addresses, and a workspace to begin with.

QLC+ knows an OSC address by the CRC-16/X-25 of its text. Its console's sliders show our levels and
its buttons and faders move us. The buttons are of the kind that sends 1 and 0, so switches are moved
at their `/toggle` address and shown by a slider: a button of QLC+ that toggles by itself would get
out of step with the other desks.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

from daemon.osc_learnt import TOGGLE
from daemon.osc_table import OUT, PREFIX, STATE
from selector.vocabulary import VERBS

PROFILE = "aivjd OSC"
"""Manufacturer and model: how QLC+ lists the profile."""
_WIDTH = 10
"""Widgets in a row."""


class _Control(NamedTuple):
    caption: str
    address: str
    button: bool


@functools.cache
def channel_of(address: str) -> int:
    """The input channel that QLC+ gives an OSC address: CRC-16/X-25."""
    crc = 0xFFFF
    for byte in address.encode("ascii"):
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0x8408 if crc & 1 else crc >> 1
    return crc ^ 0xFFFF


def controls() -> list[_Control]:
    """Every control: pads for triggers, switches and choices, faders for numbers."""
    found = []
    for verb in VERBS:
        at = f"{PREFIX}/{verb.name}"
        match verb.arg:
            case "trigger" | "optionalId":
                found.append(_Control(verb.name, at, True))
            case "bool":
                found.append(_Control(verb.name, f"{at}/{TOGGLE}", True))
            case "float":
                found.append(_Control(verb.name, at, False))
            case "choice":
                found += [_Control(f"{verb.name} {c}", f"{at}/{c}", True) for c in verb.choices]
            case _:
                pass  # needs a text, which QLC+ cannot send
    return found


def meters() -> list[_Control]:
    """Everything that a slider of QLC+ can show: numbers with a range."""
    return [
        _Control(message.address.removeprefix(PREFIX + "/").replace("/", " "), message.address, False)
        for message in OUT
        if len(message.args) == 1
        and message.args[0].low is not None
        # The echo of a fader comes at the fader's own address.
        and not (message.address.startswith(STATE) and message.args[0].tag == "f")
    ]


def profile() -> str:
    """The input profile, `aivjd-osc.qxi`."""
    maker, _, model = PROFILE.partition(" ")
    every = {channel_of(c.address): c for c in (*controls(), *meters())}
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        "<!DOCTYPE InputProfile>",
        '<InputProfile xmlns="http://www.qlcplus.org/InputProfile">',
        " <Creator><Name>aivjd</Name><Version>1</Version><Author>aivjd osc-book</Author></Creator>",
        f" <Manufacturer>{maker}</Manufacturer>",
        f" <Model>{model}</Model>",
        " <Type>OSC</Type>",
    ]
    for number, control in sorted(every.items()):
        kind = "Button" if control.button else "Slider"
        lines += [
            f' <Channel Number="{number}">',
            f"  <Name>{escape(control.address)}</Name>",
            f"  <Type>{kind}</Type>",
            " </Channel>",
        ]
    return "\n".join([*lines, "</InputProfile>", ""])


def workspace(our_port: int, their_port: int) -> str:
    """The example workspace, `aivjd.qxw`.

    Args:
        our_port: where the daemon receives OSC.
        their_port: where QLC+ is to receive it.
    """
    shown = [*controls(), *meters()]
    place = {control.address: number for number, control in enumerate(shown)}
    scenes = "".join(_scene(number, c) for number, c in enumerate(shown) if c.button)
    widgets = "".join(_widget(number, c) for number, c in enumerate(shown))
    rows = -(-len(place) // _WIDTH)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE Workspace>
<Workspace xmlns="http://www.qlcplus.org/Workspace" CurrentWindow="VirtualConsole">
 <Engine>
  <InputOutputMap>
   <Universe Name="aivjd" ID="0">
    <Input Plugin="OSC" Line="0" Profile="{PROFILE}">
     <PluginParameters inputPort="{their_port}" feedbackIP="127.0.0.1" feedbackPort="{our_port}"/>
    </Input>
    <Feedback Plugin="OSC" Line="0"/>
   </Universe>
  </InputOutputMap>
  <Fixture>
   <Manufacturer>Generic</Manufacturer><Model>Generic</Model><Mode>{len(shown)} Channel</Mode><ID>0</ID>
   <Name>aivjd</Name><Universe>0</Universe><Address>0</Address><Channels>{len(shown)}</Channels>
  </Fixture>
{scenes} </Engine>
 <VirtualConsole>
  <Frame Caption="">
   <Appearance><FrameStyle>None</FrameStyle></Appearance>
{widgets}  </Frame>
  <Properties><Size Width="{_WIDTH * 100 + 20}" Height="{rows * 170 + 20}"/></Properties>
 </VirtualConsole>
</Workspace>
"""


def _scene(number: int, control: _Control) -> str:
    """What a button needs to do something: it lights the channel of its number."""
    return (
        f'  <Function Type="Scene" Name={quoteattr(control.caption)} ID="{number}">\n'
        '   <Speed Duration="0" FadeOut="0" FadeIn="0"/>\n'
        f'   <FixtureVal ID="0">{number},255</FixtureVal>\n'
        "  </Function>\n"
    )


def _widget(number: int, control: _Control) -> str:
    x, y = 10 + number % _WIDTH * 100, 10 + number // _WIDTH * 170
    at = f'   <WindowState Visible="True" X="{x}" Y="{y}" Width="90" Height="160"/>\n'
    heard = f'   <Input Universe="0" Channel="{channel_of(control.address)}"/>\n'
    name = f'Caption={quoteattr(control.caption)} ID="{number}"'
    if control.button:
        return (
            f'  <Button {name} Icon="">\n   <Function ID="{number}"/>\n   <Action>Flash</Action>\n'
            f'   <Intensity Adjust="False">100</Intensity>\n{at}{heard}  </Button>\n'
        )
    return (
        f'  <Slider {name} WidgetStyle="Slider" InvertedAppearance="false">\n{at}'
        '   <SliderMode ValueDisplayStyle="Exact" ClickAndGoType="None" Monitor="false">Level</SliderMode>\n'
        f'   <Level LowLimit="0" HighLimit="255" Value="0"><Channel Fixture="0">{number}</Channel></Level>\n'
        f"   <Playback><Function>4294967295</Function></Playback>\n{heard}  </Slider>\n"
    )


def widget_of(address: str) -> int:
    """Number of the widget in the example workspace that has this address."""
    return [control.address for control in (*controls(), *meters())].index(address)


def desk_settings(their_port: int) -> Sequence[str]:
    """Lines for `config.toml` that go with the workspace."""
    return (
        "[[osc.desks]]",
        'name = "qlcplus"',
        f'to = "127.0.0.1:{their_port}"',
        'numbers = "0..1"',
        'echo = "both"',
    )
