"""EEL text into a tree.

The language is one of expressions: names without case, numbers without exponents, calls, assignments, and
`;` between what is done one after the other, also inside parentheses. Precedence is that of C, with `^` for
powers above all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from models.errors import CodeError

MOST_DEPTH = 240
MOST_TOKENS = 40_000

_COMMENT = re.compile(r"//[^\n]*|/\*.*?(?:\*/|\Z)|\\\\[^\n]*", re.DOTALL)
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+\.?\d*|\.\d+)|(?P<name>\$?[a-z_]\w*)"
    r"|(?P<sign>\+=|-=|\*=|/=|%=|\|=|&=|\^=|==|!=|<=|>=|&&|\|\||[-+*/%^|&=<>!?:;,()\[\]]))"
)
_LEVELS = {"||": 1, "&&": 2, "==": 3, "!=": 3, "<": 4, ">": 4, "<=": 4, ">=": 4, "|": 5, "&": 5}
_LEVELS |= {"+": 6, "-": 6, "*": 7, "/": 7, "%": 7, "^": 9}
_ASSIGNS = ("=", "+=", "-=", "*=", "/=", "%=", "|=", "&=", "^=")
_ENDS = (")", ",", "", "]", ":")
CONSTANTS = {"$pi": 3.141592653589793, "$e": 2.718281828459045, "$phi": 1.618033988749895}


@dataclass(frozen=True)
class Number:
    """A constant."""

    value: float


@dataclass(frozen=True)
class Name:
    """A variable, in lower case."""

    name: str


@dataclass(frozen=True)
class Call:
    """A function or an operator (`+`, `&&`, `?`, `neg`, ...) and what it is given."""

    name: str
    given: tuple[Node, ...]


@dataclass(frozen=True)
class Assign:
    """`value` into `into`, a name or a place in memory (a call of `megabuf` or `gmegabuf`)."""

    into: Name | Call
    value: Node


@dataclass(frozen=True)
class Sequence:
    """One after the other; the last is the value."""

    steps: tuple[Node, ...]


Node = Number | Name | Call | Assign | Sequence


def parse(text: str) -> Sequence:
    """The tree of `text`.

    Raises:
        CodeError: it is no EEL, or too deep or long to be anybody's equations.
    """
    parser = _Parser(_tokens(text))
    tree = parser.sequence(0)
    if parser.next:
        raise CodeError(f"{parser.next!r} is not expected")
    return tree


def _tokens(text: str) -> list[str]:
    plain = _COMMENT.sub(" ", text).lower().rstrip()
    found, at = [], 0
    while at < len(plain):
        token = _TOKEN.match(plain, at)
        if token is None:
            raise CodeError(f"{plain[at : at + 10].strip()!r} is no EEL")
        found.append(token[token.lastgroup or 0])
        at = token.end()
        if len(found) > MOST_TOKENS:
            raise CodeError(f"more than {MOST_TOKENS} words")
    return found


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def next(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self) -> str:
        token = self.next
        self._at += 1
        return token

    def _expect(self, token: str) -> None:
        if self._take() != token:
            raise CodeError(f"{token!r} is missing")

    def sequence(self, depth: int) -> Sequence:
        steps: list[Node] = []
        while self.next not in _ENDS:
            if self.next == ";":
                self._take()
                continue
            steps.append(self._expression(depth + 1))
            if self.next != ";" and self.next not in _ENDS:
                raise CodeError(f"';' is missing before {self.next!r}")
        return Sequence(tuple(steps))

    def _expression(self, depth: int) -> Node:
        if depth > MOST_DEPTH:
            raise CodeError(f"nested deeper than {MOST_DEPTH}")
        left = self._binary(depth, 1)
        if self.next == "?":
            self._take()
            yes = self._expression(depth + 1)
            no: Node = Number(0.0)
            if self.next == ":":
                self._take()
                no = self._expression(depth + 1)
            return Call("if", (left, yes, no))
        if self.next in _ASSIGNS:
            sign = self._take()
            if not isinstance(left, Name) and not (
                isinstance(left, Call) and left.name in ("megabuf", "gmegabuf")
            ):
                raise CodeError("nothing can be assigned to what stands before '='")
            right = self._expression(depth + 1)
            return Assign(left, right if sign == "=" else Call(sign[:-1], (left, right)))
        return left

    def _binary(self, depth: int, least: int) -> Node:
        if depth > MOST_DEPTH:
            raise CodeError(f"nested deeper than {MOST_DEPTH}")
        left = self._unary(depth + 1)
        while (level := _LEVELS.get(self.next, 0)) >= least:
            sign = self._take()
            left = Call(sign, (left, self._binary(depth + 1, level + 1)))
        return left

    def _unary(self, depth: int) -> Node:
        if depth > MOST_DEPTH:
            raise CodeError(f"nested deeper than {MOST_DEPTH}")
        word = self._take()
        if word in ("-", "+", "!"):
            inner = self._binary(depth + 1, 8)
            return inner if word == "+" else Call({"-": "neg", "!": "bnot"}[word], (inner,))
        if word == "(":
            tree = self.sequence(depth + 1)
            self._expect(")")
            return self._indexed(tree, depth)
        if word[:1].isdigit() or word[:1] == ".":
            return Number(float(word))
        if word in CONSTANTS:
            return Number(CONSTANTS[word])
        if not word or not (word[0].isalpha() or word[0] == "_"):
            raise CodeError(f"{word!r} is not expected" if word else "something is missing at the end")
        if self.next == "(":
            return Call(word, self._given(depth))
        return self._indexed(Name(word), depth)

    def _given(self, depth: int) -> tuple[Node, ...]:
        self._expect("(")
        given: list[Node] = []
        while self.next != ")":
            given.append(self.sequence(depth + 1))
            if self.next == ",":
                self._take()
            elif self.next != ")":
                raise CodeError("')' is missing")
        self._expect(")")
        return tuple(given)

    def _indexed(self, base: Node, depth: int) -> Node:
        """`base[n]` is memory at `base + n`."""
        if self.next != "[":
            return base
        self._take()
        inner = self.sequence(depth + 1)
        self._expect("]")
        return Call("megabuf", (Call("+", (base, inner)) if inner.steps else base,))
