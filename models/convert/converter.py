"""The HLSL-to-GLSL converter as a process that takes one shader after another.

`tools/shader-converter/build.sh` builds it once; its protocol is in `tools/shader-converter/converter.cpp`.
"""

from __future__ import annotations

import os
import re
import select
import subprocess
import time
from pathlib import Path
from types import TracebackType

from models.errors import ConverterError, ShaderError

PROGRAM = Path("build/shader-converter/shader-converter")
"""Where the build leaves it, below the project's folder."""
ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0
"""Longest time for one shader; the slowest of 1,400 real ones takes about a second of CPU."""

_PLACE = re.compile(r"\((\d+)\): (?:ERROR: )?(.*)")
_PLACE_AFTER = re.compile(r"(?:\d+:)?\(?[\d,:]+\)?: error: (.*)")


class Converter:
    """The converter's process, as a context manager; started when first needed, anew after a crash.

    Raises:
        ConverterError: it has not been built.
    """

    def __init__(self, program: Path | None = None, patience_s: float = PATIENCE_S) -> None:
        self._program = program or ROOT / PROGRAM
        self._patience_s = patience_s
        self._process: subprocess.Popen[bytes] | None = None
        if not os.access(self._program, os.X_OK):
            raise ConverterError(
                "the shader converter has not been built",
                where=str(self._program),
                fix="run tools/shader-converter/build.sh",
            )

    def __enter__(self) -> Converter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    pipe.close()
            self._process = None

    def convert(self, hlsl: str, above: int = 0) -> str:
        """GLSL ES 3.00 of a whole HLSL program with the entry point `shader_body`.

        Args:
            hlsl: the program.
            above: how many of its lines are not the preset's, for the line that errors name.

        Raises:
            ShaderError: it does not compile, or the converter crashed on it or did not end.
        """
        data = hlsl.encode("ascii", errors="replace")
        process = self._process or self._start()
        assert process.stdin is not None
        try:
            process.stdin.write(f"{len(data)}\n".encode() + data)
            process.stdin.flush()
            good, text = self._answer(process)
        except (BrokenPipeError, EOFError) as error:
            self.close()
            raise ShaderError("the converter crashed on it") from error
        except TimeoutError as error:
            self.close()
            raise ShaderError(f"the converter did not end within {self._patience_s:.0f} s") from error
        if not good:
            raise ShaderError(_first_fault(text, above))
        return text

    def _start(self) -> subprocess.Popen[bytes]:
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [str(self._program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        return self._process

    def _answer(self, process: subprocess.Popen[bytes]) -> tuple[bool, str]:
        assert process.stdout is not None
        end = time.monotonic() + self._patience_s
        descriptor, got = process.stdout.fileno(), b""
        while True:
            head, newline, rest = got.partition(b"\n")
            if newline:
                word, _, length = head.partition(b" ")
                if len(rest) >= int(length):
                    return word == b"ok", rest.decode("utf-8", errors="replace")
            if not select.select([descriptor], [], [], max(end - time.monotonic(), 0.0))[0]:
                raise TimeoutError
            chunk = os.read(descriptor, 1 << 16)
            if not chunk:
                raise EOFError
            got += chunk


def _first_fault(log: str, above: int) -> str:
    """The first line of a compiler's log that says something, with the preset's own line number."""
    lines = [line.strip() for line in log.split("\n") if line.strip()]
    fault = next(
        (line for line in lines if "error" in line.lower()), lines[0] if lines else "no reason given"
    )
    if found := _PLACE.fullmatch(fault):
        return f"line {int(found[1]) - above}: {found[2]}"
    if found := _PLACE_AFTER.fullmatch(fault):
        return f"after translation: {found[1]}"
    return fault
