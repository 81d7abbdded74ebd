"""Runs EEL, as butterchurn's compiler does: doubles, division by zero gives 0, nothing is ever an error.

A preset is somebody else's program. It can reach nothing but its own variables and memory, and its loops end
after `MOST_TURNS` turns in all until `refill` is called.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from models.eel.parser import Assign, Call, Name, Node, Number, Sequence, parse
from models.errors import CodeError
from selector.draw import splitmix64

MOST_TURNS = 2000
MEMORY = 1 << 20
_NEAR = 1e-5
"""Numbers as near as that are equal."""

Run = Callable[[], float]


class Machine:
    """Variables and memory of one pool, and the code that runs on them.

    Args:
        seed: of `rand`.
        shared: memory that pools share (`gmegabuf`).
    """

    def __init__(self, seed: int = 1, shared: dict[int, float] | None = None) -> None:
        self._slots: dict[str, int] = {}
        self._values: list[float] = []
        self._memory: dict[int, float] = {}
        self._shared = {} if shared is None else shared
        self._seed, self._draws = seed, 0
        self._turns = MOST_TURNS
        self._one = {
            "sin": _safe(math.sin),
            "cos": _safe(math.cos),
            "tan": _safe(math.tan),
            "asin": _safe(math.asin),
            "acos": _safe(math.acos),
            "atan": _safe(math.atan),
            "exp": _safe(math.exp),
            "log": _safe(math.log),
            "log10": _safe(math.log10),
            "floor": _safe(math.floor),
            "int": _safe(math.trunc),
            "ceil": _safe(math.ceil),
            "sqrt": lambda x: math.sqrt(abs(x)),
            "sqr": lambda x: x * x,
            "abs": abs,
            "sign": lambda x: (x > 0.0) - (x < 0.0) + 0.0,
            "invsqrt": lambda x: 1.0 / math.sqrt(abs(x)) if x else 0.0,
            "neg": lambda x: -x,
            "bnot": lambda x: 1.0 if abs(x) < _NEAR else 0.0,
            "rand": self._rand,
        }

    def __getitem__(self, name: str) -> float:
        return self._values[self.slot(name)]

    def __setitem__(self, name: str, value: float) -> None:
        self._values[self.slot(name)] = value

    def slot(self, name: str) -> int:
        """Where `name` lies; 0 until something is put there."""
        if name not in self._slots:
            self._slots[name] = len(self._values)
            self._values.append(0.0)
        return self._slots[name]

    def update(self, values: Iterable[tuple[str, float]]) -> None:
        """Set many variables."""
        for name, value in values:
            self[name] = value

    def refill(self) -> None:
        """Let loops turn again."""
        self._turns = MOST_TURNS

    def compile(self, text: str) -> Run:
        """Code that runs on this machine.

        Raises:
            CodeError: `text` is no EEL.
        """
        return self._of(parse(text))

    def _rand(self, limit: float) -> float:
        """From 0 up to the whole part of `limit`, at least up to 1."""
        self._draws += 1
        share = (splitmix64(self._seed, self._draws) >> 11) / (1 << 53)
        return share * max(math.floor(limit), 1) if abs(limit) < 1e15 else 0.0

    def _of(self, node: Node) -> Run:
        if isinstance(node, Number):
            value = node.value
            return lambda: value
        if isinstance(node, Name):
            values, slot = self._values, self.slot(node.name)
            return lambda: values[slot]
        if isinstance(node, Assign):
            return self._assign(node)
        if isinstance(node, Sequence):
            return self._sequence([self._of(step) for step in node.steps])
        return self._call(node)

    @staticmethod
    def _sequence(steps: list[Run]) -> Run:
        if len(steps) == 1:
            return steps[0]

        def run() -> float:
            last = 0.0
            for step in steps:
                last = step()
            return last

        return run

    def _assign(self, node: Assign) -> Run:
        value = self._of(node.value)
        if isinstance(node.into, Name):
            values, slot = self._values, self.slot(node.into.name)

            def put() -> float:
                found = value()
                values[slot] = found = found if -1e300 < found < 1e300 else 0.0
                return found

            return put
        memory, place = self._memory_of(node.into)

        def store() -> float:
            at, found = _place(place()), value()
            found = found if -1e300 < found < 1e300 else 0.0
            if 0 <= at < MEMORY:
                memory[at] = found
            return found

        return store

    def _memory_of(self, node: Call) -> tuple[dict[int, float], Run]:
        memory = self._memory if node.name == "megabuf" else self._shared
        return memory, self._of(node.given[0] if node.given else Number(0.0))

    def _call(self, node: Call) -> Run:
        name = node.name
        if name in ("megabuf", "gmegabuf"):
            memory, place = self._memory_of(node)
            return lambda: memory.get(_place(place()), 0.0)
        if name == "assign" and len(node.given) == 2:
            into = node.given[0]
            while isinstance(into, Sequence) and len(into.steps) == 1:
                into = into.steps[0]
            if isinstance(into, Name):
                return self._assign(Assign(into, node.given[1]))
        given = [self._of(part) for part in node.given]
        if name in ("exec2", "exec3"):
            return self._sequence(given)
        if name in self._one and len(given) == 1:
            one, argument = self._one[name], given[0]
            return lambda: one(argument())
        if name in _TWO and len(given) == 2:
            two, first, second = _TWO[name], *given
            return lambda: two(first(), second())
        if name == "if" and len(given) == 3:
            test, yes, no = given
            return lambda: yes() if abs(test()) > _NEAR else no()
        if name in ("&&", "||") and len(given) == 2:
            first, second = given
            if name == "&&":
                return lambda: float(abs(first()) > _NEAR and abs(second()) > _NEAR)
            return lambda: float(abs(first()) > _NEAR or abs(second()) > _NEAR)
        if name == "loop" and len(given) == 2:
            return self._loop(*given)
        if name == "while" and len(given) == 1:
            return self._while(given[0])
        if name == "sigmoid" and len(given) == 2:
            x, slope = given
            return lambda: _safe(lambda t: 1.0 / (1.0 + math.exp(-t)))(x() * slope())
        if name in ("memcpy", "memset", "freembuf"):
            return lambda: 0.0
        raise CodeError(f"{name} of {len(given)} is no function")

    def _loop(self, times: Run, body: Run) -> Run:
        def run() -> float:
            last = 0.0
            for _ in range(max(min(_place(times()), self._turns), 0)):
                if self._turns <= 0:
                    break
                self._turns -= 1
                last = body()
            return last

        return run

    def _while(self, body: Run) -> Run:
        def run() -> float:
            last = 0.0
            while self._turns > 0:
                self._turns -= 1
                last = body()
                if abs(last) <= _NEAR:
                    break
            return last

        return run


def _safe(function: Callable[[float], float]) -> Callable[[float], float]:
    """0 where the function has no value."""

    def run(x: float) -> float:
        try:
            return float(function(x))
        except (ValueError, OverflowError):
            return 0.0

    return run


def _place(value: float) -> int:
    return int(value + _NEAR) if -1e15 < value < 1e15 else -1


def _power(x: float, y: float) -> float:
    try:
        return math.pow(x, y)
    except (ValueError, OverflowError):
        return 0.0


def _atan2(x: float, y: float) -> float:
    return math.atan2(x, y) if x == x and y == y else 0.0


def _remainder(x: float, y: float) -> float:
    divisor = _place(y)
    return float(math.fmod(_place(x), divisor)) if divisor else 0.0


_TWO: dict[str, Callable[[float, float], float]] = {
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    "/": lambda x, y: x / y if y else 0.0,
    "%": _remainder,
    "^": _power,
    "pow": _power,
    "|": lambda x, y: float(_place(x) | _place(y)),
    "&": lambda x, y: float(_place(x) & _place(y)),
    "min": min,
    "max": max,
    "atan2": _atan2,
    "equal": lambda x, y: float(abs(x - y) < _NEAR),
    "above": lambda x, y: float(x > y),
    "below": lambda x, y: float(x < y),
    "==": lambda x, y: float(abs(x - y) < _NEAR),
    "!=": lambda x, y: float(abs(x - y) >= _NEAR),
    "<": lambda x, y: float(x < y),
    ">": lambda x, y: float(x > y),
    "<=": lambda x, y: float(x <= y),
    ">=": lambda x, y: float(x >= y),
    "bor": lambda x, y: float(abs(x) > _NEAR or abs(y) > _NEAR),
    "band": lambda x, y: float(abs(x) > _NEAR and abs(y) > _NEAR),
}
