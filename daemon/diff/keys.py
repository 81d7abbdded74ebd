"""Configurations as flat tables of dotted keys, so that they can be compared and mixed key by key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from daemon.config import Config, validate
from daemon.errors import ConfigError

DECIDING: Final = ("dsp", "selector")
"""The parts on which a pick depends (`Config.decision_sha256`)."""


def flat(config: Mapping[str, Any]) -> dict[str, Any]:
    """The deciding keys of a configuration, `selector.select.sigma` and so on, with their values."""
    found: dict[str, Any] = {}
    for part in DECIDING:
        _flatten(part, config.get(part, {}), found)
    return found


def _flatten(name: str, value: Any, found: dict[str, Any]) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _flatten(f"{name}.{key}", inner, found)
    else:
        found[name] = list(value) if isinstance(value, tuple) else value  # as JSON reads it


def differing(base: Config, other: Config) -> list[str]:
    """Deciding keys in which two configurations differ, in the order of config.toml."""
    ours, theirs = flat(msgspec.to_builtins(base)), flat(msgspec.to_builtins(other))
    return [key for key in ours if ours[key] != theirs[key]]


def mixed(base: Config, other: Config, keys: Iterable[str]) -> Config | None:
    """`base` with these keys of `other`; None where they contradict each other."""
    data = msgspec.to_builtins(base)
    values = flat(msgspec.to_builtins(other))
    for key in keys:
        *path, name = key.split(".")
        place = data
        for part in path:
            place = place[part]
        place[name] = values[key]
    try:
        return validate(data, source="the configuration")
    except ConfigError:
        return None
