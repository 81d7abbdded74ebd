"""Another member of a Link session, in a process of its own: says where it is 100 times a second.

``python link_peer.py BPM``; a line ``tempo BPM`` on standard input sets the session's tempo; it ends with its
input. Each line it prints: monotonic second, beat, tempo, others in the session.
"""

import asyncio
import sys
import time

import aalink


async def main() -> None:
    link = aalink.Link(float(sys.argv[1]))
    link.quantum = 4.0
    link.enabled = True
    loop = asyncio.get_running_loop()
    ending = asyncio.Event()

    def asked() -> None:
        words = sys.stdin.readline().split()
        if not words:
            ending.set()
        else:
            link.tempo = float(words[1])

    loop.add_reader(sys.stdin, asked)
    while not ending.is_set():
        before = time.monotonic()
        beat = link.beat
        after = time.monotonic()
        if after - before < 1e-4:
            print(f"{(before + after) / 2:.6f} {beat:.6f} {link.tempo:.5f} {link.num_peers}", flush=True)
        await asyncio.sleep(0.01)


asyncio.run(main())
