"""What code on the way to a pick may not do, found by reading its source.

Mostly lists of what is allowed: what nobody has thought about is a fault until somebody has. Forbidden is
what differs between processors, libraries, versions of Python or runs: clocks, files, chance, library
functions that round otherwise elsewhere, sums whose order is nobody's promise, and whatever hangs on the
order of a set.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

MODULES = {
    "__future__", "collections", "collections.abc", "dsp", "functools", "hashlib", "itertools", "json",
    "math", "msgspec", "msgspec.structs", "numba", "numpy", "numpy.typing", "re", "selector", "typing",
    "urllib.parse",
}  # fmt: skip
NAMES = {
    "functools": {"cache", "cached_property", "lru_cache"},
    "hashlib": {"sha256"},
    "itertools": {"pairwise"},
    "numba": {"njit"},
    "math": {"ceil", "floor", "fsum", "gcd", "inf", "isfinite", "isinf", "isnan", "isqrt", "nan", "sqrt"},
    "numpy": set(),
}
"""What may be imported by name; whatever there is, where a module is not listed."""
NUMPY = {
    "abs", "arange", "argmax", "argsort", "array", "ascontiguousarray", "bool_", "clip", "concatenate",
    "count_nonzero", "cumsum", "empty", "flatnonzero", "float32", "float64", "floor", "frexp",
    "frombuffer", "full", "int32", "int64", "integer", "isnan", "maximum", "minimum", "ndarray", "ones",
    "searchsorted", "sort", "sqrt", "stack", "uint64", "uint8", "where", "zeros", "zeros_like",
}  # fmt: skip
"""Exact, or exact for what they are given: integer work, copies, comparisons, correctly rounded roots."""
CALLS = {
    "__import__", "breakpoint", "compile", "complex", "delattr", "eval", "exec", "globals", "hash",
    "id", "input", "locals", "open", "pow", "print", "setattr", "sum", "vars",
}  # fmt: skip
"""Builtins; `sum` because Python 3.12 adds floats otherwise than 3.11 (`math.fsum` is exact in both)."""
METHODS = {
    "average", "cumprod", "dot", "hypot", "matmul", "mean", "median", "nanmean", "nansum", "prod",
    "std", "tensordot", "trace", "var",
}  # fmt: skip
"""Of arrays: their order of addition is an implementation detail, or BLAS."""
NJIT = {"cache", "error_model", "nogil"}
FLAGS = {"arcp", "contract", "fastmath", "parallel", "reassoc"}
DUNDERS = {"__init__", "__name__", "__all__", "__post_init__"}
ORDERED_BY = {
    "list",
    "tuple",
    "iter",
    "enumerate",
    "zip",
    "map",
    "filter",
    "next",
    "deque",
    "reversed",
    "array",
}
"""Calls whose result depends on the order of what they are given."""


def faults(text: str, also: frozenset[str] = frozenset()) -> list[str]:
    """What a source does that it may not, as `line: what`.

    Args:
        text: Python.
        also: further modules that it may import.
    """
    guard = _Guard(ast.parse(text), also)
    return [f"{line}: {what}" for line, what in sorted(guard.found)]


class _Guard:
    def __init__(self, tree: ast.Module, also: frozenset[str]) -> None:
        self.also = also
        self.found: set[tuple[int, str]] = set()
        self.parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
        self.sets = _names_of_sets(tree)
        for node in ast.walk(tree):
            for what in self._of(node):
                self.found.add((getattr(node, "lineno", 0), what))

    def _of(self, node: ast.AST) -> Iterator[str]:
        match node:
            case ast.Import() | ast.ImportFrom():
                yield from self._import(node)
            case ast.Attribute():
                yield from self._attribute(node)
            case ast.Name():
                yield from self._name(node)
            case ast.Call():
                yield from self._call(node)
            case ast.BinOp() | ast.AugAssign():
                yield from _operation(node)
            case ast.For() | ast.comprehension() if self._is_set(node.iter):
                yield "goes through a set, in no order"
            case ast.Starred() if self._is_set(node.value):
                yield "unpacks a set, in no order"
            case ast.Constant() if node.value in FLAGS and isinstance(node.value, str):
                yield f"names {node.value}"
            case ast.Constant() if isinstance(node.value, complex):
                yield "uses complex numbers"
            case ast.Global():
                yield "changes globals"
            case ast.FormattedValue() if node.format_spec is not None:
                if ast.unparse(node.format_spec).rstrip("'\"").endswith("n"):
                    yield "formats by locale"

    def _import(self, node: ast.Import | ast.ImportFrom) -> Iterator[str]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from self._module(alias.name)
                usual = "np" if alias.name == "numpy" else None
                if alias.name in ("numpy", "math", "numba") and alias.asname != usual:
                    yield f"imports {alias.name} under another name"
                if alias.name == "numba" or (
                    alias.name.startswith("numpy.") and alias.name != "numpy.typing"
                ):
                    yield f"imports all of {alias.name}"
            return
        module = node.module or ""
        if node.level:
            yield "imports relatively"
        yield from self._module(module)
        for alias in node.names:
            allowed = NAMES.get(module)
            if alias.name == "*" or (allowed is not None and alias.name not in allowed):
                yield f"imports {module}.{alias.name}"
            if module in ("math", "numba") and alias.asname:
                yield f"imports {module}.{alias.name} under another name"

    def _module(self, name: str) -> Iterator[str]:
        ours = name.split(".")[0] in ("dsp", "selector")
        if not ours and name not in MODULES | self.also:
            yield f"imports {name}"

    def _attribute(self, node: ast.Attribute) -> Iterator[str]:
        base = node.value.id if isinstance(node.value, ast.Name) else ""
        if base == "np" and node.attr not in NUMPY:
            yield f"uses np.{node.attr}"
        if base == "math" and node.attr not in NAMES["math"]:
            yield f"uses math.{node.attr}"
        if node.attr in METHODS and isinstance(node.ctx, ast.Load):
            yield f"uses .{node.attr}"
        if node.attr.startswith("__") and node.attr not in DUNDERS and not _name_of_type(node):
            yield f"uses {node.attr}"

    def _name(self, node: ast.Name) -> Iterator[str]:
        parent = self.parents.get(node)
        if node.id in ("np", "math") and not (isinstance(parent, ast.Attribute) and parent.value is node):
            yield f"hands {node.id} on"
        decorates = isinstance(parent, ast.Call) and parent.func is node and self._decorates(parent)
        if node.id == "njit" and not decorates:
            yield "uses njit other than as a decorator with its signature"
        if node.id in ("prange", "complex", "__builtins__"):
            yield f"uses {node.id}"
        read = isinstance(node.ctx, ast.Load)
        if read and node.id in CALLS and not (isinstance(parent, ast.Call) and parent.func is node):
            yield f"hands {node.id} on"

    def _decorates(self, node: ast.Call) -> bool:
        parent = self.parents.get(node)
        return isinstance(parent, ast.FunctionDef) and node in parent.decorator_list

    def _call(self, node: ast.Call) -> Iterator[str]:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        given = {keyword.arg: keyword.value for keyword in node.keywords}
        if name in CALLS:
            yield f"calls {name}"
        if name == "njit":
            if given.keys() - NJIT:
                yield f"gives njit {', '.join(sorted(str(key or '**') for key in given.keys() - NJIT))}"
            if not node.args or not isinstance(node.args[0], ast.Constant):
                yield "leaves the types of a kernel open"
        if FLAGS & given.keys():
            yield f"passes {', '.join(sorted(map(str, FLAGS & given.keys())))}"
        if name == "round" and (len(node.args) > 1 or given):
            yield "rounds to decimals"
        if (
            name == "getattr"
            and isinstance(node.args[1], ast.Constant)
            and node.args[1].value in METHODS | {"sum"}
        ):
            yield f"uses .{node.args[1].value}"
        if name == "format" or method == "format":
            yield "formats by a text that may name the locale"
        if method == "sum" and not self._within_int(node):
            yield "sums other than integers"
        if method in ("sort", "argsort") and not _stable(given):
            yield f"{method} is not stable unless told"
        yield from self._of_sets(node, name, method, given)

    def _of_sets(
        self, node: ast.Call, name: str, method: str, given: dict[str | None, ast.expr]
    ) -> Iterator[str]:
        ordering = name in ORDERED_BY or method in ORDERED_BY | {"join", "fromkeys", "extend"}
        if ordering and any(self._is_set(argument) for argument in node.args):
            yield "takes a set for a sequence"
        if name in ("sorted", "min", "max") and "key" in given and any(self._is_set(a) for a in node.args):
            yield "sorts a set by a key that may tie"
        if (
            method == "pop"
            and not node.args
            and isinstance(node.func, ast.Attribute)
            and self._is_set(node.func.value)
        ):
            yield "takes something out of a set, nobody knows what"

    def _within_int(self, node: ast.AST) -> bool:
        parent = self.parents.get(node)
        return isinstance(parent, ast.Call) and isinstance(parent.func, ast.Name) and parent.func.id == "int"

    def _is_set(self, node: ast.AST | None) -> bool:
        return _makes_set(node) or _identifier(node) in self.sets


def _operation(node: ast.BinOp | ast.AugAssign) -> Iterator[str]:
    if isinstance(node.op, ast.MatMult):
        yield "uses @"
    if isinstance(node.op, ast.Pow):
        base, exponent = (node.left, node.right) if isinstance(node, ast.BinOp) else (node.target, node.value)
        whole = all(
            isinstance(part, ast.Constant) and isinstance(part.value, int) for part in (base, exponent)
        )
        two = isinstance(base, ast.Constant) and type(base.value) is int and base.value == 2
        if not whole and not (two and isinstance(exponent, ast.Name)):
            yield "takes a power of what may be no integer"


def _name_of_type(node: ast.Attribute) -> bool:
    """Whether it is `type(x).__name__`, for a message."""
    return node.attr == "__name__"


def _stable(given: dict[str | None, ast.expr]) -> bool:
    kind = given.get("kind")
    return isinstance(kind, ast.Constant) and kind.value == "stable"


def _identifier(node: ast.AST | None) -> str:
    """`x` of `x` and of `self.x`; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def _makes_set(node: ast.AST | None) -> bool:
    if isinstance(node, ast.Set | ast.SetComp):
        return True
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name):
            return node.func.id in ("set", "frozenset")
        return isinstance(node.func, ast.Attribute) and node.func.attr in (
            "union", "intersection", "difference", "symmetric_difference",
        )  # fmt: skip
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub | ast.BitOr | ast.BitAnd | ast.BitXor):
        return any(_makes_set(side) or _view(side) for side in (node.left, node.right))
    return False


def _view(node: ast.AST) -> bool:
    """Whether it is `d.keys()` or `d.items()`, which give a set when reckoned with."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("keys", "items")
    )


def _names_of_sets(tree: ast.Module) -> set[str]:
    """Names of the module that hold a set somewhere, by what is assigned to them or by their annotation."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.NamedExpr) and _makes_set(node.value):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {_identifier(target) for target in targets}
        elif isinstance(node, ast.AnnAssign) and (_makes_set(node.value) or _told(node.annotation)):
            names.add(_identifier(node.target))
        elif isinstance(node, ast.arg) and node.annotation is not None and _told(node.annotation):
            names.add(node.arg)
    return names - {""}


def _told(annotation: ast.expr) -> bool:
    outer = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    return _identifier(outer) in ("set", "frozenset", "Set", "AbstractSet", "MutableSet")
