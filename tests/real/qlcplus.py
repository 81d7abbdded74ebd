"""QLC+ without a screen: a lighting program that really listens, and shows its channels on the web."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import websockets
from ending import end

from daemon.osc_qlcplus import channel_of

WORKSPACE = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE Workspace>
<Workspace xmlns="http://www.qlcplus.org/Workspace" CurrentWindow="VirtualConsole">
 <Engine>
  <InputOutputMap>
   <Universe Name="U1" ID="0">
    <Input Plugin="OSC" Line="0"><PluginParameters inputPort="{port}"{feedback}/></Input>{output}
   </Universe>
  </InputOutputMap>
  <Fixture>
   <Manufacturer>Generic</Manufacturer><Model>Generic</Model><Mode>8 Channel</Mode><ID>0</ID>
   <Name>Dimmers</Name><Universe>0</Universe><Address>0</Address><Channels>8</Channels>
  </Fixture>
 </Engine>
 <VirtualConsole>
  <Frame Caption="">
   <Appearance><FrameStyle>None</FrameStyle></Appearance>
{sliders}
  </Frame>
  <Properties><Size Width="800" Height="600"/></Properties>
 </VirtualConsole>
</Workspace>
"""

FEEDBACK = ' feedbackIP="127.0.0.1" feedbackPort="{port}"'
OUTPUT = """
    <Output Plugin="OSC" Line="0"><PluginParameters outputIP="127.0.0.1" outputPort="{port}"/></Output>
    <Feedback Plugin="OSC" Line="0"/>"""

SLIDER = """   <Slider Caption="{address}" ID="{number}" WidgetStyle="Slider" InvertedAppearance="false">
    <WindowState Visible="True" X="{x}" Y="10" Width="60" Height="200"/>
    <SliderMode ValueDisplayStyle="Exact" ClickAndGoType="None" Monitor="false">Level</SliderMode>
    <Level LowLimit="0" HighLimit="255" Value="0"><Channel Fixture="0">{number}</Channel></Level>
    <Playback><Function>4294967295</Function></Playback>
    <Input Universe="0" Channel="{channel}"/>
   </Slider>"""


def free_port(kind: socket.SocketKind) -> int:
    """A port nobody used a moment ago."""
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Qlcplus:
    """A running QLC+ whose DMX channel n follows the n-th address."""

    def __init__(self, osc_port: int, web_port: int) -> None:
        self.osc_port = osc_port
        self.web_port = web_port

    async def channels(self, count: int) -> list[int]:
        """DMX values 0 to 255 of the first channels."""
        async with self._api() as api:
            await api.send(f"QLC+API|getChannelsValues|1|1|{count}")
            answer = str(await asyncio.wait_for(api.recv(), 5)).split("|")
        # QLC+API|getChannelsValues|1|127|0.#000000|2|...: address, value, type each
        return [int(value) for value in answer[3::3]]

    async def set_channel(self, channel: int, value: int) -> None:
        """Move a channel (from 1) of its own desk, as a hand would."""
        await self._say(f"CH|{channel}|{value}")

    async def move_slider(self, number: int, value: int) -> None:
        """Move a slider of its console (from 0), as a finger on its web page would."""
        await self._say(f"{number}|{value}")

    async def _say(self, text: str) -> None:
        async with self._api() as api:
            await api.send(text)
            await asyncio.sleep(0.05)

    async def ready(self, within: float = 30) -> None:
        """Until the web interface answers."""
        async with asyncio.timeout(within):
            while True:
                with contextlib.suppress(OSError, websockets.InvalidHandshake, TimeoutError):
                    await self.channels(1)
                    return
                await asyncio.sleep(0.1)

    @contextlib.asynccontextmanager
    async def _api(self) -> AsyncIterator[websockets.ClientConnection]:
        url = f"ws://127.0.0.1:{self.web_port}/qlcplusWS"
        async with websockets.connect(url, proxy=None, open_timeout=2, close_timeout=0.2) as api:
            yield api


@contextlib.contextmanager
def running(folder: Path, addresses: Sequence[str], controls_port: int = 0) -> Iterator[Qlcplus]:
    """Start QLC+ with one slider for each address; end it afterwards.

    With `controls_port` it sends there what its channels and its sliders do.
    """
    osc_port = free_port(socket.SOCK_DGRAM)
    sliders = (
        SLIDER.format(number=number, address=address, channel=channel_of(address), x=70 * number)
        for number, address in enumerate(addresses)
    )
    workspace = folder / "desk.qxw"
    text = WORKSPACE.format(
        port=osc_port,
        feedback=FEEDBACK.format(port=controls_port) if controls_port else "",
        output=OUTPUT.format(port=controls_port) if controls_port else "",
        sliders="\n".join(sliders),
    )
    workspace.write_text(text, encoding="utf-8")
    with opened(folder, workspace, osc_port) as desk:
        yield desk


@contextlib.contextmanager
def opened(folder: Path, workspace: Path, osc_port: int) -> Iterator[Qlcplus]:
    """Start QLC+ with a workspace that receives on `osc_port`, `folder` being its home; end it afterwards."""
    desk = Qlcplus(osc_port, free_port(socket.SOCK_STREAM))
    runtime = folder / "run"
    runtime.mkdir(mode=0o700)
    environment = os.environ | {
        "HOME": str(folder),
        "XDG_RUNTIME_DIR": str(runtime),
        "QT_QPA_PLATFORM": "offscreen",
    }
    command = ["qlcplus", "--nowm", "--nogui", "-w", "-wp", str(desk.web_port), "-p", "-o", str(workspace)]
    with (folder / "qlcplus.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            yield desk
        finally:
            end(process)
